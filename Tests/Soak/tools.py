"""What the soak and the sanitizers' runs share: programs, the CPU, and a line of progress."""

import os
import platform
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# The exit codes of wrong options and of input that cannot be used, as hilo has them.
USAGE = 64
BAD_INPUT = 65

# What instruction sets need of /proc/cpuinfo, in HiLo's order; of that for a tile unit all but the unit, which vectors
# emulate.
_AVX2 = {"avx2", "fma"}
_AVX512 = _AVX2 | {"avx512f", "avx512bw", "avx512dq", "avx512vl"}
_AVX512_BF16 = _AVX512 | {"avx512_vnni", "avx512_bf16"}
_FEATURES = {
    "generic": set(),
    "avx2": _AVX2,
    "avx2vnni": _AVX2 | {"avx_vnni"},
    "avx512": _AVX512,
    "avx512vnni": _AVX512 | {"avx512_vnni"},
    "avx512bf16": _AVX512_BF16,
    "avx512amx": _AVX512_BF16,
    "neon": {"asimd"},
    "neondot": {"asimd", "asimddp"},
    "neonbf16": {"asimd", "asimddp", "i8mm", "bf16"},
}
_SINGLE = {"generic", "avx2", "avx512", "neon"}
# Those whose kernels of a precision are their own.
_SETS = {
    "f32": _SINGLE,
    "f32-by-bf16": _SINGLE,
    "bf16": _SINGLE | {"avx512bf16", "avx512amx", "neonbf16"},
    "int8": set(_FEATURES),
}


class Failure(Exception):
    """A check that did not hold, in words for people."""


@dataclass(frozen=True)
class Output:
    command: tuple[str, ...]
    code: int  # below 0: the number of a signal
    stdout: str
    stderr: str
    seconds: float

    @property
    def text(self) -> str:
        """The command and the end of what it said, to repeat and to understand a failure."""
        said = (self.stdout[-2000:] + self.stderr[-4000:]).strip()
        how = f"signal {-self.code}" if self.code < 0 else f"exit code {self.code}"
        return f"{shlex.join(self.command)}\n{how}\n{said}"


def run(command: Sequence[object], *, limit: float = 600,
        environment: Mapping[str, str] | None = None) -> Output:
    """Runs a program to its end; one that takes longer than `limit` seconds hangs."""
    words = tuple(str(word) for word in command)
    start = time.monotonic()
    try:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace", env={**os.environ, **(environment or {})},
            start_new_session=True)
    except OSError as error:
        raise Failure(f"{shlex.join(words)}\ncannot be started: {error.strerror}") from error
    try:
        stdout, stderr = process.communicate(timeout=limit)
    except BaseException as error:
        # What it has started itself is of its session, and ends with it.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise Failure(f"{shlex.join(words)}\nhangs: no end after {limit:.0f} s") from error
        raise
    return Output(words, process.returncode, stdout, stderr, time.monotonic() - start)


def end_on_termination() -> None:
    """Makes SIGTERM an exception, so that temporary folders and programs go too."""
    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)
    signal.signal(signal.SIGTERM, leave)


def succeed(command: Sequence[object], **options: object) -> Output:
    """Runs a program that must exit with 0."""
    output = run(command, **options)  # type: ignore[arg-type]
    if output.code != 0:
        raise Failure(output.text)
    return output


def sets(precision: str) -> list[str]:
    """All that have kernels of their own for a precision, in HiLo's order."""
    return [name for name in _FEATURES if name in _SETS[precision]]


def instruction_sets(precision: str = "f32") -> list[str]:
    """Those for a precision that this CPU runs, in HiLo's order; on systems without /proc generic alone."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        text = ""
    words = set(text.split())
    if platform.machine() in ("arm64", "aarch64"):
        words.add("asimd")
    return [name for name in sets(precision) if _FEATURES[name] <= words]


class Progress:
    """One line on a terminal that is written over; nothing elsewhere."""

    def __init__(self) -> None:
        self._shows = sys.stderr.isatty()

    def show(self, text: str) -> None:
        if self._shows:
            print(f"\r\033[K{text[:110]}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        self.show("")


def work_in_folder(program: str, keep: Path | None, work: Callable[[Path], int]) -> int:
    """The exit code of `work`, in the folder `keep`, or in one that is thrown away."""
    end_on_termination()
    try:
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            return work(keep.resolve())
        with tempfile.TemporaryDirectory(prefix=f"hilo-{program}-") as folder:
            return work(Path(folder))
    except Failure as problem:
        print(f"{program}: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
