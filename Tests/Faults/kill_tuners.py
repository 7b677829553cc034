#!/usr/bin/env python3
"""Eight programs add records to one tuning database and are killed at moments by chance.

    kill_tuners.py --hilo .build/release/hilo              by `hilo tune --merge`, a process a merge
    kill_tuners.py --merge-records .build/release/merge-records

What was acknowledged must be in the database ever after, whoever else writes and whoever is killed;
whoever reads finds a whole file; nothing is set aside as damaged. Exit codes: 0 all well, 1 something was
not, 64 usage.
"""

import argparse
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python"))
from usage import Parser  # noqa: E402

HERE = Path(__file__).resolve().parent


class Writer:
    """One who adds records until all are acknowledged, however often it is killed."""

    def __init__(self, number: int, arguments: argparse.Namespace, scratch: Path):
        self.number = number
        self.arguments = arguments
        self.scratch = scratch
        self.acknowledged = 0
        self.kills = 0
        self.complaints: list[str] = []
        self.lock = threading.Lock()
        self.process: subprocess.Popen | None = None

    def work(self) -> None:
        while self.acknowledged < self.arguments.records and not self.complaints:
            if self.arguments.merge_records:
                self._merge_on()
            else:
                self._merge_once()

    def kill(self) -> None:
        """Only a program of our own that is known to be there: its number cannot be another's."""
        with self.lock:
            if self.process is not None and self.process.poll() is None:
                self.process.kill()

    def _run(self, command: list[str]) -> subprocess.Popen:
        environment = {"PATH": "/usr/bin:/bin", "HILO_CACHE": str(self.scratch / "cache"),
                       "HOME": str(self.scratch)}
        with self.lock:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, env=environment)
            return self.process

    def _merge_on(self) -> None:
        """A program that says after each merge how many of its records are in."""
        program, count = self.arguments.merge_records, self.arguments.records
        process = self._run([
            program, str(self.scratch / "cache" / "tuning.json"), str(self.number),
            str(self.acknowledged), str(count), str(self.arguments.batch)])
        assert process.stdout and process.stderr
        for line in process.stdout:
            # A line that was cut short acknowledges nothing.
            if line.endswith("\n"):
                self.acknowledged = int(line)
        self._end(process, process.stderr.read())

    def _merge_once(self) -> None:
        """`hilo tune --merge`, which acknowledges by ending well."""
        first = self.acknowledged
        end = min(first + self.arguments.batch, self.arguments.records)
        file = self.scratch / f"writer{self.number}.json"
        file.write_text(json.dumps({
            "version": 1, "records": [self._record(number) for number in range(first, end)]}))
        process = self._run([self.arguments.hilo, "tune", "--merge", str(file)])
        _, said = process.communicate()
        self._end(process, said)
        if process.returncode == 0:
            self.acknowledged = end

    def _record(self, number: int) -> dict:
        """As merge-records makes them."""
        record = json.loads(json.dumps(self.arguments.record))
        record["machine"] |= {"processor": f"writer {self.number}"}
        return record | {"batch": number + 1}

    def _end(self, process: subprocess.Popen, said: str) -> None:
        code = process.wait()
        if code == -signal.SIGKILL:
            self.kills += 1
        elif code != 0 or said:
            self.complaints.append(f"writer {self.number}: exit {code}: {said.strip()[:300]}")


def records_in(path: Path) -> set[tuple[str, int]]:
    """Writers and numbers; raises ValueError for a file that is not whole."""
    if not path.exists():
        return set()
    records = json.loads(path.read_text())["records"]
    found = [(record["machine"]["processor"], record["batch"]) for record in records]
    if len(set(found)) != len(found):
        raise ValueError("a record is there twice")
    return set(found)


