"""LITv2 by HiLo and by what else runs it on a CPU, taking turns in one run.

    make bench-peers

Every peer computes the same weights and inputs in a process of its own, in single precision or, with
--precision bf16, as it computes bf16: OpenVINO by its hint, PyTorch by autocast, with token merging in
single precision, for which torchvision has nothing else; ONNX Runtime has no bf16 on CPUs and stays as it
is. With --precision int8 HiLo, OpenVINO (by NNCF, for transformers, the rest in bf16 where the CPU has that)
and ONNX Runtime (static, QDQ) find their scales with the same images; PyTorch stays in single precision. Outputs are compared before anything is timed. Then all take turns, in an order that rotates, and
each sleeps while another runs; a turn counts with its median, and a ratio is of one round.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

import library
import report
from cases import TITLES, Case, Peer, environment
from library import Library

HERE = Path(__file__).resolve().parent
HILO = Peer("hilo")
TOLERANCES = {"f32": 1e-4, "bf16": 0.15, "int8": 0.6}  # of the largest output
DEFAULT_CASES = ("litv2-s", "litv2-s-plain", "hilo", "litv2-s-dense", "litv2-s-dense-800x1344",
                 "litv2-s-dense-800x1344-w4")


class Worker:
    """A peer's process; see worker.py."""

    def __init__(self, case: Case, peer: Peer, batch: int, lib: Library | None, args, *,
                 threads: int | None = None, options: Iterable = (),
                 before: Callable | None = None):
        """`options` are more of worker.py's; `before` runs in the new process before its program."""
        threads = args.threads if threads is None else threads
        self.case, self.peer = case, peer
        folder = case_folder(case, batch, args)
        self.output, self.log = folder / f"{peer.name}.output.npy", folder / f"{peer.name}.log"
        command = [sys.executable, "-W", "ignore", HERE / "worker.py", peer.name, case.name,
                   "--batch", batch, "--threads", threads, "--folder", folder, "--output",
                   self.output, "--precision", args.precision, *options]
        if lib:
            command += ["--library", lib.folder]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, text=True, env=environment(threads, args.wait), preexec_fn=before)
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


def case_folder(case: Case, batch: int, args) -> Path:
    return args.output / case.name / f"batch{batch}"


def prepare(case: Case, peers: list[Peer], batch: int, args) -> np.ndarray:
    """Exports what the peers read; returns the expected output."""
    folder = case_folder(case, batch, args)
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, HERE / "prepare.py", case.name, "--batch", batch, "--folder", folder,
               "--precision", args.precision, "--peers", *(peer.name for peer in peers)]
    report.progress(f"{case.title}, batch {batch}: expected output, exports")
    with open(folder / "prepare.log", "w") as log:
        result = subprocess.run([str(part) for part in command], stdout=log, stderr=log)
    if result.returncode:
        raise SystemExit(f"cannot export {case.name}; see {log.name}")
    return np.load(folder / "output.npy", mmap_mode="r").ravel()


def difference(worker: Worker, expected: np.ndarray, precision: str) -> float:
    """The largest difference as a share of the largest output; too large ends the program."""
    scale, tolerance = float(np.abs(expected).max()), TOLERANCES[precision]
    found = np.load(worker.output)
    if worker.case.head:  # the library goes on where what peers have in common ends
        found = found[: len(expected)]
    if len(found) != len(expected):
        raise SystemExit(f"{worker.peer.name} returned {len(found)} values of {worker.case.name}, "
                         f"PyTorch {len(expected)}; it is not timed")
    error = float(np.abs(found - expected).max()) / scale
    if not error <= tolerance:
        raise SystemExit(f"{worker.peer.name} differs from PyTorch by {error:.2g} of the largest "
                         f"output of {worker.case.name}, more than {tolerance}; it is not timed")
    return error


def measure(peers: dict[Case, list[Peer]], batch: int, libraries: dict[Case, Library],
            args) -> list[dict]:
    """All peers of all cases take turns in one run; a row each."""
    with contextlib.ExitStack() as stack:
        workers = [worker for case in peers
                   for worker in opened(case, peers[case], batch, libraries.get(case), stack, args)]
        runs = {worker: turn_runs(worker, args.turn) for worker in workers}
        turns, bursts = take_turns(workers, runs, batch, libraries, args)
    return [row(worker, batch, turns, bursts, args) for worker in workers]


def opened(case, peers, batch, lib, stack, args) -> list[Worker]:
    """The processes of a case, once each has computed what PyTorch does; `stack` closes them."""
    expected = prepare(case, peers, batch, args)
    workers = []
    for peer in peers:
        report.progress(f"{case.title}, batch {batch}: {peer.name} opens")
        worker = Worker(case, peer, batch, lib if peer == HILO else None, args)
        stack.callback(worker.close)
        worker.error = difference(worker, expected, args.precision)
        workers.append(worker)
    return workers


