"""HiLo's own numbers: every model, one thread and all, beside the peak of the CPU.

    make bench

Each library's harness alternates between the network and an FMA loop, so a fraction of the peak
is of one run. Also shown are the memory and the start of a process that uses the library.
"""

import argparse
import statistics

import library
import report
from cases import Case

CASES = ("litv2-s", "litv2-m", "litv2-b", "litv2-b-384", "hilo", "litv2-s-dense",
         "litv2-s-dense-800x1344", "litv2-s-dense-800x1344-w4")


def bench(case: Case, lib: library.Library, batches: list, args) -> list[dict]:
    """A row for every batch and number of threads; `speed_up` is over one thread.

    Numbers of threads take turns, and a speed-up is of one round.
    """
    rows = []
    for batch in batches:
        rounds = []
        for index in range(args.rounds):
            report.progress(f"{case.title}, batch {batch}: round {index + 1} of {args.rounds}")
            rounds.append([
                lib.bench(batch, threads, args.seconds / args.rounds, args.wait)
                for threads in args.threads])
        for results in zip(*rounds):
            row = sorted(results, key=lambda result: result["median_ms"])[len(results) // 2]
            rows.append({"title": case.title, "case": case.name, **row,
                         "speed_up": speed_up(results, rounds)})
    return rows


def speed_up(results: tuple, rounds: list) -> float | None:
    """How much faster `results` are than one thread, the median of all rounds."""
    single = [next((r for r in turn if r["threads"] == 1), None) for turn in rounds]
    if results[0]["threads"] == 1 or None in single:
        return None
    return statistics.median(
        one["median_ms"] / many["median_ms"] for one, many in zip(single, results))


def process(case: Case, lib: library.Library, args) -> dict:
    """What a process that opens the library and runs one input needs; times are medians."""
    report.progress(f"{case.title}: start and memory")
    threads = max(args.threads)
    lib.start(threads, args.wait)  # fills the file cache
    starts = [lib.start(threads, args.wait) for _ in range(args.starts)]
    milliseconds, memory = (statistics.median(column) for column in zip(*starts))
    weights = lib.weights.stat().st_size / 1e6
    return {
        "title": case.title, "weights_mb": weights, "memory_mb": memory,
        "memory_over_weights": memory / weights, "first_result_ms": milliseconds,
        "library_kb": lib.code_kb, "generate_s": lib.generate_seconds,
        "build_s": lib.build_seconds,
    }


def speed_table(rows: list[dict]) -> str:
    header = ["", "batch", "threads", "ms", "p10 – p90", "images/s", "GFLOP/s", "of FMA peak",
              "over 1 thread"]
    return report.markdown(header, [
        [row["title"], str(row["batch"]), str(row["threads"]), f"{row['median_ms']:.2f}",
         f"{row['p10_ms']:.2f} – {row['p90_ms']:.2f}", f"{row['images_per_second']:.1f}",
         f"{row['gflops']:.0f} / {row['peak_gflops']:.0f}", f"{100 * row['fraction']:.1f}%",
         f"{row['speed_up']:.2f}×" if row["speed_up"] else ""]
        for row in rows
    ])


def process_table(rows: list[dict]) -> str:
    header = ["", "weights MB", "peak memory MB", "× weights", "open to first result ms",
              "library KB", "generate s", "build s"]
    return report.markdown(header, [
        [row["title"], f"{row['weights_mb']:.0f}", f"{row['memory_mb']:.0f}",
         f"{row['memory_over_weights']:.2f}", f"{row['first_result_ms']:.0f}",
         f"{row['library_kb']:.0f}", f"{row['generate_s']:.1f}", f"{row['build_s']:.1f}"]
        for row in rows
    ])


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hilo", required=True, help="the hilo executable")
    parser.add_argument("--output", type=report.folder, required=True,
                        help="folder for all results")
    parser.add_argument("--cases", nargs="+", type=Case.parse, metavar=Case.FORM,
                        default=[Case.parse(name) for name in CASES])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--layer-batches", nargs="+", type=int, default=[64])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=4, help="of one row, all rounds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--isa", default="native", help="as of hilo generate")
    parser.add_argument("--starts", type=int, default=5, help="processes whose start is timed")
    parser.add_argument("--wait", choices=("passive", "default"), default="passive",
                        help="how OpenMP's threads wait; see cases.py")
    return parser.parse_args()


def main():
    args = arguments()
    speeds, processes = [], []
    for case in args.cases:
        report.progress(f"{case.title}: generate and build")
        batches = args.layer_batches if case.is_layer else [1] if case.dense else args.batches
        lib = library.make(args.hilo, case, args.output / case.name / "library", max(batches),
                           isa=args.isa)
        speeds += bench(case, lib, batches, args)
        processes.append(process(case, lib, args))
        settings = {key: vars(args)[key] for key in ("seconds", "rounds", "wait")}
        report.save(args.output / "own.json", settings,
                    [{"speed": speeds, "process": processes}])
    table = speed_table(speeds) + "\n" + process_table(processes)
    (args.output / "own.md").write_text(table)
    print(table)


if __name__ == "__main__":
    main()
