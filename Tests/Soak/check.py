"""What is done with a case: generate, build, verify, run in many ways, and compare."""

import json
import random
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from arrays import Array, first_difference, random_array
from cases import Case
from library import LIMIT, Library, network_line, plan_lines, read_outputs, resolutions
from tools import BAD_INPUT, Failure, Output, instruction_sets, run, succeed

# Of the largest value, between two machines' results: what `hilo verify` allows to a reference.
TOLERANCE = 1e-4
# The instruction set for a tile unit, which no CPU has that is at hand: vectors emulate it.
TILES = "avx512amx"
# Those that differ in what multiplies narrow elements alone, with the same bits.
TWINS = [["avx2", "avx2vnni"], ["avx512", "avx512vnni", "avx512bf16"], ["neon", "neondot"]]
# Where what enters products is not rounded. Elsewhere a sum that differs by a hair may round to another element.
WIDE = ("f32", "f32-by-bf16")
CALIBRATION_IMAGES = 8
# What `hilo generate` says of a network of odd channels, which is of bf16 then.
NO_INTEGERS = "nothing in it can be integers of 8 bits"


@dataclass(frozen=True)
class Tools:
    hilo: Path
    compilers: list[str]
    teams: bool  # whether `hilo build` has --team
    # Compiler, emulator and its root folder for AArch64; nothing where one is missing.
    aarch64: tuple[str, str, str] | None

    @classmethod
    def find(cls, hilo: Path) -> "Tools":
        help_text = succeed([hilo, "build", "--help"]).stdout
        compilers = [name for name in ("clang", "gcc") if shutil.which(name)]
        cross = ("aarch64-linux-gnu-gcc", "qemu-aarch64-static")
        root = "/usr/aarch64-linux-gnu"
        complete = all(map(shutil.which, (*cross, "cmake"))) and Path(root).is_dir()
        return cls(hilo, compilers, "--team" in help_text, (*cross, root) if complete else None)


@dataclass
class Counts:
    """What has been compared so far."""
    cases: int = 0
    kernels: int = 0
    promises: int = 0
    networks: int = 0
    runs: int = 0
    second: int = 0
    emulated: int = 0
    without_integers: int = 0  # cases of int8 that are of bf16, since nothing in them can be integers
    warnings: int = 0
    first_warning: str = ""


