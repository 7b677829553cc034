#!/usr/bin/env python3
"""Runs generated libraries under the sanitizers of clang and gcc.

Small networks that together use every family of kernels are generated for every instruction set that
this CPU runs, and for the tile unit, which vectors emulate. They are compiled with ASan and UBSan, and
with TSan, and their harness verifies every kernel (`verify`), checks the promises of the header
(`api`) and runs the network with one and with three threads (`run`), with each of the library's teams.
First each compiler is shown programs with one fault each, which it must report. The only suppressions are of leaks inside the OpenMP runtimes (lsan.supp).
"""

import argparse
import itertools
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Soak"))

from networks import NETWORKS, QUICK, SampleNetwork, families  # noqa: E402
from toolsets import Built, Toolset, build, check_toolset, exists, is_report, teams  # noqa: E402
from tools import (  # noqa: E402
    USAGE, Failure, Output, Progress, run, work_in_folder)

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python"))
from usage import Parser  # noqa: E402

# TSan makes a run some twenty times slower.
LIMIT = 1800


@dataclass
class Row:
    """A network of one instruction set under one compiler and sanitizer."""
    compiler: str
    sanitizer: str
    team: str
    network: str
    isa: str
    kernels: int
    promises: int
    compile_seconds: float
    run_seconds: float
    slowest_file: str
    slowest_seconds: float
    problems: list[str]


class Examination:
    """One built library."""

    def __init__(self, library: Path, network: str, built: Built, toolset: Toolset) -> None:
        self.library = library
        self.weights = library / "weights" / f"{network}.safetensors"
        self.network = network
        self.built = built
        self.toolset = toolset
        self.kernels = [json.loads(line) for line in self._succeed("kernels").stdout.splitlines()]

    @property
    def families(self) -> set[str]:
        return {kernel["family"] for kernel in self.kernels}

    def rows(self, isas: list[str], progress: Progress) -> list[Row]:
        rows = []
        for isa in isas:
            progress.show(f"{self.toolset.name}: {self.network}, {isa}")
            row = Row(self.toolset.compiler, self.toolset.sanitizer, self.toolset.team, self.network,
                      isa, 0, 0, self.built.seconds, 0, self.built.slowest,
                      self.built.slowest_seconds, [])
            start = time.monotonic()
            for check in (self._verify, self._api, self._run):
                try:
                    check(row)
                except Failure as problem:
                    row.problems.append(str(problem))
            row.run_seconds = time.monotonic() - start
            rows.append(row)
        return rows

    def _verify(self, row: Row) -> None:
        """Each kernel in a process of its own, so that a report hides none of the others."""
        problems = []
        for kernel in self.kernels:
            if kernel["isa"] != row.isa:
                continue
            if not kernel["runs"]:
                raise Failure(f"{kernel['name']}: this CPU cannot run it")
            try:
                self._succeed("verify", "--kernel", kernel["name"], "--threads", "3")
                row.kernels += 1
            except Failure as problem:
                problems.append(str(problem))
        if problems or row.kernels == 0:
            raise Failure("\n\n".join(problems) or f"no kernel of {row.isa} was verified")

    def _api(self, row: Row) -> None:
        output = self._succeed("api", "--weights", self.weights, "--isa", row.isa)
        row.promises = sum(line.startswith("ok ") for line in output.stdout.splitlines())
        if row.promises == 0:
            raise Failure(f"no promise was checked\n{output.text}")

    def _run(self, row: Row) -> None:
        """More images than a call holds; the outputs, files or a folder, are not looked at."""
        for threads in (1, 3):
            self._succeed("run", "--weights", self.weights, "--random", "5", "--batch", "5", "--isa",
                          row.isa, "--threads", threads)

    def _succeed(self, *arguments: object) -> Output:
        output = run([self.built.harness, *arguments], limit=LIMIT,
                     environment=self.toolset.environment)
        if output.code != 0 or is_report(output):
            raise Failure(output.text)
        return output


def chosen_toolsets(args: argparse.Namespace, library: Path) -> list[Toolset]:
    wanted = [
        Toolset(compiler, sanitizer, team)
        for team, sanitizer, compiler in itertools.product(
            teams(library), args.sanitizers, args.compilers)
        if team in args.teams
    ]
    if args.quick:  # the team that `hilo build` takes too, the last
        wanted = [toolset for toolset in wanted
                  if toolset.compiler == "clang" and toolset.sanitizer == "address"][-1:]
    possible = [toolset for toolset in wanted if toolset.is_possible]
    missing = {toolset.compiler for toolset in possible if not exists(toolset.compiler)}
    if missing:
        raise Failure(f"no {' and no '.join(sorted(missing))} on the PATH")
    if not possible:
        raise Failure("nothing is left to be run with these options")
    return possible


