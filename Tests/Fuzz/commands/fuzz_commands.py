#!/usr/bin/env python3
"""Fuzzes the command line: files of every format that hilo reads, changed with their structure in
mind, each given to the commands that read it.

A case is named by FORMAT:INDEX and a seed, and is always the same. A fault is a signal, an exit code
other than 0, 1, 64, 65 and 73, more than 20 s or 2 GB, a control character in what is printed, or
files left behind.
Exit codes: 0 nothing found, 1 faults found, 64 usage, 70 the fuzzer itself failed.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import formats
import judge

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Python"))
from usage import Parser  # noqa: E402


class Worker:
    """Runs cases in a folder of its own."""

    def __init__(self, hilo: Path, library: Path, keep: Path | None, longest: float) -> None:
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.area = tempfile.TemporaryDirectory(prefix="hilo-fuzz-", dir=memory)
        self.folder = Path(self.area.name) / "work"
        self.cache = Path(self.area.name) / "cache"
        self.hilo, self.library, self.keep, self.longest = hilo, library, keep, longest
        self.environment = {
            **os.environ,
            "HILO_CACHE": str(self.cache),
            "OMP_NUM_THREADS": "1",
            "TMPDIR": self.area.name,
        }
        self.config = Path(self.area.name) / "network.yaml"
        shutil.copy(library.parent / "network.yaml", self.config)
        for name in ("library", "cache"):
            shutil.copytree(library.parent / name, Path(self.area.name) / name, symlinks=True)

    def run(self, each: formats.Format, seed: int, index: int) -> tuple[judge.Ending, list[str]]:
        data, command = each.input(seed, index)
        inputs = self._lay_out(each, data, command)
        arguments = self._arguments(command, f"input{each.extension}")
        os.chdir(self.folder)
        ending = judge.run(arguments, self.environment, self.longest)
        faults = judge.faults(ending, arguments)
        succeeded = ending.code == 0 and not ending.timed_out
        if succeeded and command.arguments.startswith("convert"):
            faults += self._read_back()
        faults += judge.stray_files(self.folder, inputs, set(command.outputs), succeeded)
        if faults and self.keep:
            self._keep(f"{each.name}-{seed}-{index}", ending, faults, arguments, command)
        return ending, faults

    def _lay_out(self, each: formats.Format, data: bytes, command: formats.Command) -> set[str]:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for left in self.cache.glob("tuning.json*"):
            left.unlink()
        name = f"input{each.extension}"
        (self.folder / name).write_bytes(data)
        if command.cache:
            (self.cache / "tuning.json").write_bytes(data)
        if each.name != "index":
            return {name}
        shutil.copy(formats.CHECKPOINTS / "layouts.safetensors", self.folder / "other.safetensors")
        return {name, "other.safetensors"}

    def _arguments(self, command: formats.Command, name: str) -> list[str]:
        words = {"FILE": name, "LIBRARY": "../library", "CONFIG": "../network.yaml"}
        return [str(self.hilo), *(words.get(word, word) for word in command.arguments.split(" "))]

    def _read_back(self) -> list[str]:
        """What hilo wrote it must read."""
        ending = judge.run(
            [str(self.hilo), "inspect", "out.safetensors"], self.environment, self.longest
        )
        return (
            [] if ending.code == 0 else [f"cannot read what it wrote: {ending.errors.decode()!r}"]
        )

    def _keep(
        self,
        name: str,
        ending: judge.Ending,
        faults: list[str],
        arguments: list[str],
        command: formats.Command,
    ) -> None:
        assert self.keep
        place = self.keep / name
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.folder, place)
        if command.cache:
            shutil.copytree(self.cache, place / "cache")
        (place / "stderr").write_bytes(ending.errors[:100000])
        (place / "stdout").write_bytes(ending.output[:100000])
        (place / "faults").write_text("\n".join([*faults, shlex.join(arguments)]) + "\n")


def cases(options: argparse.Namespace, job: int) -> Iterator[tuple[formats.Format, int]]:
    """Formats by turns, quick ones more often; a job has each `options.jobs`-th index."""
    chosen = [each for each in formats.all_formats(options.library) if each.name in options.format]
    rounds = 0
    while True:
        for each in chosen:
            for turn in range(each.turns):
                index = (rounds * each.turns + turn) * options.jobs + job
                if options.count is not None and index >= options.count:
                    return
                yield each, options.first + index
        rounds += 1


def work(
    options: argparse.Namespace, job: int, deadline: float, results: multiprocessing.Queue
) -> None:
    try:
        judge.limit_resources()
        worker = Worker(options.hilo, options.library, options.keep, options.timeout)
        for each, index in cases(options, job):
            if time.monotonic() >= deadline:
                break
            ending, faults = worker.run(each, options.seed, index)
            results.put((each.name, index, ending.code, ending.seconds, faults))
        results.put(None)
    except BaseException as error:
        results.put(f"a job broke off: {error!r}")
        raise


def prepare_library(hilo: Path, folder: Path) -> Path:
    """The library that `run` needs, generated and built once."""
    library = folder / "library"
    folder.mkdir(parents=True, exist_ok=True)
    text = (formats.ROOT / "Tests/Fuzz/targets/library.yaml").read_text()
    (folder / "network.yaml").write_text(
        text.replace("NAME: fuzzed", "NAME: fuzzed\n  NUM_CLASSES: 5")
    )
    if not library.exists():
        generate = [
            "generate",
            "--config",
            str(folder / "network.yaml"),
            "--isa",
            "generic",
            "--no-tuning",
            "--seed",
            "1",
            "--output",
            str(library),
        ]
        subprocess.run([str(hilo), *generate], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([str(hilo), "build", str(library)], check=True, stdout=subprocess.DEVNULL)
    # The machine is measured once for predictions; no case should wait for that.
    environment = {**os.environ, "HILO_CACHE": str(folder / "cache")}
    subprocess.run(
        [str(hilo), "plan", "--plan", str(library / "plan.json")],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    return library


class Tally:
    """What all cases came to."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.codes: dict[str, collections.Counter[int]] = collections.defaultdict(
            collections.Counter
        )
        self.faults: list[dict[str, object]] = []
        self.slowest = 0.0
        self.time: collections.Counter[str] = collections.Counter()
        self.broken: list[str] = []

    def add(self, name: str, index: int, code: int, seconds: float, faults: list[str]) -> None:
        self.codes[name][code] += 1
        self.slowest = max(self.slowest, seconds)
        self.time[name] += seconds
        if faults:
            self.faults.append({"case": f"{name}:{index}", "seed": self.seed, "faults": faults})
            print(
                f"fault: {name}:{index} (seed {self.seed}): {'; '.join(faults)}",
                file=sys.stderr,
                flush=True,
            )

    def report(self, seconds: float) -> dict[str, object]:
        total = sum(sum(counter.values()) for counter in self.codes.values())
        return {
            "executions": total,
            "seconds": round(seconds, 1),
            "seed": self.seed,
            "slowest_seconds": round(self.slowest, 2),
            "faults": self.faults,
            "broken": self.broken,
            "milliseconds_each": {
                name: round(1e3 * self.time[name] / sum(counter.values()), 1)
                for name, counter in self.codes.items()
            },
            "exit_codes": {
                name: dict(sorted(counter.items())) for name, counter in self.codes.items()
            },
        }


