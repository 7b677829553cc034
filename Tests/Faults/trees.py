"""What lies in a folder, for comparing what was there with what is there now."""

import hashlib
import os
import re
from pathlib import Path

Tree = dict[str, str]

# What HiLo calls what it is still writing: folders; single files; files of the generated program.
FOLDER = re.compile(r"^\..+\.partial-")
FILE = re.compile(r"^\.hilo-[0-9a-z-]+\.tmp$|.\.\d+\.tmp$")


def is_staging(path: str) -> bool:
    """Whether a path leads through something that waits to take its place."""
    return any(FOLDER.search(part) or FILE.search(part) for part in Path(path).parts)


def without_staging(text: str) -> str:
    """A message without what it says of places that are gone by now."""
    return re.sub(r"/\.[^/\s]+\.(partial-|tmp)\S*", "/", text)


def read(folder: Path) -> Tree:
    """Every file, link and folder below `folder`: what it is, and a digest of what it holds."""
    tree: Tree = {}
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            place = Path(parent, name)
            tree[str(place.relative_to(folder))] = _content(place)
    return tree


def _content(place: Path) -> str:
    if place.is_symlink():
        return f"link to {os.readlink(place)}"
    if place.is_dir():
        return "folder"
    return hashlib.sha256(place.read_bytes()).hexdigest()


def without(tree: Tree, *folders: str) -> Tree:
    """Without staging and some folders; of one with a slash at its end, what is in it stays."""
    def is_left(path: str) -> bool:
        return is_staging(path) or any(
            path == folder.rstrip("/") or (folder[-1] != "/" and path.startswith(folder + "/"))
            for folder in folders)

    return {path: content for path, content in tree.items() if not is_left(path)}


def staging(tree: Tree) -> list[str]:
    """The outermost names that wait to take their place."""
    found = {path for path in tree if is_staging(path)}
    return sorted(path for path in found if str(Path(path).parent) not in found)


def difference(tree: Tree, other: Tree) -> str:
    """In words; empty when there is none."""
    names = sorted(path for path in tree.keys() | other.keys() if tree.get(path) != other.get(path))
    words = []
    for path in names[:3]:
        what = "lost" if path not in tree else "extra" if path not in other else "changed"
        words.append(f"{path} {what}")
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(words) + more


def is_mix(tree: Tree, old: Tree, new: Tree) -> bool:
    """Whether every file is whole, an old or a new one, and none that both have is missing."""
    known = all(content in (old.get(path), new.get(path)) for path, content in tree.items())
    kept = all(path in tree for path in old.keys() & new.keys())
    return known and kept