def chosen_sets(args: argparse.Namespace, network: SampleNetwork) -> list[str]:
    return network.isas[-1:] if args.quick else network.isas


def examine(args: argparse.Namespace, folder: Path, progress: Progress) -> list[Row]:
    names = set(args.networks) & set(QUICK if args.quick else args.networks)
    networks = [network for network in NETWORKS if network.name in names]
    if not networks:
        raise Failure(f"nothing is left to be run: --quick has {', '.join(QUICK)}")
    libraries = {
        network.name: network.generate(args.hilo, chosen_sets(args, network), folder)
        for network in networks
    }
    rows: list[Row] = []
    seen: set[str] = set()
    for toolset in chosen_toolsets(args, libraries[networks[0].name]):
        progress.show(f"{toolset.name}: whether its sanitizers see faults")
        check_toolset(toolset, folder / "faults")
        for network in networks:
            isas = chosen_sets(args, network)
            found = examine_network(args, toolset, network, libraries[network.name], folder, progress)
            seen |= found.families
            rows += found.rows(isas, progress)
            progress.clear()
            for row in rows[-len(isas):]:
                print_row(row, args)
    if len(networks) == len(NETWORKS) and families() - seen:
        raise Failure("no network uses the families " + ", ".join(sorted(families() - seen)))
    return rows


def examine_network(args: argparse.Namespace, toolset: Toolset, network: SampleNetwork, library: Path,
                    folder: Path, progress: Progress) -> Examination:
    progress.show(f"{toolset.name}: compiling {network.name}")
    place = folder / "build" / toolset.name.replace(" ", "_") / network.name
    return Examination(library, network.name, build(library, toolset, place, args.jobs), toolset)


_HEADER = (f"{'compiler':9} {'sanitizer':9} {'team':8} {'network':13} {'isa':10} {'kernels':>7} "
           f"{'promises':>8} {'compile s':>9} {'run s':>6}  result")


def print_row(row: Row, args: argparse.Namespace) -> None:
    """The table goes to standard output, or to standard error beside JSON."""
    target = sys.stderr if args.json else sys.stdout
    result = f"{len(row.problems)} FAILED" if row.problems else "ok"
    print(f"{row.compiler:9} {row.sanitizer:9} {row.team:8} {row.network:13} {row.isa:10} "
          f"{row.kernels:7} {row.promises:8} {row.compile_seconds:9.1f} {row.run_seconds:6.1f}  "
          f"{result}", file=target, flush=True)
    for problem in row.problems:
        print(f"\n{problem}\n", file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = Parser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [network.name for network in NETWORKS]
    parser.add_argument("hilo", type=Path, help="the hilo executable")
    parser.add_argument("--quick", action="store_true",
                        help="clang's ASan and UBSan alone, the best instruction set, and only as many "
                             "networks as use every family: some two minutes")
    parser.add_argument("--compilers", nargs="+", choices=("clang", "gcc"), default=["clang", "gcc"])
    parser.add_argument("--sanitizers", nargs="+", choices=("address", "thread"),
                        default=["address", "thread"], help="address has ASan, LSan and UBSan")
    parser.add_argument("--teams", nargs="+", choices=("openmp", "threads"),
                        default=["openmp", "threads"], help="of those that the library has")
    parser.add_argument("--networks", nargs="+", choices=names, default=names)
    parser.add_argument("--jobs", type=int, default=2, help="compilations at once (default: 2)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER",
                        help="works in this folder, and leaves everything there")
    parser.add_argument("--json", action="store_true", help="prints one JSON object")
    return parser.parse_args()


def work(args: argparse.Namespace, folder: Path) -> int:
    progress = Progress()
    start = time.monotonic()
    print(_HEADER, file=sys.stderr if args.json else sys.stdout, flush=True)
    rows = examine(args, folder, progress)
    failed = sum(bool(row.problems) for row in rows)
    if args.json:
        print(json.dumps({"failed": failed, "rows": [asdict(row) for row in rows]}, indent=1))
    slowest = max(rows, key=lambda row: row.slowest_seconds)
    print(f"{len(rows)} rows, {failed} failed, {time.monotonic() - start:.0f} s; "
          f"slowest to compile: {slowest.slowest_file} with {slowest.compiler}, "
          f"{slowest.slowest_seconds:.1f} s", file=sys.stderr)
    return 1 if failed else 0


def main() -> int:
    args = arguments()
    if args.jobs < 1:
        print("sanitize: --jobs: at least 1 is needed", file=sys.stderr)
        return USAGE
    args.hilo = args.hilo.resolve()
    return work_in_folder("sanitize", args.keep, lambda folder: work(args, folder))


if __name__ == "__main__":
    sys.exit(main())
