#!/usr/bin/env python3
"""Lets every allocation, mapping and thread of a generated library fail once: see allocations.c.

    allocations.py --hilo .build/release/hilo [--team own]

Makes a small library, builds it and links the program with it. Exit codes: 0 all well, 1 something was
not, 64 usage.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python"))
from usage import Parser  # noqa: E402

HERE = Path(__file__).resolve().parent
TINY = HERE.parent.parent / "Examples" / "tiny.yaml"


def parse_arguments() -> argparse.Namespace:
    parser = Parser(
        description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hilo", help="the command line, which makes the library")
    parser.add_argument("--library", type=Path, metavar="DIR",
                        help="a library that is built already, instead")
    parser.add_argument("--build-options", nargs="*", default=[], metavar="OPTION",
                        help="of 'hilo build', without their dashes: team=threads")
    parser.add_argument("--team", choices=("openmp", "own"), default="openmp",
                        help="whether the library makes its threads itself, with a context")
    arguments = parser.parse_args()
    if (arguments.hilo is None) == (arguments.library is None):
        parser.error("give one of --hilo and --library")
    return arguments


def run(command: list[str]) -> None:
    print(f"{' '.join(command)}", file=sys.stderr)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def make_library(hilo: str, options: list[str], place: Path) -> Path:
    run([hilo, "generate", "--config", str(TINY), "--isa", "generic", "--no-tuning", "--seed", "0",
         "--output", str(place)])
    run([hilo, "build", *[f"--{option}" for option in options], str(place)])
    return place


def link(library: Path, name: str, program: Path) -> None:
    compiler = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
    if compiler is None:
        raise SystemExit("allocations.py: no C compiler was found (cc, gcc or clang)")
    build = library.resolve() / "build"
    run([compiler, "-std=c11", "-Wall", "-Wextra", "-O1", f'-DHEADER="{name}.h"', f"-DPREFIX={name}",
         "-I", str(library / "include"), str(HERE / "allocations.c"), "-o", str(program),
         "-L", str(build), f"-l{name}", f"-Wl,-rpath,{build}", "-ldl", "-lpthread"])


def main() -> int:
    arguments = parse_arguments()
    if sys.platform != "linux":
        print("SKIPPED: allocations are made to fail on Linux only")
        return 0
    with tempfile.TemporaryDirectory(prefix="hilo-allocations-") as scratch:
        library = arguments.library or make_library(
            arguments.hilo, arguments.build_options, Path(scratch, "library"))
        weights = next((library / "weights").glob("*.safetensors"))
        program = Path(scratch, "allocations")
        link(library, weights.stem, program)
        words = [str(program), str(weights)] + (["own"] if arguments.team == "own" else [])
        return subprocess.run(words).returncode


if __name__ == "__main__":
    sys.exit(main())
