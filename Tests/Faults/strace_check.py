"""Compares what disk_faults.c counts with what strace sees, so that no call slips by."""

import re
import shutil
import subprocess
from pathlib import Path

from injection import Injector
from judging import Bench
from scenarios import Scenario

CALLS = {
    "write": "write", "pwrite64": "write", "writev": "write", "sendfile": "write",
    "copy_file_range": "write", "pwritev": "write", "pwritev2": "write", "fsync": "fsync",
    "fdatasync": "fsync", "rename": "rename", "renameat": "rename", "renameat2": "rename",
    "mkdir": "mkdir", "mkdirat": "mkdir", "unlink": "unlink", "unlinkat": "unlink",
    "rmdir": "unlink", "ftruncate": "truncate", "truncate": "truncate", "fallocate": "truncate",
    "link": "link", "linkat": "link", "symlink": "link", "symlinkat": "link", "creat": "open",
    "flock": "lock"}
# The C library opens and closes folders by calls of its own when it walks through them, which nothing
# can stand in front of; they change nothing.
KINDS = sorted(set(CALLS.values()) - {"close"})
LINE = re.compile(r"^\d+ +(\w+)\((.*)")


def perform(hilo: str, injector: Injector, chosen: list[Scenario]) -> int:
    """Prints both counts of each scenario; 1 where they differ."""
    if shutil.which("strace") is None:
        print("SKIPPED: strace is not installed")
        return 0
    wrong = 0
    for scenario in chosen:
        if scenario.children:
            print(f"{scenario.name:22} SKIPPED: counts its children too")
            continue
        bench = Bench(hilo, injector, scenario)
        seen = _seen(hilo, injector, bench)
        both = {kind: (bench.counts[kind], seen.get(kind, 0)) for kind in KINDS}
        differing = {kind: pair for kind, pair in both.items() if pair[0] != pair[1]}
        words = ", ".join(f"{kind} {mine} but strace {theirs}"
                          for kind, (mine, theirs) in differing.items())
        print(f"{scenario.name:22} {bench.counts['all']} calls: {words or 'all counted'}")
        wrong += bool(words)
    return 1 if wrong else 0


def _seen(hilo: str, injector: Injector, bench: Bench) -> dict[str, int]:
    """Calls of the program itself about files in the area, by kind."""
    bench.reset()
    trace = injector.scratch / "trace"
    scenario = bench.scenario
    environment = injector.environment(scenario.changes(bench.area))
    # -ff: a file a process, of which the first is the program; threads have files of their own.
    for old in injector.scratch.glob("trace*"):
        old.unlink()
    subprocess.run(
        ["strace", "-f", "-y", "-s", "400", "-o", str(trace), "-e",
         "trace=" + ",".join([*CALLS, "open", "openat", "execve"]), hilo,
         *scenario.arguments(bench.area)],
        cwd=bench.area / scenario.cwd, env=environment, check=True, capture_output=True)
    counts: dict[str, int] = {}
    for line in _own_lines(trace):
        kind = _kind(line, str(bench.area), bench.area / scenario.cwd)
        if kind:
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def _own_lines(trace: Path) -> list[str]:
    """Without those of started programs: of threads whose process called execve, all lines."""
    lines = trace.read_text(errors="replace").splitlines()
    first = lines[0].split(" ", 1)[0]
    started = {line.split(" ", 1)[0] for line in lines if " execve(" in line} - {first}
    return [line for line in lines if line.split(" ", 1)[0] not in started]


def _kind(line: str, area: str, cwd: Path) -> str | None:
    found = LINE.match(line)
    if not found or "resumed>" in line:
        return None
    name, arguments = found.groups()
    if name in ("open", "openat"):
        paths = re.findall(r'"([^"]*)"', arguments)
        is_changed = re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", arguments)
        return "open" if is_changed and _is_in(paths[:1], area, cwd) else None
    kind = CALLS.get(name)
    if kind in ("write", "fsync", "lock") or name == "ftruncate":
        place = re.match(r"\d+<([^>]*)>", arguments)
        # Pipes and sockets have no place.
        return kind if place and place[1].startswith("/") and _is_in([place[1]], area, cwd) else None
    paths = re.findall(r'"([^"]*)"', arguments)
    return kind if _is_in(paths[-1:], area, cwd) else None


def _is_in(paths: list[str], area: str, cwd: Path) -> bool:
    places = [path if path.startswith("/") else f"{cwd}/{path}" for path in paths]
    return any(place == area or place.startswith(area + "/") for place in places)
