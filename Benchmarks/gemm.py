"""HiLo's matrix products beside OpenBLAS's: same shapes, same threads, taking turns.

    make bench-gemm

OpenBLAS multiplies and nothing else; HiLo's kernels also add the bias, and a residual or GELU where
their name says so. Both meet weights that are not in the caches.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
from pathlib import Path

import library
import report
from cases import Case, environment

HERE = Path(__file__).resolve().parent
SHAPE = re.compile(r"_gemm_(\d+)x(\d+)x(\d+)_")


def build_openblas(folder: Path) -> Path:
    program = folder / "openblas"
    subprocess.run(["cc", "-O2", HERE / "openblas.c", "-o", program, "-lopenblas"], check=True)
    return program


def kernels(lib: library.Library) -> list[str]:
    lines = subprocess.run(
        [lib.harness, "kernels"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    names = [json.loads(line)["name"] for line in lines]
    return [name for name in names if SHAPE.search(name)]


def hilo_turn(lib: library.Library, name: str, args) -> tuple[float, float]:
    """Milliseconds, and the peak in GFLOP/s."""
    result = subprocess.run(
        [lib.harness, "time", "--kernel", name, "--threads", str(args.threads), "--seconds",
         str(args.turn), "--rounds", "1000", "--json"],
        check=True, stdout=subprocess.PIPE, env=environment(args.threads, "default"))
    answer = json.loads(result.stdout)
    return answer["kernels"][0]["median_ms"], answer["peak_gflops"]


def openblas_turn(program: Path, shape: tuple, args) -> float:
    variables = environment(args.threads, "default") | {"OPENBLAS_NUM_THREADS": str(args.threads)}
    if args.core_type:
        variables["OPENBLAS_CORETYPE"] = args.core_type
    result = subprocess.run(
        [str(part) for part in (program, *shape, args.turn)], check=True, stdout=subprocess.PIPE,
        env=variables)
    return float(result.stdout)


def compare(lib: library.Library, program: Path, name: str, args) -> list[str]:
    shape = tuple(int(side) for side in SHAPE.search(name).groups())
    gflop = 2e-9 * shape[0] * shape[1] * shape[2]
    rounds = [(*hilo_turn(lib, name, args), openblas_turn(program, shape, args))
              for _ in range(args.rounds)]
    own, peaks, theirs = zip(*rounds)
    shares = [1e3 * gflop / statistics.median(times) / max(peaks) for times in (own, theirs)]
    return [" × ".join(str(side) for side in shape), *(f"{share:.0%}" for share in shares),
            report.times(report.ratio(theirs, own, "ratio"), "ratio")]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hilo", required=True, help="the hilo executable")
    parser.add_argument("--output", required=True, type=Path, help="folder for the library")
    parser.add_argument("--case", type=Case.parse, default=Case.parse("litv2-s"))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turn", type=float, default=0.3, help="seconds of a turn")
    parser.add_argument("--core-type", help="OPENBLAS_CORETYPE, such as SkylakeX")
    args = parser.parse_args()
    lib = library.make(args.hilo, args.case, args.output / f"gemm-{args.case.name}", 1)
    program = build_openblas(args.output)
    lines = []
    for name in kernels(lib):
        report.progress(name)
        lines.append(compare(lib, program, name, args))
    print(report.markdown(["rows × K × N", "HiLo, of peak", "OpenBLAS", "HiLo is faster by"], lines))


if __name__ == "__main__":
    main()
