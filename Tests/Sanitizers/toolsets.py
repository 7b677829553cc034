"""Compilers with their sanitizers, and how a generated library is compiled with them."""

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools import Failure, Output, run, succeed

# What a sanitizer exits with; the harness never does.
REPORTED = 99

_LEAKS = Path(__file__).resolve().parent / "lsan.supp"
_COMMON = ["-fno-omit-frame-pointer", "-g1", "-fno-sanitize-recover=all"]
# `undefined` has neither division by zero in floats nor, in clang, conversions that change a value
# without saying so. Unsigned arithmetic that wraps is left out: the hashes and random numbers of the
# harness are made of it.
_CHECKS = {
    ("clang", "address"): "address,undefined,float-divide-by-zero,nullability,"
                          "implicit-conversion",
    ("gcc", "address"): "address,undefined,float-divide-by-zero,float-cast-overflow,bounds-strict,"
                        "pointer-compare,pointer-subtract",
    ("clang", "thread"): "thread",
    ("gcc", "thread"): "thread",
}


@dataclass(frozen=True)
class Toolset:
    compiler: str
    sanitizer: str
    team: str  # openmp or threads: what the library makes its threads with

    @property
    def name(self) -> str:
        return f"{self.compiler} {self.sanitizer} {self.team}"

    @property
    def is_possible(self) -> bool:
        """TSan does not know libgomp's barriers and reports races where there are none."""
        return (self.compiler, self.sanitizer, self.team) != ("gcc", "thread", "openmp")

    @property
    def flags(self) -> list[str]:
        checks = _CHECKS[self.compiler, self.sanitizer]
        openmp = ["-fopenmp"] if self.team == "openmp" else []
        return [*_COMMON, f"-fsanitize={checks}", "-pthread", *openmp]

    def level(self, source: str) -> str:
        """How far a file is optimised: optimised, clang's checks of pointers take minutes in a fused
        kernel, of which everything is one function, and a second otherwise."""
        kernel = source.startswith("src/kernels/")
        return "-O0" if kernel and self.sanitizer == "address" else "-O1"

    @property
    def environment(self) -> dict[str, str]:
        address = ["detect_leaks=1", "detect_stack_use_after_return=1", "strict_string_checks=1",
                   "detect_invalid_pointer_pairs=2"]
        # libomp is not compiled with TSan, so what it does cannot be judged; the team of POSIX
        # threads has no such module.
        thread = ["ignore_noninstrumented_modules=1"] if self.team == "openmp" else []
        code = f"exitcode={REPORTED}"
        leaks = [f"suppressions={_LEAKS}", "print_suppressions=0"] if self.team == "openmp" else []
        return {
            "ASAN_OPTIONS": ":".join([code, *address]),
            "LSAN_OPTIONS": ":".join([code, *leaks]),
            "UBSAN_OPTIONS": f"{code}:print_stacktrace=1",
            # At its end a program waits for late reports, by default a second, and each kernel has a program.
            "TSAN_OPTIONS": ":".join([code, "halt_on_error=1", "atexit_sleep_ms=50", *thread]),
        }

    def compile(self, sources: list[Path], output: Path, *flags: str) -> Output:
        return run([self.compiler, "-std=gnu11", *self.flags, *flags, *sources, "-o", output, "-lm"])


def teams(folder: Path) -> list[str]:
    """What a library's threads can be; one source of each."""
    found = [team for team in ("openmp", "threads") if (folder / f"src/team_{team}.c").exists()]
    return found or ["openmp"]


@dataclass(frozen=True)
class Built:
    harness: Path
    seconds: float
    slowest: str
    slowest_seconds: float


def build(folder: Path, toolset: Toolset, output: Path, jobs: int) -> Built:
    """Compiles library and harness of a generated folder into one program."""
    output.mkdir(parents=True, exist_ok=True)
    own = f"src/team_{toolset.team}.c"
    files = json.loads((folder / "files.json").read_text())["files"]
    sources = sorted(file for file in files if file.endswith(".c") and (file == own or not file.startswith("src/team_")))
    flags = _flags_of_files(folder, sources)

    def compile_one(source: str) -> tuple[float, str, Path]:
        object_file = output / (source.replace("/", "_") + ".o")
        includes = [f"-I{folder / name}" for name in ("include", "src", "harness")]
        done = toolset.compile([folder / source], object_file, "-c", *flags[source],
                               toolset.level(source), *includes)
        if done.code != 0:
            raise Failure(done.text)
        return done.seconds, source, object_file

    with ThreadPoolExecutor(jobs) as pool:
        done = list(pool.map(compile_one, sources))
    harness = output / "harness"
    linked = toolset.compile([part[2] for part in done], harness)
    if linked.code != 0:
        raise Failure(linked.text)
    seconds, slowest, _ = max(done)
    return Built(harness, sum(part[0] for part in done) + linked.seconds, slowest, seconds)


