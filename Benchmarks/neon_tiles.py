"""The inner loop of a GEMM's tile on AArch64, counted in what the compiler makes of it.

    make build
    python3 Benchmarks/neon_tiles.py                    # a table of all tiles
    python3 Benchmarks/neon_tiles.py --tiles 8x2 --listing

A tile of R rows x V vectors has R V sums in registers. What is counted belongs to VF_FMA_LANES steps
down K: multiply-adds, floats loaded in vectors of four (a pair counts as two, a broadcast as one), moves
between registers, and what goes to the stack and back because there were too few of them.
`--broadcast` is the loop without lanes, as other instruction sets have it.
"""

import argparse
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLAGS = "-O3 -std=gnu11 -ffp-contract=off -fno-math-errno -S -o - -xc -".split()
COMPILERS = {"gcc": "aarch64-linux-gnu-gcc", "clang": "clang --target=aarch64-linux-gnu"}
TILES = "4x4 5x4 6x4 2x8 3x8 6x2 7x2 8x2 9x2 10x2 11x2 12x2 16x1 20x1 24x1 28x1"
SOURCE = """
#include "simd_neon.h"
#include "gemm_tile.h"
void tile(const gemm_tile *t)
{
    enum { K = 384, N = 1536 };
    static const gemm_constants c = { K, K, N, %d, EPILOGUE_NONE, K, 0, .depth = K };
    gemm_compute(*t, c, %d, %d * VF_LANES);
}
"""
STEPS = 4


def headers(hilo: str, folder: Path, broadcast: bool) -> Path:
    """Those of a small library, as kernels include them."""
    library = folder / "library"
    subprocess.run(
        [hilo, "generate", "--config", ROOT / "Examples/tiny.yaml", "--isa", "neon", "--seed", "0",
         "--no-tuning", "--output", library], check=True, stdout=subprocess.DEVNULL)
    if broadcast:
        tile = library / "src/gemm_tile.h"
        tile.write_text(tile.read_text().replace("#ifdef VF_FMA_LANES", "#if 0"))
    return library / "src"


def innermost_loop(assembly: str) -> list[str]:
    """From the label that a branch jumps back to: the shortest such loop with most multiply-adds."""
    lines = [line.split("//")[0].strip() for line in assembly.splitlines()]
    labels = {line[:-1]: at for at, line in enumerate(lines) if line.endswith(":")}
    loops = []
    for at, line in enumerate(lines):
        target = re.search(r"^(?:b\.?\w*|cb\w+|tb\w+)\s.*?(\.L\w+)$", line)
        if target and labels.get(target[1], at) < at:
            body = lines[labels[target[1]]:at + 1]
            loops.append([each for each in body if each and not each.startswith(".")])
    return max(loops, key=lambda body: (sum("fmla" in each for each in body), -len(body)))


def count(loop: list[str]) -> dict[str, float]:
    def number(pattern: str) -> int:
        return sum(bool(re.search(pattern, line)) for line in loop)

    fmas = number(r"^fmla")
    memory = [line for line in loop if "[sp" not in line]
    loads = sum(len(re.findall(r"\bq\d+", line)) for line in memory if line.startswith("ld"))
    loads += sum(bool(re.match(r"ld1r|ldr\s+s", line)) for line in memory)
    return {
        "fma": fmas, "loads": loads, "moves": number(r"^(mov|dup)\s+v"),
        "spills": number(r"^(st|ld).*\[sp"), "all": len(loop)}


def loop_of(compiler: str, includes: Path, rows: int, vectors: int) -> list[str]:
    return innermost_loop(subprocess.run(
        shlex.split(compiler) + ["-I", includes] + FLAGS, check=True, text=True,
        input=SOURCE % (vectors, rows, vectors), stdout=subprocess.PIPE).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tiles", nargs="+", default=TILES.split(), metavar="RxV")
    parser.add_argument("--compilers", nargs="+", default=list(COMPILERS), choices=list(COMPILERS))
    parser.add_argument("--broadcast", action="store_true")
    parser.add_argument("--listing", action="store_true", help="print the loops")
    parser.add_argument("--hilo", default=ROOT / ".build/release/hilo", metavar="FILE")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table(args, headers(args.hilo, Path(folder), args.broadcast))


def table(args, includes: Path) -> None:
    print("| tile | compiler | multiply-adds | loads | ratio | moves | spills | instructions |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for tile in args.tiles:
        rows, vectors = map(int, tile.split("x"))
        for name in args.compilers:
            loop = loop_of(COMPILERS[name], includes, rows, vectors)
            found = count(loop)
            scale = STEPS * rows * vectors / found["fma"]  # a loop can hold more or fewer steps
            numbers = " | ".join(f"{found[each] * scale:.0f}" for each in ("moves", "spills", "all"))
            print(f"| {tile} | {name} | {found['fma'] * scale:.0f} | {found['loads'] * scale:.0f} | "
                  f"{found['fma'] / found['loads']:.2f} | {numbers} |")
            if args.listing:
                print("\n".join(f"    {line}" for line in loop))


if __name__ == "__main__":
    main()
