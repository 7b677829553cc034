"""Runs a program with disk_faults.c in front of the C library."""

import dataclasses
import os
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# In the order of disk_faults.c.
KINDS = ("write", "fsync", "open", "rename", "mkdir", "unlink", "truncate", "link", "close", "look",
         "lock", "all")


@dataclasses.dataclass(frozen=True)
class Fault:
    """The call that fails, and how."""

    kind: str
    number: int
    action: str
    sticky: bool = False

    @property
    def kills(self) -> bool:
        return self.action in ("kill", "tear")

    def __str__(self) -> str:
        later = " and all later ones" if self.sticky else ""
        return f"{self.kind} {self.number}{later}: {self.action}"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a program ended."""

    code: int | None
    signal: int | None
    said: str
    seconds: float
    counts: dict[str, int]
    hit: str

    @property
    def ending(self) -> str:
        if self.signal is not None:
            return f"ended by {signal.Signals(self.signal).name}"
        return "hangs" if self.code is None else f"exit {self.code}"


class Injector:
    """A folder for the library, its counters, and a home for the programs that are run."""

    def __init__(self, scratch: Path, limit: float):
        self.scratch = scratch
        self.limit = limit
        self.library = scratch / "disk_faults.so"
        for name in ("home", "tmp", "cache"):
            (scratch / name).mkdir(exist_ok=True)
        compiler = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
        if compiler is None:
            raise SystemExit("faults.py: no C compiler was found (cc, gcc or clang)")
        subprocess.run(
            [compiler, "-std=c11", "-Wall", "-Wextra", "-O1", "-fPIC", "-shared",
             str(HERE / "disk_faults.c"), "-o", str(self.library), "-ldl"], check=True)

    def environment(self, changes: dict[str, str | None] | None = None) -> dict[str, str]:
        """That of a user with a home, a cache and a temporary folder of their own."""
        result = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.scratch / "home"),
            "HILO_CACHE": str(self.scratch / "cache"), "TMPDIR": str(self.scratch / "tmp")}
        if "LD_LIBRARY_PATH" in os.environ:
            result["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        for name, value in (changes or {}).items():
            result.pop(name, None)
            if value is not None:
                result[name] = value
        return result

    def run(self, command: list[str], cwd: Path, watched: Path | None = None,
            fault: Fault | None = None, changes: dict[str, str | None] | None = None,
            children: bool = False, plain_rename: bool = False) -> Outcome:
        """Runs a command, counting its calls about files in `watched`."""
        environment = self.environment(changes)
        counts, log = self.scratch / "counts", self.scratch / "log"
        counts.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        if watched is not None:
            environment |= self._orders(watched, counts, log, fault, children, plain_rename)
        return self._run(command, cwd, environment, counts, log)

    def _orders(self, watched: Path, counts: Path, log: Path, fault: Fault | None, children: bool,
                plain_rename: bool) -> dict[str, str]:
        orders = {
            "LD_PRELOAD": str(self.library), "DISK_FAULT_FOLDER": str(watched.resolve()),
            "DISK_FAULT_COUNTS": str(counts), "DISK_FAULT_LOG": str(log)}
        if children:
            orders["DISK_FAULT_CHILDREN"] = "1"
        if plain_rename:
            orders["DISK_FAULT_PLAIN_RENAME"] = "1"
        if fault is not None:
            orders |= {"DISK_FAULT_KIND": fault.kind, "DISK_FAULT_AT": str(fault.number),
                       "DISK_FAULT_ACTION": fault.action}
            if fault.sticky:
                orders["DISK_FAULT_STICKY"] = "1"
        return orders

    def _run(self, command: list[str], cwd: Path, environment: dict[str, str], counts: Path,
             log: Path) -> Outcome:
        start = time.monotonic()
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        try:
            said, _ = process.communicate(timeout=self.limit)
            code = process.returncode
        except subprocess.TimeoutExpired:
            # The group is this program's own, and holds what it started.
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
            code = None
        return Outcome(
            code=code if code is None or code >= 0 else None,
            signal=-code if code is not None and code < 0 else None,
            said=said.decode(errors="replace"), seconds=time.monotonic() - start,
            counts=_read_counts(counts), hit=log.read_text().strip() if log.exists() else "")


def _read_counts(path: Path) -> dict[str, int]:
    if not path.exists():
        return dict.fromkeys(KINDS, 0)
    return dict(zip(KINDS, struct.unpack(f"{len(KINDS)}Q", path.read_bytes())))
