"""Runs one command and says what is wrong with how it went."""

from __future__ import annotations

import json
import os
import re
import resource
import select
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

#: 69 and 70 are no answers to bad input, 130 only to a signal.
ALLOWED = {0, 1, 64, 65, 73}
LONGEST = 20.0
#: So many times as long may pass where others use the processor.
PATIENCE = 4
MOST_MEMORY = 2 << 30
#: Address space is limited too, so that nothing takes the machine with it.
MOST_ADDRESSES = 6 << 30
#: A network may be asked for whose weights fill the disk; writing them then fails.
LARGEST_FILE = 64 << 20
#: What a terminal obeys: controls but line feeds and tabs, their eight-bit forms, separators, and
#: marks of direction.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass
class Ending:
    """How a command ended; `code` is negative for a signal."""

    code: int
    output: bytes
    errors: bytes
    seconds: float
    memory: int
    timed_out: bool


def limit_resources() -> None:
    """Of this process, and so of all that it starts."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # inherited: a write fails, and no signal comes


def run(arguments: list[str], environment: dict[str, str], longest: float) -> Ending:
    """In the working folder; posix_spawn, because a start costs as much as the rest."""
    files = [os.memfd_create("out"), os.memfd_create("err")]
    null = os.open(os.devnull, os.O_RDONLY)
    start = time.monotonic()
    try:
        process = os.posix_spawn(
            arguments[0],
            arguments,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, files[0], 1),
                (os.POSIX_SPAWN_DUP2, files[1], 2),
            ],
            setpgroup=0,
        )
        timed_out = not _ends(process, longest)
        if timed_out:
            os.killpg(process, signal.SIGKILL)
        _, status, usage = os.wait4(process, 0)
        texts = [_content(file) for file in files]
    finally:
        for file in [*files, null]:
            os.close(file)
    return Ending(
        os.waitstatus_to_exitcode(status),
        texts[0],
        texts[1],
        time.monotonic() - start,
        usage.ru_maxrss << 10,
        timed_out,
    )


def _ends(process: int, longest: float) -> bool:
    """Whether it ends in time. On a busy machine its own time counts, unless it only waits."""
    watched = os.pidfd_open(process)
    try:
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        for _ in range(PATIENCE):
            if poll.poll(longest * 1000):
                return True
            if _own_seconds(process) >= longest:
                return False
        return False
    finally:
        os.close(watched)


def _own_seconds(process: int) -> float:
    """What it has computed so far; fields 14 and 15 of its line, behind its name."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _content(file: int) -> bytes:
    size = os.lseek(file, 0, os.SEEK_END)
    return os.pread(file, min(size, 16 << 20), 0)


def faults(ending: Ending, arguments: list[str]) -> list[str]:
    """What breaks a promise, in words; folders are looked at by `stray_files`."""
    found = []
    if ending.timed_out:
        found.append(f"ran longer than {ending.seconds:.0f} s")
    elif ending.code < 0:
        found.append(f"ended by signal {-ending.code}")
    elif ending.code not in ALLOWED:
        found.append(f"exit code {ending.code}")
    elif ending.code != 0 and not ending.errors.strip():
        found.append(f"exit code {ending.code} without a word")
    if ending.memory > MOST_MEMORY:
        found.append(f"took {ending.memory >> 20} MB")
    found += _faults_of_texts(ending)
    if "--json" in arguments and ending.code == 0:
        found += _faults_of_json(ending.output)
    return found


def _faults_of_texts(ending: Ending) -> list[str]:
    found = []
    for name, content in (("stdout", ending.output), ("stderr", ending.errors)):
        text = content.decode("utf-8", "replace")
        obeyed = OBEYED.search(text)
        if obeyed:
            found.append(f"{name} holds the control character {obeyed.group()!r}")
    return found


def _faults_of_json(output: bytes) -> list[str]:
    try:
        json.loads(output)
        return []
    except ValueError as error:
        return [f"stdout is no JSON: {error}"]


def stray_files(folder: Path, inputs: set[str], outputs: set[str], succeeded: bool) -> list[str]:
    """Files that should not be there, or should; removes all but the inputs."""
    present = {entry.name for entry in folder.iterdir()}
    found = [
        f"left {name}" for name in sorted(present - inputs - (outputs if succeeded else set()))
    ]
    if succeeded:
        found += [f"did not write {name}" for name in sorted(outputs - present)]
    for name in present - inputs:
        place = folder / name
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()
    return found
