#!/usr/bin/env python3
"""Compares random libraries with references until the time is over or something differs.

Case N of a seed is a random network (LITv2 or a single attention layer) with random resolutions,
precision, instruction sets, batch, threads, compiler and team. Each is

  generated    with seeded weights, and of int8 with scales from random arrays;
  built        with clang or gcc;
  verified     by `hilo verify`: each kernel against a reference in double precision (in C, in the
               harness), within bounds that follow from its sums; the promises of the C API; and the
               network at each resolution, two images with each instruction set, against a reference in
               double precision in Swift that knows neither graph nor kernels (1e-4 of the largest value;
               in other precisions what `hilo verify` allows them); kernels for a tile unit on an emulated one;
  run          on random arrays with one thread and with several, all images in calls of a batch and
               the last ones alone, through `hilo run`, and with instruction sets that differ in what multiplies
               narrow elements alone: all must give the same bits;
  made anew    two cases of five: from its own plan, which must give the same files, or (not of bf16 and int8)
               with other tiles, by the same or the other compiler: again verified, again the same bits;
  emulated     one case of ten, where what enters products is not rounded: built for AArch64 by CMake, verified
               under qemu, and compared with this machine's results (1e-4 of the largest value).

It stops at the first difference with the command that repeats that case. At the end a program in C
creates, runs and destroys contexts and opens and closes weights ten thousand times each, and memory,
threads and files must stay as they were. Exit codes: 0 ok, 1 something differs, 64 usage.
"""

import argparse
import dataclasses
import json
import shlex
import sys
import tempfile
import time
from pathlib import Path

from cases import Case, draw
from check import Check, Counts, Tools
from memory import check_memory
from tools import USAGE, Failure, Progress, work_in_folder

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python"))
from usage import Parser  # noqa: E402


def arguments() -> argparse.Namespace:
    parser = Parser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hilo", type=Path, help="the hilo executable")
    parser.add_argument("--minutes", type=float, default=5, help="until no case begins (default: 5)")
    parser.add_argument("--seed", type=int, default=1, help="of all cases (default: 1)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="begins at this case")
    parser.add_argument("--case", type=int, metavar="N", help="this case alone")
    parser.add_argument("--memory", action="store_true", help="the check of memory alone")
    parser.add_argument("--rounds", type=int, default=10_000,
                        help="of the check of memory; 0 leaves it out (default: 10000)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER",
                        help="works in this folder, and leaves the last case there")
    parser.add_argument("--json", action="store_true", help="prints one JSON object")
    return parser.parse_args()


class Soak:
    def __init__(self, args: argparse.Namespace, folder: Path) -> None:
        self.args = args
        self.folder = folder
        self.tools = Tools.find(args.hilo)
        if not self.tools.compilers:
            raise Failure("neither clang nor gcc is on the PATH")
        self.counts = Counts()
        self.progress = Progress()
        self.start = time.monotonic()
        self.failure: dict[str, object] | None = None
        self.memory: list[dict[str, object]] = []

    def perform(self) -> int:
        if not self.args.memory:
            self._cases()
        alone = self.args.case is not None
        if self.failure is None and self.args.rounds and not alone:
            self._memory()
        self.progress.clear()
        self._report()
        return 1 if self.failure else 0

    def _cases(self) -> None:
        if self.args.case is not None:
            self._case(draw(self.args.seed, self.args.case))
            return
        number = self.args.first
        while self.failure is None and self._seconds() < 60 * self.args.minutes:
            self._case(draw(self.args.seed, number))
            number += 1

    def _case(self, case: Case) -> None:
        with tempfile.TemporaryDirectory(prefix="case-", dir=self.folder) as name:
            place = Path(name)
            if self.args.keep:
                print(f"{case.title}\nin {place}", file=sys.stderr)
            try:
                Check(case, self.tools, place, self.counts,
                      lambda step: self._show(case, step)).perform()
            except Failure as problem:
                self._fail(case.title, str(problem), ["--seed", self.args.seed, "--case",
                                                      case.number])
                if self.args.keep:
                    self._leave(place)

    def _leave(self, place: Path) -> None:
        """What failed stays, under a name that is not cleared."""
        kept = self.folder / f"{place.name}-failed"
        place.rename(kept)
        place.mkdir()
        print(f"kept in {kept}", file=sys.stderr)

    def _memory(self) -> None:
        self.progress.show("memory")
        try:
            self.memory = check_memory(self.tools, self.folder, self.args.rounds,
                                       lambda step: self.progress.show(f"memory: {step}"))
        except Failure as problem:
            self._fail("memory", str(problem), ["--memory", "--rounds", self.args.rounds])

    def _fail(self, what: str, problem: str, options: list[object]) -> None:
        command = shlex.join(map(str, [sys.executable, Path(__file__).resolve(), self.args.hilo,
                                       *options]))
        self.failure = {"what": what, "problem": problem, "repeat": command}

    def _show(self, case: Case, step: str) -> None:
        minutes = self._seconds() / 60
        self.progress.show(f"{minutes:.1f} of {self.args.minutes:g} min, {self.counts.cases} fine; "
                           f"case {case.number}, {case.kind}: {step}")

    def _seconds(self) -> float:
        return time.monotonic() - self.start

    def _report(self) -> None:
        counts = dataclasses.asdict(self.counts)
        if self.args.json:
            print(json.dumps({"seed": self.args.seed, "seconds": round(self._seconds(), 1),
                              **counts, "memory": self.memory, "failure": self.failure}, indent=1))
        else:
            warning = counts.pop("first_warning")
            print(", ".join(f"{count} {name}" for name, count in counts.items())
                  + f" in {self._seconds():.0f} s (seed {self.args.seed})")
            if warning:
                print(f"first warning of a compiler: {warning}")
            for row in self.memory:
                print("memory: " + ", ".join(f"{name} {value}" for name, value in row.items()))
        if self.failure:
            print(f"\nFAILED {self.failure['what']}\n{self.failure['problem']}\n\nrepeat: "
                  f"{self.failure['repeat']}", file=sys.stderr)


def main() -> int:
    args = arguments()
    if args.minutes < 0 or args.rounds < 0 or args.first < 0 or (args.case or 0) < 0:
        print("soak: numbers below 0 make no sense here", file=sys.stderr)
        return USAGE
    args.hilo = args.hilo.resolve()
    return work_in_folder("soak", args.keep, lambda folder: Soak(args, folder).perform())


if __name__ == "__main__":
    sys.exit(main())
