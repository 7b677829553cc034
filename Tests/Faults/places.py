"""Places where nobody can write: full disks, folders of others, missing homes and temporary folders."""

import contextlib
import dataclasses
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import judging
import trees
from injection import Injector, Outcome
from scenarios import LAYER, Workshop, copy

NOBODY = 65534
SOMEBODY = 12345


@dataclasses.dataclass
class Places:
    """Runs commands in such places, and keeps what was wrong."""

    hilo: str
    injector: Injector
    shop: Workshop
    quick: bool
    tally: judging.Tally = dataclasses.field(default_factory=judging.Tally)

    @property
    def folder(self) -> Path:
        return self.injector.scratch / "place"

    def expect(self, title: str, arguments: list[str], codes: tuple[int, ...], *,
               named: str = "", cwd: Path | None = None, changes: dict[str, str | None] | None = None,
               as_nobody: bool = False, kept: Path | None = None) -> Outcome:
        """Runs a command, which must end so, name what it could not write, and keep what is there."""
        before = trees.read(kept) if kept else {}
        user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        command = [*(user if as_nobody else []), self.hilo, *arguments]
        outcome = self.injector.run(command, cwd or self.folder, changes=changes)
        self.tally.runs += 1
        self.tally.failed += outcome.code not in (0, None)
        complaints = []
        if outcome.code not in codes:
            expected = " or ".join(map(str, codes))
            complaints.append(f"{outcome.ending}, not {expected}: {judging.last_line(outcome)}")
        if outcome.code not in (0, None) and named not in trees.without_staging(outcome.said):
            complaints.append(f"does not name {named}: {judging.last_line(outcome)}")
        if kept and outcome.code != 0 and (lost := trees.difference(trees.read(kept), before)):
            complaints.append(f"after {outcome.ending}: {lost}")
        self.tally.complaints += [f"{title}: {words}" for words in complaints]
        return outcome

    def skip(self, reason: str) -> None:
        print(f"  SKIPPED: {reason}")

    @contextlib.contextmanager
    def disk(self, options: str) -> Iterator[Path | None]:
        """A file system in memory; None where this process may not mount one."""
        place = self.injector.scratch / "disk"
        place.mkdir(exist_ok=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"mode=755,{options}", "tmpfs", str(place)],
            capture_output=True, text=True)
        if mounted.returncode:
            yield None
            return
        try:
            yield place
        finally:
            subprocess.run(["umount", "--lazy", str(place)], check=True)


def perform(hilo: str, injector: Injector, shop: Workshop, quick: bool) -> judging.Tally:
    start = time.monotonic()
    places = Places(hilo, injector, shop, quick)
    for check in (full_disks, foreign_folders, missing_folders, full_output):
        shutil.rmtree(places.folder, ignore_errors=True)
        places.folder.mkdir()
        check(places)
    places.tally.seconds = time.monotonic() - start
    return places.tally


# MARK: full disks

def full_disks(places: Places) -> None:
    """Disks that become full at ever later moments: of blocks, and of names."""
    # A library of the layer has 90 files: some 130 blocks with its folders.
    for size in [60, 260] if places.quick else range(20, 320, 20):
        with places.disk(f"size={size * 4}k") as disk:
            if disk is None:
                return places.skip("full disks, because no file system can be mounted here")
            on_full_disk(places, disk, f"a disk of {size * 4} KiB")
    for size in [] if places.quick else [300, 340, 420, 500]:
        with places.disk(f"size={size * 4}k") as disk:
            build_on_full_disk(places, disk, f"a disk of {size * 4} KiB")
    for names in [100] if places.quick else range(10, 320, 20):
        with places.disk(f"size=16m,nr_inodes={names}") as disk:
            if disk is not None:
                on_full_disk(places, disk, f"a disk of {names} names")


