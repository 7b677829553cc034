"""Memory, threads and open files of a process that makes and frees contexts for a long time."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tools import Failure, run, succeed

if TYPE_CHECKING:
    from check import Tools

# Ten thousand rounds take some ten seconds where the threads have cores of their own.
LIMIT = 1800

_SOURCE = Path(__file__).resolve().parent / "memory.c"
_CONFIGURATION = """\
MODEL:
  TYPE: litv2
  NAME: net
  NUM_CLASSES: 5
  LIT:
    EMBED_DIM: 8
    DEPTHS: [1, 1]
    NUM_HEADS: [1, 4]
    ALPHA: 0.5
    LOCAL_WS: [0, 2]
    HAS_MSA: [0, 1]
"""


def check_memory(tools: Tools, folder: Path, rounds: int,
                 say: Callable[[str], None]) -> list[dict[str, object]]:
    """A row for each compiler, team and kind of round; a failure where something grew."""
    if not sys.platform.startswith("linux"):
        return []
    library = folder / "memory"
    shutil.rmtree(library, ignore_errors=True)
    configuration = folder / "memory.yaml"
    configuration.write_text(_CONFIGURATION)
    succeed([tools.hilo, "generate", "--config", configuration, "--resolution", "16x24",
             "--resolution", "32x32", "--batch", 3, "--no-tuning", "--seed", 1, "--output", library])
    rows = []
    for compiler in tools.compilers:
        for team in ("openmp", "threads") if tools.teams else ("openmp",):
            say(f"{compiler}, {team}")
            rows += _check(tools, library, compiler, team, rounds)
    return rows


def _check(tools: Tools, library: Path, compiler: str, team: str,
           rounds: int) -> list[dict[str, object]]:
    option = ["--team", team] if tools.teams else []
    succeed([tools.hilo, "build", library, *option], environment={"HILO_CC": compiler})
    build = library / "build"
    program = build / "memory"
    succeed([compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", _SOURCE,
             f"-I{library}/include", "-o", program, f"-L{build}", "-lnet", f"-Wl,-rpath,{build}"])
    # Threads that spin while they wait would make it last ten times as long on a busy machine.
    output = run([program, library / "weights" / "net.safetensors", rounds], limit=LIMIT,
                 environment={"OMP_WAIT_POLICY": "passive"})
    rows = [{"compiler": compiler, "team": team, **json.loads(line)}
            for line in output.stdout.splitlines()]
    if output.code != 0 or len(rows) != 3:
        raise Failure(f"{compiler}, {team}\n{output.text}")
    return rows
