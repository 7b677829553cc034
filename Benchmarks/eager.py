"""LITv2-S against PyTorch eager: same weights, same images, alternating rounds, medians and ratios.

    make bench-eager

Each peer has a process of its own; outputs are compared before anything is timed.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Worker:
    def __init__(self, peer, *arguments):
        command = [sys.executable, "-W", "ignore", str(HERE / "worker.py"), peer, *arguments]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.output = self.read()["output"]

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a peer ended before it answered; its message is above")
        return json.loads(line)

    def run(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(hilo, library, model, batch, threads, rounds, runs):
    common = ["--model", model, "--batch", str(batch), "--threads", str(threads)]
    peers = {
        "hilo": Worker("hilo", "--library", library, *common),
        "eager": Worker("eager", *common),
    }
    scale = max(map(abs, peers["eager"].output))
    error = max(abs(a - b) for a, b in zip(peers["hilo"].output, peers["eager"].output))
    if not error <= 1e-4 * scale:
        raise SystemExit(f"outputs differ by {error:.3g}, more than 1e-4 of {scale:.3g}")
    for peer in peers.values():
        peer.run(max(1, runs // 2))  # warm-up
    medians = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            medians[name].append(statistics.median(peer.run(runs)))
    for peer in peers.values():
        peer.close()
    ratios = sorted(b / a for a, b in zip(medians["hilo"], medians["eager"]))
    return {
        "model": model, "batch": batch, "threads": threads, "rounds": rounds, "error": error,
        "hilo_ms": statistics.median(medians["hilo"]),
        "eager_ms": statistics.median(medians["eager"]),
        "ratio": statistics.median(ratios), "ratio_min": ratios[0], "ratio_max": ratios[-1],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hilo", required=True, help="the hilo executable")
    parser.add_argument("--output", required=True, help="folder for the library and results.json")
    parser.add_argument("--model", default="litv2-s")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    library = str(Path(args.output) / args.model)
    generate = [args.hilo, "generate", "--model", args.model, "--seed", "1", "--output", library]
    subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([args.hilo, "build", library], check=True, stdout=subprocess.DEVNULL)
    rows = []
    print(f"{'batch':>5} {'HiLo ms':>9} {'eager ms':>9} {'faster':>7}  (least – most of {args.rounds} rounds)")
    for batch, runs in ((1, 8), (8, 2)):
        row = compare(args.hilo, library, args.model, batch, args.threads, args.rounds, runs)
        rows.append(row)
        print(
            f"{batch:>5} {row['hilo_ms']:>9.1f} {row['eager_ms']:>9.1f} {row['ratio']:>6.2f}x"
            f"  ({row['ratio_min']:.2f} – {row['ratio_max']:.2f})", flush=True
        )
    (Path(args.output) / "eager.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
