#!/usr/bin/env python3
"""Lets every write, fsync, open, rename, … of HiLo's commands fail once, or kills them there.

    faults.py --hilo .build/release/hilo --quick          a sample, in about half a minute
    faults.py --hilo .build/release/hilo                  every call of every scenario
    faults.py --hilo .build/release/hilo --scenarios generate-over build-edited
    faults.py --hilo .build/release/hilo --one generate-over rename:4:kill

After each fault what was there before is still there, byte for byte, or the new thing is whole; the exit
code says what happened, the message names the file, nothing waits half-written after a failure, and the
next command succeeds. Then come full disks, folders that may not be written, and missing homes.

Exit codes: 0 all well, 1 something was not, 64 usage.
"""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import judging
import places
import scenarios
import strace_check
from injection import HERE, KINDS, Fault, Injector

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python"))
from usage import Parser  # noqa: E402

# What a disk says, by what is asked of it; the n-th call meets the n-th of them, in turn.
ERRORS = {
    "write": ("ENOSPC", "EIO", "short", "EDQUOT"), "fsync": ("EIO", "ENOSPC"),
    "open": ("EMFILE", "EACCES", "ENOSPC"), "rename": ("EACCES", "EIO", "ENOSPC"),
    "mkdir": ("ENOSPC", "EACCES"), "unlink": ("EACCES", "EIO"), "truncate": ("EIO",),
    "link": ("EACCES",), "close": ("EIO", "ENOSPC"), "look": ("EMFILE", "EACCES"), "lock": ("EIO",)}
# A program that is killed before one of these leaves another disk than before the next; before the
# others it leaves the same.
DEADLY = {"write": "tear", "open": "kill", "rename": "kill", "mkdir": "kill", "unlink": "kill",
          "link": "kill", "truncate": "kill"}
# What takes longest, and differs least from the rest.
NOT_QUICK = ("build-new", "tune", "run-maps", "generate-link", "convert-new")
# Kinds of which a scenario has few calls meet every error.
FEW = 24


def all_faults(counts: dict[str, int]) -> Iterator[Fault]:
    """Every call once with an error, and once with the end of the program."""
    for kind in KINDS[:-1]:
        errors = ERRORS[kind]
        for number in range(1, counts[kind] + 1):
            chosen = errors if counts[kind] <= FEW else (errors[number % len(errors)],)
            for action in chosen:
                yield Fault(kind, number, action)
            if kind in DEADLY:
                yield Fault(kind, number, DEADLY[kind])
            if kind == "write" and number % 10 == 1:
                yield Fault(kind, number, "ENOSPC", sticky=True)