def on_full_disk(places: Places, disk: Path, title: str) -> None:
    """Generates, generates again, builds, and imports, each until the disk is full."""
    generate = ["generate", *LAYER, "--output", "layer", "--seed"]
    place = disk / "layer"
    for seed in ("0", "1"):
        had = place.exists()
        outcome = places.expect(f"{title}: generate", [*generate, seed], (0, 73), named="layer",
                                cwd=disk, kept=place if had else None)
        expected = places.shop.layer(int(seed))
        if outcome.code == 0 and (words := trees.difference(trees.read(place), trees.read(expected))):
            places.tally.complaints.append(f"{title}: generated another library: {words}")
        no_staging(places, disk, title)
    convert = ["convert", str(places.shop.digits), "digits.safetensors"]
    places.expect(f"{title}: convert", convert, (0, 73), named="digits.safetensors", cwd=disk)
    places.expect(f"{title}: import", ["tune", "--import", str(places.shop.records())], (0, 73),
                  named="cache", cwd=disk, changes={"HILO_CACHE": str(disk / "cache")})
    no_staging(places, disk, title)


def build_on_full_disk(places: Places, disk: Path, title: str) -> None:
    """A library that can be generated but not built, and a temporary folder that is full."""
    copy(places.shop.layer(0), disk / "layer")
    places.expect(f"{title}: build", ["build", "layer"], (0, 73), named="layer", cwd=disk,
                  kept=disk / "layer")
    no_staging(places, disk, title)
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    places.expect(f"{title}: build with a full TMPDIR", ["build", str(fresh(places))], (0, 73),
                  named=str(disk), cwd=disk, changes={"TMPDIR": str(disk)})


def fresh(places: Places) -> Path:
    """A library that is not built."""
    place = places.folder / "fresh"
    shutil.rmtree(place, ignore_errors=True)
    copy(places.shop.layer(0), place)
    return place


def no_staging(places: Places, folder: Path, title: str) -> None:
    if left := trees.staging(trees.read(folder)):
        places.tally.complaints.append(f"{title}: left {', '.join(left)}")


# MARK: folders of others

