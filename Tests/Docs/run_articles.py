"""Runs every command and code block of the articles: make test-docs

    python3 Tests/Docs/run_articles.py --hilo .build/release/hilo [ARTICLE …]

An article runs in an empty folder that has the repository's Examples in it, and `hilo` on PATH. Its blocks count in
their order:

    bash    runs, and has to exit with 0, or with what `# exits with N` at the end of its first line says
    text    behind such a block: each of its lines has to be in what that printed, in order; … stands for anything
    others  are files, named by a comment in their first line (`// main.c`, `# main.py`), or for those whose
            first line is taken, by `<!-- file: NAME -->` above; later blocks compile and run them

`<!-- not run: REASON -->` above a block leaves it out, which is listed at the end. Any other block is an error, and so
is a file that no later block names. The table of the ways to link is held to what the articles show (ways.py).
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "Python"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import ways  # noqa: E402
from usage import Parser  # noqa: E402

ARTICLES = ROOT / "docs" / "HiLo.docc"
COMMENT = re.compile(r"<!-- *(file|not run): *(.+?) *-->\s*$")
NAME = re.compile(r"(?://|#) ([\w./-]+\.\w+|Makefile)$")
# What can only be said, and not run, is to stay the exception.
MOST_LEFT_OUT = 6
PATIENCE = 1800


class Failure(Exception):
    """What is wrong with a block."""


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int
    # ("file", name), ("not run", reason), or nothing
    comment: tuple[str, str] | None


def blocks(article: Path) -> list[Block]:
    found, lines, comment = [], article.read_text().splitlines(), None
    index = 0
    while index < len(lines):
        fence = re.match(r"( *)```(\w*)$", lines[index])
        if not fence:
            if "```" in lines[index]:
                raise Failure(f"{article.name}:{index + 1}: a fence with words behind the language")
            told = COMMENT.match(lines[index])
            if told or lines[index].strip():
                comment = (told[1], told[2]) if told else None
            index += 1
            continue
        start, indent = index + 1, len(fence[1])
        index = start
        while index < len(lines) and lines[index].strip() != "```":
            index += 1
        if index == len(lines):
            raise Failure(f"{article.name}:{start}: the block has no end")
        text = "\n".join(line[indent:] for line in lines[start:index]) + "\n"
        found.append(Block(fence[2], text, start, comment))
        comment = None
        index += 1
    return found


def used(name: str, script: str) -> bool:
    """Files of Python are imported without their ending."""
    return (name.removesuffix(".py") if name.endswith(".py") else name) in script


def name_of(block: Block) -> str:
    """Of the file that a block is; empty where nothing tells it."""
    if block.comment:
        return block.comment[1] if block.comment[0] == "file" else ""
    told = NAME.match(block.text.split("\n", 1)[0])
    return told[1] if told else ""


class Run:
    """An article in its folder."""

    def __init__(self, article: Path, folder: Path, environment: dict[str, str]):
        self.article, self.folder, self.environment = article, folder, environment
        self.printed: str | None = None
        self.left_out: list[str] = []
        self.unused: dict[str, int] = {}

    def perform(self):
        for block in blocks(self.article):
            try:
                self._perform(block)
            except Failure as failure:
                raise Failure(f"{self.article.name}:{block.line}: {failure}") from None
        for name, line in self.unused.items():
            raise Failure(f"{self.article.name}:{line}: nothing uses {name}")

    def _perform(self, block: Block):
        kind, words = block.comment or ("", "")
        if kind == "not run":
            self.left_out.append(f"{self.article.name}:{block.line}: {words}")
            self.printed = None
        elif block.language == "bash":
            self._execute(block.text)
        elif block.language == "text":
            self._compare(block.text)
        else:
            self._write(block)

    def _execute(self, script: str):
        told = re.match(r".*# exits with (\d+)$", script.splitlines()[0])
        expected = int(told[1]) if told else 0
        for name in [name for name in self.unused if used(name, script)]:
            del self.unused[name]
        try:
            ending = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script], cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                timeout=PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise Failure(f"no end after {PATIENCE} s") from error
        self.printed = ending.stdout
        if ending.returncode != expected:
            raise Failure(f"exits with {ending.returncode}, not {expected}:\n{script}{ending.stdout[-3000:]}")

    def _compare(self, expected: str):
        if self.printed is None:
            raise Failure("no command printed this")
        rest = self.printed
        for line in filter(None, map(str.strip, expected.splitlines())):
            if line == "…":
                continue
            pattern = ".*".join(re.escape(" ".join(part.split())).replace(r"\ ", r"\s+")
                                for part in line.split("…"))
            match = re.search(pattern, rest)
            if not match:
                raise Failure(f"not printed: {line}\nThis was:\n{self.printed[-3000:]}")
            rest = rest[match.end():]

    def _write(self, block: Block):
        name = name_of(block)
        if not name:
            raise Failure(f"a block of '{block.language}' without the name of its file")
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
        # What a file of a build is for is not said where it is used.
        is_of_a_build = path.name in ("Package.swift", "CMakeLists.txt", "Makefile", "meson.build",
                                      "module.modulemap")
        if not is_of_a_build and "Sources" not in Path(name).parts:
            self.unused[path.name] = block.line
        for other in [other for other in self.unused if other != path.name and other in block.text]:
            del self.unused[other]


def environment(hilo: Path, folder: Path) -> dict[str, str]:
    """Nothing of the user's: neither what was tuned, nor variables that libraries read. Kept objects are what a
    compiler would make."""
    commands = folder / "commands"
    commands.mkdir()
    (commands / "hilo").symlink_to(hilo.resolve())
    kept = {name: value for name, value in os.environ.items()
            if name == "HILO_OBJECT_CACHE" or not name.startswith(("HILO_", "OMP_", "KMP_", "CC", "CXX", "XDG_"))}
    return kept | {"PATH": f"{commands}:{os.environ['PATH']}", "HILO_CACHE": str(folder / "cache"),
                   "HILO_SOURCE": str(ROOT), "LC_ALL": "C.UTF-8"}


def perform(article: Path, hilo: Path, keep: bool) -> list[str]:
    folder = Path(tempfile.mkdtemp(prefix=f"hilo-docs-{article.stem}-"))
    work = folder / "work"
    work.mkdir()
    shutil.copytree(ROOT / "Examples", work / "Examples",
                    ignore=shutil.ignore_patterns("__pycache__", ".venv"))
    try:
        run = Run(article, work, environment(hilo, folder))
        run.perform()
        return run.left_out
    finally:
        if keep:
            print(f"kept: {work}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def faults_of_the_table() -> list[str]:
    shown = {name_of(block): block.text for article in sorted(ARTICLES.glob("*.md")) for block in blocks(article)
             if block.language not in ("bash", "text")}
    return ways.faults(ARTICLES / "WaysToLink.md", shown, ROOT)


def main() -> int:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hilo", type=Path, default=ROOT / ".build/release/hilo")
    parser.add_argument("--keep", action="store_true", help="leaves the folders")
    parser.add_argument("articles", nargs="*", metavar="ARTICLE", help="names; all when there are none")
    arguments = parser.parse_args()
    if not arguments.hilo.exists():
        parser.error(f"{arguments.hilo}: no such program; make build makes it")
    chosen = sorted(ARTICLES.glob("*.md"))
    if arguments.articles:
        chosen = [ARTICLES / f"{name.removesuffix('.md')}.md" for name in arguments.articles]
    if missing := [path.name for path in chosen if not path.exists()]:
        parser.error(f"no article {', '.join(missing)} in {ARTICLES}")
    left_out, failures = [], 0
    for article in chosen:
        start = time.monotonic()
        try:
            left_out += perform(article, arguments.hilo, arguments.keep)
            print(f"{article.stem}: well ({time.monotonic() - start:.0f} s)", flush=True)
        except Failure as failure:
            failures += 1
            print(f"FAILED {failure}", file=sys.stderr, flush=True)
    for fault in faults_of_the_table():
        failures += 1
        print(f"FAILED {fault}", file=sys.stderr)
    print(f"{len(left_out)} blocks were not run")
    for line in left_out:
        print(f"  {line}")
    if len(left_out) > MOST_LEFT_OUT:
        print(f"more than {MOST_LEFT_OUT} blocks are not run", file=sys.stderr)
    return 1 if failures or len(left_out) > MOST_LEFT_OUT else 0


if __name__ == "__main__":
    sys.exit(main())