def chosen_faults(counts: dict[str, int], stride: int) -> list[Fault]:
    """One out of `stride`, but all of the renames, with which things take their place."""
    faults = list(all_faults(counts))
    rare = [fault for fault in faults if fault.kind == "rename" and counts["rename"] <= FEW]
    rest = [fault for fault in faults if fault not in rare]
    return rare + rest[stride // 2::stride]


def quick_faults(counts: dict[str, int], runs: int) -> list[Fault]:
    faults = chosen_faults(counts, 1)
    return faults[::max(1, -(-len(faults) // runs))]


def parse_fault(text: str) -> Fault:
    """KIND:NUMBER:ACTION, and :sticky."""
    parts = text.split(":")
    if len(parts) not in (3, 4) or parts[0] not in KINDS or not parts[1].isdigit():
        raise argparse.ArgumentTypeError(f"{text}: expected KIND:NUMBER:ACTION, such as write:3:EIO")
    return Fault(parts[0], int(parts[1]), parts[2], sticky=parts[3:] == ["sticky"])


class Progress:
    """A line on stderr, where somebody sees it."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()

    def show(self, text: str) -> None:
        if self.shown:
            print(f"\r\033[K{text[:100]}", end="", file=sys.stderr, flush=True)


def run_scenario(bench: judging.Bench, faults: list[Fault], progress: Progress,
                 limit: float) -> judging.Tally:
    tally = judging.Tally(of=len(faults))
    start = time.monotonic()
    for index, fault in enumerate(faults):
        if time.monotonic() - start > limit:
            break
        progress.show(f"{bench.scenario.name} {index + 1}/{len(faults)}: {fault}")
        bench.meet(fault, tally)
    progress.show("")
    tally.seconds = time.monotonic() - start
    return tally


def report(name: str, tally: judging.Tally) -> None:
    of = f" of {tally.of}" if tally.of else ""
    print(f"{name:22} {tally.runs:5}{of} faults: {tally.failed} failures, {tally.killed} kills, "
          f"{tally.unminded} without effect; {tally.remains} temporary files left by kills; "
          f"{len(tally.complaints)} wrong, {tally.seconds:.0f} s", flush=True)
    for words in tally.complaints[:40]:
        print(f"  WRONG {words}")
    if len(tally.complaints) > 40:
        print(f"  … and {len(tally.complaints) - 40} more")


def parse_arguments() -> argparse.Namespace:
    parser = Parser(
        description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hilo", required=True, help="the command line")
    parser.add_argument("--quick", action="store_true", help="a sample")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="one fault out of N")
    parser.add_argument("--seconds", type=float, default=1e9, metavar="S",
                        help="for each scenario, in an order by chance")
    parser.add_argument("--seed", type=int, default=0, help="of that order")
    parser.add_argument("--scenarios", nargs="+", metavar="NAME", help="only these, or 'places'")
    parser.add_argument("--one", nargs=2, metavar=("SCENARIO", "FAULT"),
                        help="a single fault, such as: generate-over rename:4:kill")
    parser.add_argument("--check-calls", action="store_true",
                        help="compares what is counted with what strace sees, and ends")
    parser.add_argument("--limit", type=float, default=300, metavar="S",
                        help="a command that takes longer hangs")
    parser.add_argument("--json", metavar="FILE", help="gets the figures")
    parser.add_argument("--keep", action="store_true", help="leaves the working folder")
    arguments = parser.parse_args()
    arguments.hilo = shutil.which(arguments.hilo)
    if arguments.hilo is None:
        parser.error("--hilo: no such program")
    arguments.hilo = str(Path(arguments.hilo).resolve())
    return arguments


def main() -> int:
    arguments = parse_arguments()
    if sys.platform != "linux":
        print("SKIPPED: faults are injected on Linux only")
        return 0
    # Whoever ends this program wants disks unmounted and folders removed, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    scratch = Path(tempfile.mkdtemp(prefix="hilo-faults-")).resolve()
    # Other users run HiLo in it too.
    scratch.chmod(0o755)
    try:
        return perform(arguments, scratch)
    finally:
        if arguments.keep:
            print(f"left {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)


def perform(arguments: argparse.Namespace, scratch: Path) -> int:
    injector = Injector(scratch, arguments.limit)
    digits = HERE.parent.parent / "Examples" / "digits" / "digits.pth"
    shop = scenarios.Workshop(arguments.hilo, injector, digits)
    known = {scenario.name: scenario for scenario in scenarios.all_scenarios(shop)}
    names = arguments.scenarios or [
        name for name in [*known, "places"] if not (arguments.quick and name in NOT_QUICK)]
    if arguments.one:
        names = [arguments.one[0]]
    for name in names:
        if name not in known and name != "places":
            print(f"faults.py: {name}: no such scenario; there are {', '.join(known)} and places",
                  file=sys.stderr)
            return 64
    if arguments.check_calls:
        return strace_check.perform(arguments.hilo, injector, [known[n] for n in names if n in known])
    figures = {}
    for name in names:
        if name == "places":
            tally = places.perform(arguments.hilo, injector, shop, quick=arguments.quick)
        else:
            bench = judging.Bench(arguments.hilo, injector, known[name])
            faults = faults_for(bench, arguments)
            if arguments.seconds < 1e9:
                random.Random(f"{name} {arguments.seed}").shuffle(faults)
                # Things take their place by names: these first.
                faults.sort(key=lambda fault: fault.kind != "rename")
            tally = run_scenario(bench, faults, Progress(), arguments.seconds)
        report(name, tally)
        figures[name] = vars(tally)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n")
    wrong = sum(len(tally["complaints"]) for tally in figures.values())
    print(f"{sum(tally['runs'] for tally in figures.values())} faults, {wrong} wrong")
    return 1 if wrong else 0


def faults_for(bench: judging.Bench, arguments: argparse.Namespace) -> list[Fault]:
    if arguments.one:
        return [parse_fault(arguments.one[1])]
    if arguments.quick:
        return quick_faults(bench.counts, 2 if bench.scenario.stride > 1 else 6)
    return chosen_faults(bench.counts, bench.scenario.stride * arguments.every)


if __name__ == "__main__":
    sys.exit(main())
