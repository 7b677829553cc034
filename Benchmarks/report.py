"""What a benchmark shows: JSON, Markdown tables, a plot, and progress on a terminal."""

import contextlib
import datetime
import importlib.metadata
import json
import operator
import os
import platform
import statistics
import sys
from pathlib import Path

PACKAGES = ("torch", "torchvision", "onnxruntime", "openvino", "numpy")


def folder(text: str) -> Path:
    """An option's folder, which is made."""
    path = Path(text).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def progress(text: str):
    """One line that the next overwrites, on a terminal; a line each in a log."""
    end = "\x1b[K\r" if sys.stderr.isatty() else "\n"
    print(text, end=end, file=sys.stderr, flush=True)


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def versions() -> dict:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def save(path: Path, settings: dict, rows: list[dict]):
    """Everything about a run; the load says how quiet the machine was."""
    machine = {"cpu": cpu_name(), "processors": os.cpu_count(), "load": os.getloadavg()}
    when = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    content = {"when": when, "machine": machine, "versions": versions(), "settings": settings,
               "results": rows}
    path.write_text(json.dumps(content, indent=2) + "\n")


def markdown(header: list[str], lines: list[list[str]]) -> str:
    """A table whose first column is text and the others numbers."""
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "".join("| " + " | ".join(line) + " |\n" for line in [header, rule, *lines])


def grouped(rows: list[dict], *names: str) -> dict:
    """The rows by what they have under these names: one value, or a tuple of several."""
    key = operator.itemgetter(*names)
    found = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def ratio(turns: list, base: list, name: str) -> dict:
    """How many times as long as `base`, round by round: the median, the least and the most."""
    ratios = sorted(turn / of_base for turn, of_base in zip(turns, base))
    return {name: statistics.median(ratios), f"{name}_least": ratios[0], f"{name}_most": ratios[-1]}


def times(row: dict, name: str) -> str:
    """A ratio as 2.00× (1.90 – 2.10); nothing where there is none of that name."""
    if name not in row:
        return ""
    return f"{row[name]:.2f}× ({row[name + '_least']:.2f} – {row[name + '_most']:.2f})"


def setting(rows: list[dict]) -> str:
    """What is the same in all rows; only those of cases that HiLo runs know the peak."""
    peak = next((f", peak {row['peak_gflops']:.0f} GFLOP/s" for row in rows
                 if "peak_gflops" in row), "")
    return f"batch {rows[0]['batch']}, {rows[0]['threads']} threads{peak}"


def peer_table(rows: list[dict]) -> str:
    header = ["", "ms", "least – most", "images/s", "of FMA peak", "peak memory MB",
              "HiLo is faster by"]
    parts = []
    for (title, _), group in grouped(rows, "title", "batch").items():
        parts.append(f"**{title}, {setting(group)}**\n\n"
                     + markdown(header, [peer_line(row) for row in group]))
    return "\n".join(parts)


def peer_line(row: dict) -> list[str]:
    fraction = f"{100 * row['fraction']:.0f}%" if "fraction" in row else ""
    faster = times(row, "ratio") if row["peer"] != "hilo" else ""
    return [row["peer_title"], f"{row['median_ms']:.1f}",
            f"{row['least_ms']:.1f} – {row['most_ms']:.1f}", f"{row['images_per_second']:.1f}",
            fraction, f"{row['peak_mb']:.0f}", faster]


@contextlib.contextmanager
def figure(path: Path, lines: int, columns: int, size: tuple[float, float]):
    """Gives the panels of a plot, line by line, and writes it: PATH.svg and PATH.png."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawing, axes = pyplot.subplots(
        lines, columns, figsize=(size[0] * columns, size[1] * lines), squeeze=False,
        layout="constrained")
    yield list(axes.flat)
    for suffix in (".svg", ".png"):
        drawing.savefig(path.with_suffix(suffix), dpi=120)
    pyplot.close(drawing)


def spread(rows: list[dict]) -> list[list[float]]:
    """How far images/s reach below and above those of the medians."""
    return [
        [1e3 * row["batch"] / row["median_ms"] - 1e3 * row["batch"] / row["most_ms"]
         for row in rows],
        [1e3 * row["batch"] / row["least_ms"] - 1e3 * row["batch"] / row["median_ms"]
         for row in rows],
    ]


def label(axis, title: str):
    axis.invert_yaxis()
    axis.margins(x=0.15)
    axis.set_title(title, fontsize=10)
    axis.set_xlabel("images/s")
    axis.spines[["top", "right"]].set_visible(False)


def peer_plot(rows: list[dict], path: Path):
    """Images a second of every peer, one panel a case."""
    panels = grouped(rows, "title", "batch")
    columns = min(3, len(panels))
    with figure(path, -(-len(panels) // columns), columns, (4.6, 2.8)) as axes:
        for axis in axes[len(panels):]:
            axis.set_visible(False)
        for axis, ((title, batch), group) in zip(axes, panels.items()):
            draw_panel(axis, f"{title}, batch {batch}", group)


def draw_panel(axis, title: str, group: list[dict]):
    speeds = [row["images_per_second"] for row in group]
    colors = ["#c8442e" if row["peer"] == "hilo" else "#8a97a6" for row in group]
    names = [row["peer_title"] for row in group]
    bars = axis.barh(
        names, speeds, xerr=spread(group), color=colors, ecolor="#333333", capsize=2)
    axis.bar_label(bars, labels=[f" {speed:.1f}" for speed in speeds], label_type="edge")
    label(axis, title)
