"""How runs fare where threads have no processor of their own, by HiLo and ONNX Runtime in turns.

    make bench-threads

HiLo has its own threads in one library and OpenMP's in another, and the first also as a wheel, called from
Python's threads. Each situation is one run of its own in which all peers take turns. A cell has the median of
the turns' medians, the least and the most of them, and the 99th percentile of all runs.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import library
import report
from cases import TITLES, Case, Peer
from peers import Worker, add_arguments, difference, prepare, settings, turn_runs

CASES = ("digits", "litv2-s")
PEERS = ("hilo", "hilo-openmp", "hilo-wheel", "onnxruntime")
TEAMS = {"hilo": "threads", "hilo-openmp": "openmp", "hilo-wheel": "threads"}
GROUP = Path("/sys/fs/cgroup/cpu/hilo-bench")


@dataclass(frozen=True)
class Situation:
    title: str
    threads: int = 2
    processors: int | None = None  # all when None
    quota: float = 0  # processors that its control group gets; 0 is no limit
    busy: int = 0  # programs that do nothing but compute
    callers: int = 1
    beside: str | None = None


SITUATIONS = {
    "free": Situation("2 threads, 2 processors"),
    "default": Situation("as many threads as each takes by itself", threads=0),
    "one": Situation("1 thread", threads=1),
    "many": Situation("8 threads, 2 processors", threads=8),
    "pinned": Situation("2 threads, 1 processor", processors=1),
    "quota": Situation("2 threads, a quota of 1 processor", quota=1),
    "half": Situation("2 threads, a quota of half a processor", quota=0.5),
    "busy": Situation("beside 2 busy programs", busy=2),
    "callers": Situation("2 callers at a time, 2 threads each", callers=2),
    "eight": Situation("8 callers at a time, 1 thread each", threads=1, callers=8),
    "models": Situation("each run after one of a second model", beside="model"),
    "pytorch": Situation("each run after one of PyTorch's", beside="pytorch"),
}


def confine(situation: Situation):
    """Runs in the new process, before its program."""
    if situation.processors:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:situation.processors])
    if situation.quota:
        (GROUP / "tasks").write_text(str(os.getpid()))


@contextlib.contextmanager
def quota(processors: float):
    """A control group whose programs get so many in all; needs root and cgroups of version 1."""
    GROUP.mkdir(exist_ok=True)
    (GROUP / "cpu.cfs_period_us").write_text("100000")
    (GROUP / "cpu.cfs_quota_us").write_text(str(round(100000 * processors)))
    try:
        yield
    finally:
        GROUP.rmdir()


@contextlib.contextmanager
def busy_programs(count: int):
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def measure(case: Case, name: str, libraries: dict, expected, args) -> list[dict]:
    situation = SITUATIONS[name]
    with contextlib.ExitStack() as stack:
        if situation.quota:
            stack.enter_context(quota(situation.quota))
        workers = []
        for peer in args.peers:
            options = ["--callers", situation.callers]
            options += ["--beside", situation.beside] if situation.beside else []
            worker = Worker(case, peer, 1, libraries.get(peer.runtime), args,
                            threads=situation.threads, options=options,
                            before=lambda: confine(situation))
            stack.callback(worker.close)
            worker.error = difference(worker, expected, args.precision)
            workers.append(worker)
        stack.enter_context(busy_programs(situation.busy))
        runs = {worker: turn_runs(worker, args.turn) for worker in workers}
        turns = {worker: [] for worker in workers}
        for index in range(args.rounds):
            first = index % len(workers)
            for worker in workers[first:] + workers[:first]:
                turns[worker].append(worker.run(runs[worker]))
    return [row(worker, name, turns[worker]) for worker in workers]


def row(worker: Worker, name: str, turns: list[list[float]]) -> dict:
    """A turn counts with its median; the slowest runs of all turns are what a server promises."""
    times = [statistics.median(turn) for turn in turns]
    runs = sorted(sum(turns, []))
    return {
        "case": worker.case.name, "situation": name, "title": SITUATIONS[name].title,
        "peer": worker.peer.name, "median_ms": statistics.median(times), "least_ms": min(times),
        "most_ms": max(times), "p99_ms": runs[-1 - len(runs) // 100], "runs": len(runs),
        "turns_ms": times, "error": worker.error,
    }


def table(rows: list[dict]) -> str:
    """A table for each case: situations down, peers across."""
    text = ""
    for case, of_case in report.grouped(rows, "case").items():
        peers = list(dict.fromkeys(row["peer"] for row in of_case))
        lines = []
        for _, of_situation in report.grouped(of_case, "situation").items():
            by_peer = {row["peer"]: row for row in of_situation}
            lines.append([of_situation[0]["title"]] + [
                f"{by_peer[peer]['median_ms']:.3g} ({by_peer[peer]['least_ms']:.3g} – "
                f"{by_peer[peer]['most_ms']:.3g}; p99 {by_peer[peer]['p99_ms']:.3g})" for peer in peers])
        text += "\n" + report.markdown([f"{case}, ms"] + [TITLES[peer] for peer in peers], lines)
    return text


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, name="threads", peers=PEERS)
    parser.add_argument("--cases", nargs="+", type=Case.parse, metavar=Case.FORM,
                        default=[Case.parse(case) for case in CASES])
    parser.add_argument("--situations", nargs="+", choices=SITUATIONS, default=list(SITUATIONS))
    parser.set_defaults(wait="default")
    args = parser.parse_args()
    rows = []
    for case in args.cases:
        report.progress(f"{case.title}: libraries, expected output, exports")
        teams = {
            team: library.make(
                args.hilo, case, args.output / case.name / f"library-{team}", 1, team=team)
            for team in sorted({TEAMS[peer.runtime] for peer in args.peers if peer.runtime in TEAMS})
        }
        libraries = {
            peer.runtime: teams[TEAMS[peer.runtime]] for peer in args.peers if peer.runtime in TEAMS
        }
        if "hilo-wheel" in libraries:
            library.unpack_wheel(args.hilo, libraries["hilo-wheel"])
        expected = prepare(case, args.peers, 1, args)
        for name in args.situations:
            if SITUATIONS[name].quota and not os.access(GROUP.parent, os.W_OK):
                print(f"skipped: {SITUATIONS[name].title}: no control group can be made here",
                      file=sys.stderr)
                continue
            report.progress(f"{case.title}: {SITUATIONS[name].title}")
            rows += measure(case, name, libraries, expected, args)
            report.save(args.output / f"{args.name}.json", settings(args), rows)
            (args.output / f"{args.name}.md").write_text(table(rows))
    print(table(rows))


if __name__ == "__main__":
    main()