def collect(options: argparse.Namespace) -> dict[str, object]:
    results: multiprocessing.Queue = multiprocessing.Queue()
    start = time.monotonic()
    arguments = [
        (options, first, start + options.seconds, results) for first in range(options.jobs)
    ]
    jobs = [multiprocessing.Process(target=work, args=each) for each in arguments]
    tally = Tally(options.seed)
    for job in jobs:
        job.start()
    running = len(jobs)
    while running:
        result = results.get()
        if result is None or isinstance(result, str):
            running -= 1
            tally.broken += [result] if result else []
        else:
            tally.add(*result)
    for job in jobs:
        job.join()
    return tally.report(time.monotonic() - start)


def print_table(report: dict) -> None:
    print(f"{'format':<12} {'executions':>10} {'ms each':>8}  exit codes")
    for name, codes in report["exit_codes"].items():
        text = ", ".join(f"{code}: {count}" for code, count in codes.items())
        print(
            f"{name:<12} {sum(codes.values()):>10} {report['milliseconds_each'][name]:>8}  {text}"
        )
    print(
        f"{report['executions']} executions in {report['seconds']} s, "
        f"the slowest {report['slowest_seconds']} s, "
        f"seed {report['seed']}: {len(report['faults'])} faults"
    )


NAMES = ["pth", "safetensors", "index", "npy", "yaml", "plan", "records", "png", "jpeg", "labels"]


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hilo", type=Path, required=True, help="the program under test")
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--count", type=int, help="at most so many cases of each format")
    parser.add_argument("--first", type=int, default=0, help="the first index (default: 0)")
    parser.add_argument("--seed", type=int, default=1, help="which cases (default: 1)")
    parser.add_argument(
        "--format", action="append", choices=NAMES, help="may repeat (default: all)"
    )
    parser.add_argument("--jobs", type=int, default=1, help="cases at once (default: 1)")
    parser.add_argument(
        "--timeout", type=float, default=judge.LONGEST, help="seconds of a case (default: 20)"
    )
    parser.add_argument("--keep", type=Path, help="gets a folder for each case with a fault")
    parser.add_argument(
        "--folder", type=Path, default=Path("out/fuzz/commands"), help="for the library that runs"
    )
    parser.add_argument("--case", metavar="FORMAT:INDEX", help="repeats one case of the seed")
    parser.add_argument("--json", action="store_true", help="prints one JSON object")
    options = parser.parse_args(arguments)
    if options.case:
        name, _, index = options.case.partition(":")
        if name not in NAMES or not index.isdecimal():
            parser.error(f"--case {options.case}: expected FORMAT:INDEX, such as pth:120")
        options.format, options.first, options.count, options.jobs = [name], int(index), 1, 1
    options.format = options.format or NAMES
    return options


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    options.hilo = options.hilo.resolve()
    if options.keep:
        options.keep = options.keep.resolve()
        options.keep.mkdir(parents=True, exist_ok=True)
    try:
        options.library = prepare_library(options.hilo, options.folder.resolve())
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"fuzz: the library to run cannot be made: {error}", file=sys.stderr)
        return 70
    report = collect(options)
    print(json.dumps(report, indent=2)) if options.json else print_table(report)
    if report["broken"]:
        print(f"fuzz: {report['broken'][0]}", file=sys.stderr)
        return 70
    return 1 if report["faults"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
