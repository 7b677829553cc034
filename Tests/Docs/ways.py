"""The table of WaysToLink.md: each way's lines are those of the file that an article shows, and its tests are there."""

import re
from pathlib import Path

MOST_LINES = 10


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _lines(text: str) -> int:
    return sum(1 for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))


def _is_there(test: str, sources: list[str], targets: str) -> bool:
    if test.startswith("make "):
        return re.search(rf"^{re.escape(test.removeprefix('make '))}:", targets, re.MULTILINE) is not None
    suite, _, function = test.partition(".")
    return any(re.search(rf"\b(struct|class) {suite}\b", source) and (not function or f"func {function}(" in source)
               for source in sources)


def faults(article: Path, shown: dict[str, str], root: Path) -> list[str]:
    """What is wrong with the table. `shown` has the text of each file in the articles by its name."""
    sources = [path.read_text() for path in sorted((root / "Tests").rglob("*.swift"))]
    targets = (root / "Makefile").read_text()
    rows = [_cells(line) for line in article.read_text().splitlines() if line.startswith("| ")]
    heads = [index for index, row in enumerate(rows) if row[:3] == ["way", "lines", "of"]]
    if len(heads) != 1:
        return [f"{article.name}: no table of ways"]
    found = []
    for way, lines, of, _, tests in rows[heads[0] + 1:]:
        if not lines.isdigit() or int(lines) > MOST_LINES:
            found.append(f"{article.name}: {way}: {lines} lines, and {MOST_LINES} are the most")
        name = of.strip("`")
        if re.fullmatch(r"[\w./-]+\.\w+|[\w./-]*Makefile", name):
            counted = _lines(shown[name]) if name in shown else None
            if str(counted) != lines:
                found.append(f"{article.name}: {way}: {name} has {counted} lines, not {lines}")
        found += [f"{article.name}: {way}: there is no test {test}"
                  for test in re.findall(r"`([^`]+)`", tests) if not _is_there(test, sources, targets)]
    return found