def missing(writers: list[Writer], counts: list[int], path: Path) -> list[str]:
    """What was acknowledged and is not there."""
    try:
        found = records_in(path)
    except (ValueError, KeyError) as error:
        return [f"the database is damaged: {error}"]
    lost = [(f"writer {writer.number}", number + 1)
            for writer, count in zip(writers, counts) for number in range(count)
            if (f"writer {writer.number}", number + 1) not in found]
    return [f"{len(lost)} acknowledged records are lost, such as {lost[0]}"] if lost else []


def watch(writers: list[Writer], path: Path, pause: float) -> tuple[int, list[str]]:
    """Kills by chance and reads in between, until all writers are through."""
    looks, complaints = 0, []
    next_look = 0.0
    while any(thread.is_alive() for thread in threading.enumerate() if thread.name == "writer"):
        time.sleep(random.uniform(0, 2 * pause))
        random.choice(writers).kill()
        if time.monotonic() < next_look:
            continue
        # What is acknowledged now must be in what is read later.
        counts = [writer.acknowledged for writer in writers]
        complaints += missing(writers, counts, path)
        looks += 1
        next_look = time.monotonic() + 1
        progress(sum(counts), sum(writer.kills for writer in writers))
        if complaints:
            for writer in writers:
                writer.complaints.append("stopped")
    return looks, complaints


def progress(records: int, kills: int) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{records} records, {kills} kills", end="", file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = Parser(
        description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hilo", help="the command line")
    parser.add_argument("--merge-records", metavar="PROGRAM", help="built from merge-records")
    parser.add_argument("--processes", type=int, default=8, metavar="N")
    parser.add_argument("--records", type=int, default=1000, metavar="N", help="of each process")
    parser.add_argument("--batch", type=int, default=20, metavar="N", help="records of one merge")
    parser.add_argument("--pause", type=float, default=0.1, metavar="S",
                        help="between two kills, on average")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    arguments = parser.parse_args()
    if (arguments.hilo is None) == (arguments.merge_records is None):
        parser.error("give one of --hilo and --merge-records")
    if min(arguments.processes, arguments.records, arguments.batch) < 1:
        parser.error("--processes, --records and --batch are at least 1")
    return arguments


def base_record(hilo: str | None) -> dict:
    """A record for the plans that this HiLo makes."""
    record = json.loads((HERE / "records.json").read_text())["records"][0]
    if hilo:
        said = subprocess.run([hilo, "--version"], capture_output=True, text=True, check=True).stdout
        record["machine"]["generator"] = int(re.search(r"plan (\d+)", said)[1])
    return record


def main() -> int:
    arguments = parse_arguments()
    random.seed(arguments.seed)
    scratch = Path(tempfile.mkdtemp(prefix="hilo-tuners-"))
    try:
        return perform(arguments, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def perform(arguments: argparse.Namespace, scratch: Path) -> int:
    (scratch / "cache").mkdir()
    path = scratch / "cache" / "tuning.json"
    arguments.record = base_record(arguments.hilo)
    writers = [Writer(number, arguments, scratch) for number in range(arguments.processes)]
    start = time.monotonic()
    threads = [threading.Thread(target=writer.work, name="writer") for writer in writers]
    for thread in threads:
        thread.start()
    looks, complaints = watch(writers, path, arguments.pause)
    for thread in threads:
        thread.join()
    complaints += [words for writer in writers for words in writer.complaints if words != "stopped"]
    complaints += missing(writers, [writer.acknowledged for writer in writers], path)
    names = sorted(file.name for file in path.parent.iterdir())
    complaints += [f"set aside: {name}" for name in names if ".corrupt-" in name]
    left = len([name for name in names if name.endswith(".tmp")])
    kills = sum(writer.kills for writer in writers)
    print(f"{arguments.processes} processes, {sum(writer.acknowledged for writer in writers)} records "
          f"acknowledged, {kills} kills, {looks} looks in between; {left} temporary files left by "
          f"kills; {len(complaints)} wrong, {time.monotonic() - start:.0f} s")
    for words in complaints[:20]:
        print(f"  WRONG {words}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