def foreign_folders(places: Places) -> None:
    """As a user without rights: in folders that may not be written, by their mode or their owner."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        return places.skip("folders of others, because only root makes them, and setpriv starts HiLo")
    if places.injector.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                            places.hilo, "--version"], places.folder).code != 0:
        return places.skip(f"folders of others, because nobody may not run {places.hilo}")
    for name, owner, mode in (("read-only", NOBODY, 0o555), ("foreign", SOMEBODY, 0o755),
                              ("sticky", SOMEBODY, 0o1777)):
        in_foreign_folder(places, places.folder / name, owner, mode)
    read_only_library(places)


def in_foreign_folder(places: Places, folder: Path, owner: int, mode: int) -> None:
    folder.mkdir()
    copy(places.shop.built(), folder / "layer")
    (folder / "digits.safetensors").write_bytes(b"what was there before")
    (folder / "y.npy").write_bytes(b"what was there before")
    (folder / "cache").mkdir()
    chown(folder, owner)
    folder.chmod(mode)
    home = places.folder / f"home of {folder.name}"
    home.mkdir()
    chown(home, NOBODY)

    def expect(what: str, arguments: list[str], codes: tuple[int, ...], named: str = "") -> None:
        places.expect(f"{folder.name} folder: {what}", arguments, codes, named=named, cwd=folder,
                      as_nobody=True, kept=folder, changes={"HOME": str(home), "TMPDIR": str(home),
                                                            "HILO_CACHE": str(home / "cache")})
        no_staging(places, folder, f"{folder.name} folder: {what}")

    generate = ["generate", *LAYER, "--seed", "1", "--output"]
    expect("generate over", [*generate, "layer"], (73,), "layer")
    if mode != 0o1777:
        expect("generate new", [*generate, "new"], (73,), "new")
        expect("generate far", [*generate, "a/b/c"], (73,), "c")
    expect("convert", ["convert", str(places.shop.digits), "digits.safetensors"], (73,), "digits")
    run = ["run", "layer", "--threads", "1", "--input", str(places.shop.input(1, 4, 4, 32))]
    expect("run", [*run, "--output", "y.npy"], (73,), "y.npy")
    if owner == NOBODY:
        # What is in the folder is this user's.
        return
    expect("run without an output", run, (0,))
    expect("report", ["report", "layer", "--threads", "1", "--seconds", "0.05"], (73,), "report.html")
    edit(folder / "layer")
    expect("build", ["build", "layer"], (73,), "layer")


def edit(library: Path) -> None:
    with (library / "src" / "cpu.c").open("a") as source:
        source.write("/* edited */\n")


def read_only_library(places: Places) -> None:
    """A library that its owner has protected is replaced as a whole or stays."""
    folder = places.folder / "protected"
    folder.mkdir()
    copy(places.shop.layer(0), folder / "layer")
    chown(folder, NOBODY)
    (folder / "layer" / "src").chmod(0o555)
    generate = ["generate", *LAYER, "--seed", "1", "--output", "layer"]
    outcome = places.expect("a library with a read-only folder", generate, (0, 73), named="layer",
                            cwd=folder, as_nobody=True, kept=folder / "layer")
    new = trees.difference(trees.read(folder / "layer"), trees.read(places.shop.layer(1)))
    if outcome.code == 0 and new:
        places.tally.complaints.append(f"a library with a read-only folder: {new}")
    no_staging(places, folder, "a library with a read-only folder")


def chown(folder: Path, owner: int) -> None:
    for parent, folders, files in os.walk(folder):
        for name in [".", *folders, *files]:
            os.chown(Path(parent, name), owner, owner)


# MARK: missing folders

def missing_folders(places: Places) -> None:
    """Without a home and a temporary folder, or where they cannot be made."""
    # Nobody can make a folder below it, not even root.
    nowhere = "/dev/null/nowhere"
    homeless = {"HOME": nowhere, "HILO_CACHE": None, "XDG_CACHE_HOME": None}
    without = {"HOME": None, "HILO_CACHE": None, "XDG_CACHE_HOME": None}
    tuned = [word for word in LAYER if word != "--no-tuning"]
    export = ["tune", "--export", str(places.folder / "out.json")]
    records = str(places.shop.records())
    places.expect("no home: generate", ["generate", *tuned, "--seed", "0", "--output", "layer"], (0,),
                  changes=homeless)
    places.expect("no home: export", export, (0,), changes=homeless)
    places.expect("no home: import", ["tune", "--import", records], (73,), named=nowhere,
                  changes=homeless)
    places.expect("HOME is not set: doctor", ["doctor"], (0,), changes=without)
    places.expect("HOME is not set: export", export, (0,), changes=without)
    homeless_tmp = {"TMPDIR": nowhere}
    places.expect("no temporary folder: generate", ["generate", *LAYER, "--output", "other"], (0,),
                  changes=homeless_tmp)
    places.expect("no temporary folder: run", run_built(places, "y.npy"), (0, 73), named=nowhere,
                  changes=homeless_tmp)
    library = fresh(places)
    places.expect("no temporary folder: build", ["build", str(library)], (0, 73), named=nowhere,
                  changes=homeless_tmp, kept=library)
    places.expect("no temporary folder: doctor", ["doctor"], (0, 69, 73), changes=homeless_tmp)


def run_built(places: Places, output: str) -> list[str]:
    return ["run", str(places.shop.built()), "--threads", "1", "--input",
            str(places.shop.input(1, 4, 4, 32)), "--output", output]


def full_output(places: Places) -> None:
    """Results that nobody can read are a failure."""
    commands = [["doctor"], ["plan", *LAYER], ["inspect", str(places.shop.layer(0))],
                run_built(places, "y.npy"), ["generate", *LAYER, "--output", "shown"]]
    for command in commands:
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [places.hilo, *command], stdout=full, stderr=subprocess.PIPE, text=True,
                cwd=places.folder, env=places.injector.environment(), timeout=places.injector.limit)
        places.tally.runs += 1
        if done.returncode != 73:
            places.tally.complaints.append(
                f"{command[0]} to a full disk: exit {done.returncode}, not 73: {done.stderr[-200:]}")