def turn_runs(worker: Worker, seconds: float) -> int:
    """How many runs fill a turn; warms up on the way."""
    fastest = min(worker.run(3))
    return max(2, round(1e3 * seconds / fastest))


def take_turns(workers, runs, batch, libraries, args):
    """Median milliseconds of every turn by worker, and the harnesses' measurements by case."""
    turns = {worker: [] for worker in workers}
    bursts = {case: [] for case in libraries}
    for index in range(args.rounds):
        report.progress(f"batch {batch}: round {index + 1} of {args.rounds}")
        for case, lib in libraries.items():
            bursts[case].append(lib.bench(1, args.threads, 0.1, args.wait))
        first = index * len(workers) // args.rounds
        for worker in workers[first:] + workers[:first]:
            turns[worker].append(statistics.median(worker.run(runs[worker])))
    return turns, bursts


def row(worker: Worker, batch: int, turns: dict, bursts: dict, args) -> dict:
    case, times = worker.case, turns[worker]
    median = statistics.median(times)
    result = {
        "case": case.name, "title": case.title, "batch": batch, "threads": args.threads,
        "peer": worker.peer.name, "peer_title": worker.peer.title, "error": worker.error,
        "median_ms": median, "least_ms": min(times), "most_ms": max(times), "turns_ms": times,
        "images_per_second": 1e3 * batch / median, **worker.opened,
    }
    if case in bursts:
        peak = max(burst["peak_gflops"] for all_of_case in bursts.values() for burst in all_of_case)
        gflop = statistics.median(b["gflops"] * b["median_ms"] / 1e3 for b in bursts[case])
        result |= {"peak_gflops": peak, "fraction": gflop * batch / (median / 1e3) / peak}
    for other in turns:
        if (other.case, other.peer) == (case, HILO):
            result |= report.ratio(times, turns[other], "ratio")
    return result


def generate(cases: Iterable[Case], batch: int, args) -> dict[Case, Library]:
    """HiLo's libraries for up to `batch` images; none where it is no peer."""
    libraries = {}
    for case in cases if HILO in args.peers else ():
        report.progress(f"{case.title}: generate and build")
        libraries[case] = library.make(args.hilo, case, args.output / case.name / "library", batch,
                                       args.precision)
    return libraries


def add_arguments(parser: argparse.ArgumentParser, name: str, peers: Iterable[str]):
    """Options of every program whose peers take turns; `name` and `peers` are its defaults."""
    parser.add_argument("--hilo", required=True, help="the hilo executable")
    parser.add_argument("--output", required=True, type=report.folder,
                        help="folder for all results")
    parser.add_argument("--name", default=name, help="of the results' files")
    parser.add_argument("--peers", nargs="+", type=Peer.parse, metavar=Peer.FORM,
                        default=[Peer.parse(peer) for peer in peers])
    parser.add_argument("--precision", choices=TOLERANCES, default="f32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--turn", type=float, default=0.5, help="seconds of a turn")
    parser.add_argument("--wait", choices=("passive", "default"), default="passive",
                        help="how OpenMP's threads wait; see cases.py")
    parser.add_argument("--plot", action=argparse.BooleanOptionalAction, default=True,
                        help="draws NAME.svg and NAME.png; needs matplotlib")


def settings(args) -> dict:
    return {key: vars(args)[key] for key in ("precision", "rounds", "turn", "threads", "wait")}


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", type=Case.parse, metavar=Case.FORM,
                        default=[Case.parse(x) for x in DEFAULT_CASES])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--layer-batches", nargs="+", type=int, default=[64])
    add_arguments(parser, name="peers", peers=TITLES)
    return parser.parse_args()


def main():
    args = arguments()
    rows = []
    for case in args.cases:
        batches = args.layer_batches if case.is_layer else [1] if case.task else args.batches
        libraries = generate([case], max(batches), args)
        for batch in batches:
            rows += measure({case: args.peers}, batch, libraries, args)
            write(rows, args, report.peer_table, report.peer_plot)
    print(report.peer_table(rows))


def write(rows: list[dict], args, table: Callable, plot: Callable):
    """Everything known so far, so that a run that ends early has not been in vain."""
    report.save(args.output / f"{args.name}.json", settings(args), rows)
    (args.output / f"{args.name}.md").write_text(table(rows))
    if args.plot:
        plot(rows, args.output / args.name)


if __name__ == "__main__":
    main()
