# HiLo: from a LITv2 checkpoint to a C library made for it.
#
# Two commands are enough on a fresh machine with git, make, gcc, python3 and Swift; both install
# what they miss (apt, PyPI) before they begin:
#
#   make demo    generates the library of the trained example, builds and verifies it, classifies
#                real images with it, and says where everything lies
#   make test    runs the tests
#
# The same with trained detectors and a segmenter, whose boxes, masks and label maps become pictures:
#
#   make demo-scenes
#
# Working on HiLo:
#
#   make test-long      every case of the tests, and all that follows
#   make sanitize       libraries with every kernel family under ASan, UBSan and TSan
#   make fuzz           FUZZ_SECONDS=60 of each part: the C library and the command line
#   make faults         disks, memory and threads that fail, kill -9
#   make soak           MINUTES=5 of random networks against references; SEED=1
#   make build          the command line, .build/release/hilo
#   make generated      writes Generated/ anew after a change of templates or generator
#   make fixtures       computes Tests/Fixtures anew with PyTorch (into .venv)
#   make scenes-accuracy  AP and mIoU of the trained detectors and the segmenter on 500 held-out scenes,
#                       by PyTorch (in .venv) and by the C libraries in every precision: a table
#   make accuracy       top-1 of the trained classifiers in every precision, beside PyTorch's answers, time
#                       and size: a table and a plot in out/accuracy (installs PyTorch into .venv)
#   make bench          the speed of S, M and B, memory and start-up: tables and out/bench/own.json
#   make bench-peers    against OpenVINO, ONNX Runtime and PyTorch, taking turns in one run: a table,
#                       out/bench/peers.json and a plot (half an hour; installs the peers into .venv)
#   make bench-attention  HiLo, SRA, window attention and MSA as in the paper, generated and by the
#                       peers, in one run: tables, out/bench/attention.json and a plot
#   make bench-threads  where threads have no processor of their own: too many of them, quotas, busy
#                       neighbours, several callers; beside ONNX Runtime
#   make bench-gemm     its matrix products beside OpenBLAS's
#   make bench-eager    the quick version: LITv2-S against PyTorch eager alone
#   make dist           a release in dist/: an archive that needs no Swift, and a Debian package
#   make test-dist      unpacks it where no Swift is, and uses it there
#   make docs           the documentation as static HTML in out/docs
#   make test-docs      runs every command and code block of its articles
#   make test-ray       batch inference on a Ray cluster of two nodes (installs Ray into .venv-ray)
#   make test-spark     the same on a Spark cluster of two workers (installs Spark into .venv-spark, and Java)
#   make format         swift-format on everything
#   make clean          removes what the above built, but not Swift's dependencies
#
# `make test TESTS=PlanningTests` runs one suite.

# Tests look inside modules; the same flags everywhere keep one build for demo and tests.
# Lines for debuggers would more than double the program, and take an eighth of the build's time.
SWIFT_FLAGS := -c release -debug-info-format none -Xswiftc -enable-testing
SWIFT_BUILD := swift build $(SWIFT_FLAGS)
HILO := .build/release/hilo
OUT := out
OBJECTS := .build/objects-of-tests
VENV := .venv
TESTS ?=
# Most tests wait for compilers: all at once would be dozens of these on two processors. Swift 6.2 has no option for it.
AT_ONCE = $(if $(shell swift test --help-hidden | grep -e $(WIDTH)),$(WIDTH) $(shell expr 2 \* $$(nproc)))
WIDTH := --experimental-maximum-parallelization-width
FUZZ_SECONDS ?= 60
MINUTES ?= 5
SEED ?= 1

.PHONY: demo demo-scenes test test-long machinery-quick quick-sanitize quick-faults quick-allocations \
  sanitize fuzz faults soak build setup setup-tests generated fixtures scenes-accuracy accuracy \
  bench bench-gemm bench-peers bench-attention bench-threads bench-eager \
  dist test-dist docs test-docs test-ray test-spark format lint clean

demo: build
	@Examples/digits/demo $(HILO) $(OUT)/digits

demo-scenes: build
	@Examples/scenes/demo $(HILO) $(OUT)/scenes