class Check:
    """A case in its folder."""

    def __init__(self, case: Case, tools: Tools, folder: Path, counts: Counts,
                 say: Callable[[str], None]) -> None:
        self.case = case
        self.tools = tools
        self.folder = folder
        self.counts = counts
        self.say = say
        self.precision = case.precision
        have = instruction_sets(case.precision)
        self.isas = [isa for isa in have if isa in case.isas]
        self.runnable = [isa for isa in self.isas if isa != TILES]
        if not self.runnable:
            self.runnable = [isa for isa in have if isa != TILES][-1:]
            self.isas = self.runnable + self.isas

    def perform(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.say("generate")
        first = self._generate(self.folder / "first", self.isas)
        self._build(first, self.case.compiler)
        self._verify(first, self.case.compiler)
        expected = {place: outputs for place, outputs in self._run_in_all_ways(first)}
        self._compare_twins(first, expected)
        if self.case.second is not None:
            self._make_second(first, expected)
        if self.case.emulated and self.precision in WIDE and self.tools.aarch64 is not None:
            self._emulate(expected)
        self.counts.cases += 1

    # MARK: Making libraries

    def _generate(self, output: Path, isas: list[str]) -> Path:
        case = self.case
        command: list[object] = [self.tools.hilo, "generate", "--no-tuning", *case.options]
        if case.configuration is not None:
            file = self.folder / "network.yaml"
            file.write_text(case.configuration)
            command += ["--config", file]
        for resolution in case.resolutions:
            command += ["--resolution", resolution]
        for isa in isas:
            command += ["--isa", isa]
        command += ["--batch", case.batch, "--seed", case.weights_seed, "--output", output]
        done = run([*command, *self._precision_options()], limit=LIMIT)
        if done.code == BAD_INPUT and NO_INTEGERS in done.stderr:
            self.precision = "bf16"
            self.counts.without_integers += 1
            done = run([*command, *self._precision_options()], limit=LIMIT)
        if done.code != 0:
            raise Failure(done.text)
        return output

    def _precision_options(self) -> list[object]:
        if self.precision == "f32":
            return []
        options: list[object] = ["--precision", self.precision]
        if self.precision == "int8":
            file = self.folder / "calibration.npy"
            shape = self._shape(self.case.resolutions[0], CALIBRATION_IMAGES)
            random_array(self.case.input_seed - 1, shape).write(file)
            options += ["--calibration", file, "--max-drop", 1]
        return options

    def _build(self, folder: Path, compiler: str) -> None:
        self.say(f"build with {compiler}")
        command: list[object] = [self.tools.hilo, "build", folder]
        if self.tools.teams:
            command += ["--team", self.case.team]
        used = self._at_hand(compiler)
        output = succeed(command, limit=LIMIT, environment={"HILO_CC": used})
        if "the compiler warned" in output.stderr:
            self.counts.warnings += 1
            self.counts.first_warning = self.counts.first_warning or (
                f"case {self.case.number}, {used}: {_first_warning(output.stderr)}")

    def _at_hand(self, compiler: str) -> str:
        return compiler if compiler in self.tools.compilers else self.tools.compilers[0]

    def _verify(self, folder: Path, compiler: str) -> None:
        self.say("verify")
        self._verify_build(folder)
        if TILES in self.isas:
            self.say("verify with an emulated tile unit")
            self._verify_build(folder, "--emulate-tiles",
                               environment={"HILO_CC": self._at_hand(compiler)})

    def _verify_build(self, folder: Path, *options: str,
                      environment: dict[str, str] | None = None) -> None:
        threads = self.case.threads[0]
        output = run([self.tools.hilo, "verify", folder, "--json", "--threads", threads, "--seed",
                      self.case.input_seed, *options], limit=LIMIT, environment=environment)
        checks = self._read(output)["details"]
        problems = checks["interface"]["failures"] + [
            f"{one['name']}: {one.get('problem')}" for one in checks["kernels"] + checks["network"]
            if not one["passed"]]
        if problems:
            raise Failure("\n".join([shlex.join(output.command), *problems]))
        if output.code != 0 or not checks["network"] or not checks["interface"]["checks"]:
            raise Failure(output.text)
        # A kernel is verified within bounds of its own, but a fault of the comparison itself could
        # leave any of them out.
        expected = sum(line.count('"family"') for line in plan_lines(folder) if '"spec"' in line)
        if len(checks["kernels"]) + len(checks["skipped"]) != expected:
            raise Failure(f"{len(checks['kernels'])} kernels were verified, and the plan has "
                          f"{expected}\n{output.text}")
        self.counts.kernels += len(checks["kernels"])
        self.counts.networks += len(checks["network"])
        self.counts.promises += checks["interface"]["checks"]

    @staticmethod
    def _read(output: Output) -> dict:
        try:
            return json.loads(output.stdout)
        except json.JSONDecodeError as error:
            raise Failure(f"no JSON: {error}\n{output.text}") from error

    # MARK: Running

    def _run_in_all_ways(self, folder: Path) -> Iterator[tuple[tuple[str, str], list[Array]]]:
        """The bits of one thread, which every other way to run must give."""
        library = Library(folder, folder / "build" / "harness_soak")
        for index, resolution in enumerate(resolutions(folder)):
            x = self._input(resolution, index)
            file = self.folder / f"x{index}.npy"
            x.write(file)
            for isa in self.runnable:
                self.say(f"run at {resolution} with {isa}")
                expected = self._outputs(library, file, resolution, 1, isa)
                self._check_shape(expected, x)
                for threads in self.case.threads:
                    self._same(expected, self._outputs(library, file, resolution, threads, isa),
                               f"{threads} threads, {resolution}, {isa}")
                self._check_single_images(library, x, expected, resolution, isa)
                yield (resolution, isa), expected
            self._check_command(folder, file, resolution, expected)

    def _outputs(self, library: Library, file: Path, resolution: str, threads: int,
                 isa: str) -> list[Array]:
        found = library.outputs(file, resolution, threads, isa, self.folder)
        self.counts.runs += 1
        return found

    def _input(self, resolution: str, index: int) -> Array:
        return random_array(self.case.input_seed + index,
                            self._shape(resolution, self.case.images))

    def _shape(self, resolution: str, images: int) -> tuple[int, ...]:
        height, width = map(int, resolution.split("x"))
        if self.case.kind == "litv2":
            return images, 3, height, width
        dim = int(self.case.options[self.case.options.index("--dim") + 1])
        return images, height * width, dim

    def _check_shape(self, outputs: list[Array], x: Array) -> None:
        for output in outputs:
            if output.shape[0] != x.shape[0]:
                raise Failure(f"{x.shape[0]} images went in, {output.shape[0]} came out")
            if not any(output.data):
                raise Failure("all of an output is 0")

    def _check_single_images(self, library: Library, x: Array, expected: list[Array],
                             resolution: str, isa: str) -> None:
        """The last image alone, and the last two, where there are so many."""
        file = self.folder / "part.npy"
        for count in {1, min(2, x.shape[0])}:
            first = x.shape[0] - count
            x.images(first, count).write(file)
            found = self._outputs(library, file, resolution, self.case.threads[-1], isa)
            self._same([output.images(first, count) for output in expected], found,
                       f"images {first} to {first + count - 1} alone, {resolution}, {isa}")

    def _check_command(self, folder: Path, file: Path, resolution: str,
                       expected: list[Array]) -> None:
        """`hilo run`, which takes the best instruction set, the last."""
        place = self.folder / "command"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        stages = len(expected) > 1 or '"features"' in network_line(folder)
        succeed([self.tools.hilo, "run", folder, "--input", file, "--resolution", resolution,
                 "--output", place if stages else place / "y.npy"], limit=LIMIT,
                environment={"HILO_CPU": self.runnable[-1]} if TILES in self.isas else None)
        self.counts.runs += 1
        self._same(expected, read_outputs(place), f"hilo run at {resolution}")

    def _compare_twins(self, folder: Path, expected: dict) -> None:
        for twins in TWINS:
            first, *others = [isa for isa in self.runnable if isa in twins] or [None]
            for isa in others:
                for resolution in resolutions(folder):
                    self._same(expected[resolution, first], expected[resolution, isa],
                               f"{isa}, else {first}, {resolution}")

    @staticmethod
    def _same(expected: list[Array], found: list[Array], how: str) -> None:
        if len(expected) != len(found):
            raise Failure(f"{how}: {len(found)} outputs, else {len(expected)}")
        for index, (one, other) in enumerate(zip(expected, found)):
            if one != other:
                raise Failure(f"{how}: other bits in output {index}: "
                              f"{first_difference(one, other)}")

    # MARK: The same library made otherwise

    def _make_second(self, first: Path, expected: dict) -> None:
        second = self.case.second
        assert second is not None
        plan = self.folder / "plan.json"
        # The scratch of products that widen what they read follows from their tiles.
        kind = second.plan if self.precision in WIDE else "same"
        plan.write_text(self._other_tiles(first) if kind == "tiles"
                        else (first / "plan.json").read_text())
        self.say(f"generate from a plan ({kind})")
        output = self.folder / "second"
        known = first / "calibration.json"
        calibration = ["--calibration", known] if known.exists() else []
        succeed([self.tools.hilo, "generate", "--plan", plan, "--seed", self.case.weights_seed,
                 *calibration, "--output", output], limit=LIMIT)
        if kind == "same":
            self._same_files(first, output)
        self._build(output, second.compiler)
        self._verify(output, second.compiler)
        library = Library(output, output / "build" / "harness_soak")
        for index, resolution in enumerate(resolutions(first)):
            for isa in self.runnable:
                found = self._outputs(library, self.folder / f"x{index}.npy", resolution,
                                      self.case.threads[0], isa)
                self._same(expected[resolution, isa], found,
                           f"plan: {kind}, {second.compiler}, {resolution}, {isa}")
        self.counts.second += 1

    def _other_tiles(self, folder: Path) -> str:
        """The plan with other tiles of its matrix products: what they compute stays the same."""
        random_source = random.Random(self.case.input_seed)
        lines = []
        for line in plan_lines(folder):
            if '"family":"gemm"' in line and '"schedule"' in line:
                how = {"rows": random_source.randint(1, 3), "slab": random_source.randint(1, 9),
                       "split": random_source.choice(["rows", "columns"]),
                       "vectors": random_source.choice([1, 2])}
                text = json.dumps(how, separators=(",", ":"))
                line = re.sub(r'"schedule":\{[^}]*\}', f'"schedule":{text}', line)
            lines.append(line)
        return "\n".join(lines) + "\n"

    @staticmethod
    def _same_files(first: Path, second: Path) -> None:
        """A plan leads to the library that it came from."""
        one, other = ((folder / "files.json").read_text() for folder in (first, second))
        if one != other:
            raise Failure(f"{second}: generated from the plan of {first}, but its files differ")

    # MARK: Another machine

    def _emulate(self, expected: dict) -> None:
        """Built by CMake with a cross compiler; results are near those of this machine."""
        assert self.tools.aarch64 is not None
        compiler, emulator, root = self.tools.aarch64
        self.say("build for AArch64")
        folder = self._generate(self.folder / "aarch64", ["generic", "neon"])
        build = self.folder / "cross"
        succeed(["cmake", "-S", folder, "-B", build, "-DCMAKE_SYSTEM_NAME=Linux",
                 "-DCMAKE_SYSTEM_PROCESSOR=aarch64", f"-DCMAKE_C_COMPILER={compiler}",
                 f"-Dsoak_TEAM={self.case.team}"], limit=LIMIT)
        succeed(["cmake", "--build", build, "--parallel", 2], limit=LIMIT)
        library = Library(folder, build / "harness_soak", (emulator, "-L", root))
        self.say("verify under an emulator")
        succeed([*library.emulator, library.harness, "verify", "--threads", 3], limit=LIMIT)
        for index, resolution in enumerate(resolutions(folder)):
            for isa in ("generic", "neon"):
                file = self.folder / f"x{index}.npy"
                found = self._outputs(library, file, resolution, 2, isa)
                near = expected[resolution, self.runnable[0]]
                for one, other in zip(near, found, strict=True):
                    self._near(one, other, f"AArch64, {resolution}, {isa}")
        self.counts.emulated += 1

    @staticmethod
    def _near(expected: Array, found: Array, how: str) -> None:
        if expected.shape != found.shape:
            raise Failure(f"{how}: {first_difference(expected, found)}")
        pairs = list(zip(expected.values(), found.values(), strict=True))
        bound = TOLERANCE * max(abs(value) for value, _ in pairs)
        worst = max(pairs, key=lambda pair: abs(pair[0] - pair[1]))
        if not abs(worst[0] - worst[1]) <= bound:
            raise Failure(f"{how}: {worst[1]!r}, but {worst[0]!r} on this machine, which differ by "
                          f"more than {bound:.2g}")


def _first_warning(text: str) -> str:
    return next((line for line in text.splitlines() if "warning:" in line), "no line says of what")