def _flags_of_files(folder: Path, sources: list[str]) -> dict[str, list[str]]:
    """The flags that the library's own CMakeLists.txt gives each file, but for optimisation."""
    text = (folder / "CMakeLists.txt").read_text()
    common = re.search(r"^set\(FLAGS (.*)\)$", text, re.MULTILINE)
    of_isa = dict(re.findall(
        r'set_source_files_properties\(\$\{KERNELS_(\w+)\}[^"]*COMPILE_OPTIONS "([^"]*)"', text))
    if common is None or not of_isa:
        raise Failure(f"{folder}/CMakeLists.txt: no flags are set as this script expects")
    flags = {}
    # Whichever unit this CPU has: sanitizers do not see into tiles.
    common_flags = common[1].split() + ["-DHILO_EMULATE_TILES"]
    for source in sources:
        isa = re.match(r"src/kernels/(\w+)/|harness/peak_(\w+)\.c$", source)
        special = of_isa[isa[1] or isa[2]].split(";") if isa else []
        flags[source] = common_flags + [
            flag for flag in special if flag and not flag.startswith("-O")]
    return flags


# Programs with one fault each, in the body of main; `one` is 1 and `zero` 0, and no compiler knows it.
_FAULTS = {
    "address": {
        "a write behind an allocation": "char *p = malloc(4); p[3 + one] = 1; free(p);",
        "a read of freed memory": "int *p = calloc(1, 4); free(p); return p[zero];",
        "a leak": "p = malloc(64); p = NULL;",
        "a read outside an array": "int a[4] = {one}; return a[4 * one];",
        "signed overflow": "volatile int sum = INT_MAX + one; (void)sum;",
        "a float divided by zero": "volatile float f = (float)one / (float)zero; (void)f;",
        "a float too large for int": "volatile int whole = (int)(3e9f * (float)one); (void)whole;",
        "a shift too far": "volatile int shifted = one << (32 * one); (void)shifted;",
        "an unaligned read": "char b[16] = {0}; return *(int *)(b + one);",
    },
    "clang": {  # gcc has no such check
        "an offset from NULL": "char *q = p; p = q + 64 * one;",
    },
    "thread": {
        "a race": "pthread_t t; pthread_create(&t, NULL, count, NULL); count(NULL); "
                  "pthread_join(t, NULL);",
    },
}
_PROGRAM = """\
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
volatile int one = 1, zero = 0;
char *volatile p;
static long total;
void *count(void *x) {{ for (int i = 0; i < 100000; ++i) ++total; return x; }}
int main(int argc, char **argv) {{ (void)argc; (void)argv; {body} return 0; }}
"""


def check_toolset(toolset: Toolset, folder: Path) -> int:
    """Whether the sanitizers are there and see what they should; how many faults they were shown.

    A sanitizer that is missing or has a check turned off would find nothing and look content.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program, source = folder / "fault", folder / "fault.c"
    source.write_text(_PROGRAM.format(body=""))
    done = toolset.compile([source], program)
    if done.code != 0:
        raise Failure(f"{toolset.name}: cannot be used; is the compiler's runtime installed?\n"
                      f"{done.text}")
    succeed([program], environment=toolset.environment)
    faults = dict(_FAULTS[toolset.sanitizer])
    if (toolset.compiler, toolset.sanitizer) == ("clang", "address"):
        faults |= _FAULTS["clang"]
    for what, body in faults.items():
        source.write_text(_PROGRAM.format(body=body))
        done = toolset.compile([source], program, "-w")
        if done.code != 0:
            raise Failure(done.text)
        found = run([program], environment=toolset.environment)
        if found.code == 0 or not is_report(found):
            raise Failure(f"{toolset.name}: {what} was not reported\n{found.text}")
    return len(faults)


_REPORTS = ("runtime error:", "Sanitizer:", "SUMMARY: ")


def is_report(output: Output) -> bool:
    """Whether a sanitizer has said something."""
    return output.code == REPORTED or any(words in output.stderr for words in _REPORTS)


def exists(compiler: str) -> bool:
    return shutil.which(compiler) is not None