# Libraries of the tests have most of their files in common: HILO_OBJECT_CACHE compiles these once.
test: setup-tests $(VENV)/safetensors.installed
	$(SWIFT_BUILD) --build-tests
	HILO_PYTHON=$(CURDIR)/$(VENV)/bin/python HILO_OBJECT_CACHE=$(CURDIR)/$(OBJECTS) \
	swift test $(SWIFT_FLAGS) --skip-build $(AT_ONCE) $(if $(TESTS),--filter '$(TESTS)')
	$(if $(TESTS),,@$(MAKE) --no-print-directory machinery-quick)

test-long: export HILO_LONG_TESTS := 1
test-long: test sanitize fuzz faults soak test-dist test-docs

# A sample of what follows, for every test run. Each waits for one program at a time.
machinery-quick:
	@$(MAKE) --no-print-directory -j2 quick-sanitize quick-faults quick-allocations

quick-sanitize:
	python3 Tests/Sanitizers/sanitize.py $(HILO) --quick

quick-faults:
	python3 Tests/Faults/faults.py --hilo $(HILO) --quick

quick-allocations:
	python3 Tests/Faults/allocations.py --hilo $(HILO) --team own

sanitize: build setup-tests
	python3 Tests/Sanitizers/sanitize.py $(HILO)

fuzz: build
	@scripts/setup fuzz
	python3 Tests/Fuzz/run --hilo $(HILO) --seconds $(FUZZ_SECONDS) --seed $(SEED) --folder $(OUT)/fuzz

faults: build
	$(SWIFT_BUILD) --product merge-records
	python3 Tests/Faults/faults.py --hilo $(HILO)
	python3 Tests/Faults/allocations.py --hilo $(HILO) --team own
	python3 Tests/Faults/kill_tuners.py --merge-records .build/release/merge-records

soak: build
	python3 Tests/Soak/soak.py $(HILO) --minutes $(MINUTES) --seed $(SEED)

build: setup
	@$(SWIFT_BUILD) --product hilo

setup:
	@scripts/setup

setup-tests:
	@scripts/setup tests

generated: build
	$(HILO) generate --config Examples/tiny.yaml --isa avx2 --isa avx512 --no-tuning --seed 0 \
	  --output $(OUT)/generated
	rm -rf Generated
	mkdir -p Generated
	cp -r $(OUT)/generated Generated/tiny
	rm -rf Generated/tiny/weights Generated/tiny/files.json

