"""HiLo's side of a benchmark: generates and builds a library, and runs its harness."""

import json
import os
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cases import DIM, HEADS, LIBRARY_NAME, Case, calibration_images, environment

HERE = Path(__file__).resolve().parent


def site(folder: Path) -> Path:
    """Where a library's wheel is unpacked, beside its folder: a module can be imported from there."""
    return folder.with_name(folder.name + "-wheel")


@dataclass(frozen=True)
class Library:
    folder: Path
    generate_seconds: float
    build_seconds: float

    @property
    def harness(self) -> Path:
        return self.folder / "build" / f"harness_{LIBRARY_NAME}"

    @property
    def weights(self) -> Path:
        return self.folder / "weights" / f"{LIBRARY_NAME}.safetensors"

    @property
    def code_kb(self) -> float:
        """Size of the shared library, which holds no weights."""
        return (self.folder / "build" / f"lib{LIBRARY_NAME}.so").stat().st_size / 1e3

    def bench(self, batch: int, threads: int, seconds: float, wait: str) -> dict:
        """The harness's own measurement: median_ms, gflops, peak_gflops, fraction, …"""
        command = [self.harness, "bench", "--weights", self.weights, "--json"]
        command += ["--batch", str(batch), "--threads", str(threads), "--seconds", str(seconds)]
        result = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, env=environment(threads, wait))
        return json.loads(result.stdout)

    def start(self, threads: int, wait: str) -> tuple[float, float]:
        """Milliseconds from before a C process to its first result, and its peak memory in MB.

        The kernel counts the caller's memory too until the new program begins, so the caller must
        be smaller than what it measures.
        """
        program = self.folder / "build" / "start"
        if not program.exists():
            subprocess.run(
                ["cc", "-O2", HERE / "start.c", "-I", self.folder / "include", "-o", program,
                 "-L", program.parent, f"-l{LIBRARY_NAME}", f"-Wl,-rpath,{program.parent}"],
                check=True)
        begin = time.clock_gettime(time.CLOCK_MONOTONIC)
        process = subprocess.Popen(
            [program, self.weights, str(threads)], stdout=subprocess.PIPE,
            env=environment(threads, wait))
        with process.stdout as answer:
            end = answer.read().split()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{program} ended with {process.returncode}; its message is above")
        return 1e3 * (float(end[0]) - begin), usage.ru_maxrss * 1024 / 1e6


def seconds_of(command: list) -> float:
    start = time.perf_counter()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def network_options(case: Case) -> list:
    if case.is_layer:
        model = "window" if case.network == "shifted" else case.network
        options = ["--model", model, "--dim", DIM, "--heads", HEADS]
        for name, value in case.parameters.items():
            options += [f"--{name.replace('_', '-')}", value]
        return options
    if case.network == "digits":
        return ["--config", HERE.parent / "Examples" / "digits" / "digits.yaml"]
    options = ["--model", case.network, "--window", case.window]
    return options + (["--task", case.task] if case.task else [])


def weight_options(case: Case, folder: Path) -> list:
    """A seed, or a file where the weights are not those that a seed gives."""
    if not case.plain and not case.head and case.network != "shifted":
        return ["--seed", 1]
    weights = folder.with_suffix(".safetensors")
    folder.parent.mkdir(parents=True, exist_ok=True)
    write = [sys.executable, HERE / "weights.py", case.name, weights]
    subprocess.run([str(part) for part in write], check=True)
    return ["--checkpoint", weights]


def make(hilo: str, case: Case, folder: Path, batch: int, precision: str = "f32",
         isa: str = "native", team: str = "threads") -> Library:
    """Generates and builds the library of a case for up to `batch` images."""
    calibration = []
    if precision == "int8":
        folder.parent.mkdir(parents=True, exist_ok=True)
        images = folder.with_suffix(".calibration.npy")
        np.save(images, calibration_images(case))
        # All layers: what is kept for the sake of answers would depend on weights that nobody trained.
        calibration = ["--calibration", images, "--max-drop", 1]
    generate = seconds_of([
        hilo, "generate", *network_options(case), *weight_options(case, folder), "--resolution",
        case.resolution, "--precision", precision, *calibration, "--isa", isa, "--batch", batch,
        "--name", LIBRARY_NAME, "--output", folder])
    return Library(folder, generate, seconds_of([hilo, "build", folder, "--team", team]))


def unpack_wheel(hilo: str, lib: Library):
    """The library as a Python module."""
    folder = site(lib.folder)
    folder.mkdir(exist_ok=True)
    command = [hilo, "package", lib.folder, "--wheel", "--output", folder]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(folder)
        wheel.unlink()
