"""LITv2 by HiLo and by what else runs it on a CPU, taking turns in one run.

    make bench-peers

Every peer computes the same weights and inputs in a process of its own and in single precision.
Outputs are compared before anything is timed. Then all take turns, in an order that rotates, and
each sleeps while another runs; a turn counts with its median, and a ratio is of one round.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

import library
import report
from cases import TITLES, Case, Peer, environment

HERE = Path(__file__).resolve().parent
HILO = Peer("hilo")
TOLERANCE = 1e-4  # of the largest output
DEFAULT_CASES = ("litv2-s", "litv2-s-plain", "layer", "litv2-s-dense", "litv2-s-dense-800x1344",
                 "litv2-s-dense-800x1344-w4")


class Worker:
    """A peer's process; see worker.py."""

    def __init__(self, peer: Peer, arguments: list, folder: Path, variables: dict):
        self.peer = peer
        self.output, self.log = folder / f"{peer.name}.output.npy", folder / f"{peer.name}.log"
        command = [sys.executable, "-W", "ignore", HERE / "worker.py", peer.name, *arguments,
                   "--folder", folder, "--output", self.output]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, text=True, env=variables)
        self.opened = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.peer.name} ended before it answered; see {self.log}")
        return json.loads(line)

    def run(self, count: int) -> list:
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def prepare(case: Case, batch: int, folder: Path, args):
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, HERE / "prepare.py", case.name, "--batch", batch, "--folder", folder,
               "--peers", *(peer.name for peer in args.peers)]
    report.progress(f"{case.title}, batch {batch}: expected output, exports")
    with open(folder / "prepare.log", "w") as log:
        result = subprocess.run([str(part) for part in command], stdout=log, stderr=log)
    if result.returncode:
        raise SystemExit(f"cannot export {case.name}; see {log.name}")


def difference(worker: Worker, expected: np.ndarray) -> float:
    """The largest difference as a share of the largest output; too large ends the program."""
    scale = float(np.abs(expected).max())
    found = np.load(worker.output)
    error = float(np.abs(found - expected).max()) / scale
    if not error <= TOLERANCE:
        raise SystemExit(f"{worker.peer.name} differs from PyTorch by {error:.2g} of the largest "
                         f"output, more than {TOLERANCE}; it is not timed")
    return error


def measure(case: Case, batch: int, lib: library.Library | None, args) -> list[dict]:
    """All peers of one case; a row each."""
    folder = args.output / case.name / f"batch{batch}"
    prepare(case, batch, folder, args)
    expected = np.load(folder / "output.npy", mmap_mode="r").ravel()
    variables = environment(args.threads, args.wait)
    with contextlib.ExitStack() as stack:
        workers = []
        for peer in args.peers:
            arguments = [case.name, "--batch", batch, "--threads", args.threads]
            arguments += ["--library", lib.folder] if peer == HILO else []
            report.progress(f"{case.title}, batch {batch}: {peer.name} opens")
            worker = Worker(peer, arguments, folder, variables)
            stack.callback(worker.close)
            workers.append(worker)
        errors = {worker.peer: difference(worker, expected) for worker in workers}
        runs = {worker.peer: turn_runs(worker, args.turn) for worker in workers}
        turns, peaks = take_turns(case, batch, workers, runs, lib, args)
    return [
        row(case, batch, worker, turns, peaks, errors[worker.peer], args) for worker in workers
    ]


def turn_runs(worker: Worker, seconds: float) -> int:
    """How many runs fill a turn; warms up on the way."""
    fastest = min(worker.run(3))
    return max(2, round(1e3 * seconds / fastest))


def take_turns(case, batch, workers, runs, lib, args):
    turns, peaks = {worker.peer: [] for worker in workers}, []
    for index in range(args.rounds):
        report.progress(f"{case.title}, batch {batch}: round {index + 1} of {args.rounds}")
        if lib:
            peaks.append(lib.bench(1, args.threads, 0.1, args.wait))
        first = index % len(workers)
        for worker in workers[first:] + workers[:first]:
            turns[worker.peer].append(statistics.median(worker.run(runs[worker.peer])))
    return turns, peaks


def row(case, batch, worker, turns, peaks, error, args) -> dict:
    times = turns[worker.peer]
    median = statistics.median(times)
    result = {
        "case": case.name, "title": case.title, "batch": batch, "threads": args.threads,
        "peer": worker.peer.name, "peer_title": worker.peer.title, "error": error,
        "median_ms": median, "least_ms": min(times), "most_ms": max(times), "turns_ms": times,
        "images_per_second": 1e3 * batch / median, **worker.opened,
    }
    if peaks:
        peak = max(burst["peak_gflops"] for burst in peaks)
        gflop = statistics.median(b["gflops"] * b["median_ms"] / 1e3 for b in peaks)
        result |= {"peak_gflops": peak, "fraction": gflop * batch / (median / 1e3) / peak}
    if HILO in turns:
        ratios = sorted(theirs / ours for theirs, ours in zip(times, turns[HILO]))
        result |= {"ratio": statistics.median(ratios), "ratio_least": ratios[0],
                   "ratio_most": ratios[-1]}
    return result


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hilo", required=True, help="the hilo executable")
    parser.add_argument("--output", type=Path, required=True, help="folder for all results")
    parser.add_argument("--name", default="peers", help="of the results' files")
    parser.add_argument("--cases", nargs="+", type=Case.parse, metavar="NETWORK[-dense][-HxW][-wN][-plain]",
                        default=[Case.parse(x) for x in DEFAULT_CASES])
    parser.add_argument("--peers", nargs="+", type=Peer.parse, metavar="RUNTIME[:grid]",
                        default=[Peer(runtime) for runtime in TITLES])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--layer-batches", nargs="+", type=int, default=[64])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--turn", type=float, default=0.5, help="seconds of a turn")
    parser.add_argument("--wait", choices=("passive", "default"), default="passive",
                        help="how OpenMP's threads wait; see cases.py")
    parser.add_argument("--plot", action=argparse.BooleanOptionalAction, default=True,
                        help="draws NAME.svg and NAME.png; needs matplotlib")
    return parser.parse_args()


def main():
    args = arguments()
    args.output = args.output.resolve()
    args.output.mkdir(parents=True, exist_ok=True)
    rows = []
    for case in args.cases:
        batches = args.layer_batches if case.is_layer else [1] if case.dense else args.batches
        lib = None
        if HILO in args.peers:
            folder = args.output / case.name / "library"
            lib = library.make(args.hilo, case, folder, max(batches))
        for batch in batches:
            rows += measure(case, batch, lib, args)
            write(rows, args)
    print(report.peer_table(rows))


def write(rows: list[dict], args):
    """Everything known so far, so that a run that ends early has not been in vain."""
    settings = {key: vars(args)[key] for key in ("rounds", "turn", "threads", "wait")}
    report.save(args.output / f"{args.name}.json", settings, rows)
    (args.output / f"{args.name}.md").write_text(report.peer_table(rows))
    if args.plot:
        report.peer_plot(rows, args.output / args.name)


if __name__ == "__main__":
    main()