fixtures: build $(VENV)/heads.installed
	$(VENV)/bin/python Tests/Oracle/check_oracle.py
	$(VENV)/bin/python Tests/Oracle/make_fixtures.py
	$(VENV)/bin/python Tests/Oracle/make_quantised_fixtures.py --hilo $(HILO)
	$(VENV)/bin/python Tests/Oracle/make_preprocess_fixtures.py
	$(VENV)/bin/python Tests/Oracle/make_image_fixtures.py
	$(VENV)/bin/python Tests/Oracle/make_array_fixtures.py
	$(VENV)/bin/python Tests/Oracle/digests.py write Examples/digits/digits.pth \
	  Tests/Fixtures/digits_digests.json
	$(if $(wildcard Examples/scenes/*.pth),$(VENV)/bin/python Examples/scenes/evaluate.py \
	  --summary Tests/Fixtures/scenes.json)
	@scripts/setup fashion
	$(VENV)/bin/python Examples/fashion/evaluate.py --fixtures Tests/Fixtures/fashion

scenes-accuracy: build $(VENV)/heads.installed
	@scripts/setup scenes
	$(VENV)/bin/python Examples/scenes/evaluate.py --compare $(HILO) --output $(OUT)/scenes-accuracy

accuracy: build $(VENV)/fashion.installed
	@scripts/setup fashion
	$(VENV)/bin/python Examples/fashion/accuracy.py --hilo $(HILO) --output $(OUT)/accuracy

# `make bench-peers BENCH="--rounds 3 --batches 1"` passes options on; see the program's --help.
BENCH ?=

bench: build
	python3 Benchmarks/own.py --hilo $(HILO) --output $(OUT)/bench $(BENCH)

bench-gemm: build
	@scripts/setup openblas
	python3 Benchmarks/gemm.py --hilo $(HILO) --output $(OUT)/bench $(BENCH)

bench-peers: build $(VENV)/peers.installed
	$(VENV)/bin/python Benchmarks/peers.py --hilo $(HILO) --output $(OUT)/bench $(BENCH)

bench-attention: build $(VENV)/peers.installed
	$(VENV)/bin/python Benchmarks/attention.py --hilo $(HILO) --output $(OUT)/bench $(BENCH)

bench-threads: build $(VENV)/peers.installed
	$(VENV)/bin/python Benchmarks/threads.py --hilo $(HILO) --output $(OUT)/bench $(BENCH)

bench-eager: build $(VENV)/oracle.installed
	$(VENV)/bin/python Benchmarks/peers.py --hilo $(HILO) --output $(OUT)/bench --name eager \
	  --no-plot --cases litv2-s --peers hilo eager $(BENCH)

dist: setup
	scripts/dist --output dist

# Links between articles, and to symbols, are checked.
docs: build
	scripts/docs --output $(OUT)/docs

test-docs: build docs
	@scripts/setup tests
	HILO_OBJECT_CACHE=$(CURDIR)/$(OBJECTS) python3 Tests/Docs/run_articles.py --hilo $(HILO)

# The trained digits as a wheel in another Python: its folder, and where to write.
define install-digits
	rm -rf $(2)
	mkdir -p $(2)
	$(HILO) generate --checkpoint Examples/digits/digits.pth --name digits --no-tuning --output $(2)/digits
	$(HILO) package $(2)/digits --wheel --labels Examples/digits/labels.txt --output $(2)
	$(1)/bin/python -m pip install --quiet --force-reinstall --no-deps $(2)/digits-*.whl
endef

test-ray: build $(VENV)-ray/ray.installed
	$(call install-digits,$(VENV)-ray,$(OUT)/ray)
	$(VENV)-ray/bin/python Examples/ray/check.py digits Examples/digits/images

test-spark: build $(VENV)-spark/spark.installed
	@scripts/setup spark
	$(call install-digits,$(VENV)-spark,$(OUT)/spark)
	$(VENV)-spark/bin/python Tests/Spark/check.py digits Examples/digits/images

test-dist: dist $(VENV)/dist.installed
	@scripts/setup dist
	PATH=$(CURDIR)/$(VENV)/bin:$$PATH python3 Tests/Dist/check_dist.py dist

format:
	swift format --in-place --recursive --parallel Package.swift Sources Templates Tests

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Templates Tests

clean:
	rm -rf $(OUT) $(OBJECTS) $(VENV) $(VENV)-ray $(VENV)-spark dist .build-static
	swift package clean

$(VENV)/bin/python: | setup
	python3 -m venv $(VENV)

# The official reader of safetensors, to check what `hilo convert` writes.
$(VENV)/safetensors.installed: Tests/Oracle/requirements-safetensors.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --requirement $<
	@touch $@

# What looks at the Dockerfile.
$(VENV)/dist.installed: Tests/Dist/requirements.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(VENV)-spark/spark.installed: Tests/Spark/requirements.txt | setup
	python3 -m venv $(VENV)-spark
	$(VENV)-spark/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(VENV)-ray/ray.installed: Examples/ray/requirements.txt | setup
	python3 -m venv $(VENV)-ray
	$(VENV)-ray/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(VENV)/peers.installed: Benchmarks/requirements.txt $(VENV)/oracle.installed
	$(VENV)/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(VENV)/fashion.installed: Examples/fashion/requirements.txt $(VENV)/oracle.installed
	$(VENV)/bin/python -m pip install --quiet --requirement $<
	@touch $@

# PyTorch and pycocotools.
$(VENV)/heads.installed: Tests/Oracle/requirements-heads.txt $(VENV)/oracle.installed
	$(VENV)/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(VENV)/oracle.installed: Tests/Oracle/requirements.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install --quiet --requirement $<
	@touch $@
