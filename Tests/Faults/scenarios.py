"""What is done to a disk while calls fail: commands with the folder that they begin with."""

import dataclasses
import json
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import injection

LAYER = ["--model", "hilo", "--dim", "32", "--heads", "2", "--resolution", "4", "--isa", "generic",
         "--no-tuning"]
BACKBONE = """\
DATA: {IMG_SIZE: 32}
MODEL:
  TYPE: litv2
  NAME: maps
  NUM_CLASSES: 0
  LIT: {PATCH_SIZE: 4, IN_CHANS: 3, EMBED_DIM: 16, DEPTHS: [1, 1, 1, 1], NUM_HEADS: [1, 2, 4, 8],
    MLP_RATIO: 2.0, QKV_BIAS: true, QK_SCALE: null, ALPHA: 0.5, LOCAL_WS: [0, 0, 2, 1],
    HAS_MSA: [0, 0, 1, 1]}
"""


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A command that changes a folder, the *area*, which begins as a copy of a prepared one."""

    name: str
    # Fills the area, a folder that is there.
    prepare: Callable[[Path], None]
    # The command's arguments, given the area.
    arguments: Callable[[Path], list[str]]
    # What a message about a failure must name: one of these.
    named: tuple[str, ...]
    # Where the program runs, in the area.
    cwd: str = "."
    # The unit that is old or new as a whole: all of the area, or each file.
    unit: str = "tree"
    # Folders of the area that do not count; of one with a slash at its end, what is in it does.
    ignored: tuple[str, ...] = ()
    changes: Callable[[Path], dict[str, str]] = lambda area: {}
    # Whether calls of the programs that it starts count.
    children: bool = False
    plain_rename: bool = False
    # The folder keeps its identity, so that its files are moved one by one: what a kill leaves is whole
    # when the next run has put back what waits.
    keeps_folder: bool = False
    # Names of what differs from run to run, with what its text must end with to be whole.
    volatile: dict[str, bytes] = dataclasses.field(default_factory=dict)
    # Seconds of one run are many: the full run takes one call of each kind out of so many.
    stride: int = 1


class Workshop:
    """Libraries, inputs and records that scenarios begin with, each made once."""

    def __init__(self, hilo: str, injector: injection.Injector, digits: Path):
        self.hilo = hilo
        self.injector = injector
        self.digits = digits
        self.folder = injector.scratch / "made"
        self.folder.mkdir(exist_ok=True)

    def make(self, name: str, *arguments: str, changes: dict[str, str] | None = None) -> Path:
        """The thing of this name, which a command with these arguments makes."""
        place = self.folder / name
        if not place.exists():
            self.hilo_does(*[word.replace("{}", str(place)) for word in arguments], changes=changes)
        return place

    def hilo_does(self, *arguments: str, changes: dict[str, str] | None = None) -> None:
        outcome = self.injector.run([self.hilo, *arguments], self.folder, changes=changes)
        if outcome.code != 0:
            raise SystemExit(f"faults.py: {' '.join(arguments)}: {outcome.ending}: {outcome.said}")

    def layer(self, seed: int) -> Path:
        return self.make(f"layer{seed}", "generate", *LAYER, "--seed", str(seed), "--output", "{}")

    def untuned(self) -> Path:
        """A library with other tiles than the cost model would choose."""
        place = self.folder / "untuned"
        if not place.exists():
            text = (self.layer(0) / "plan.json").read_text()
            plan = self.folder / "untuned.json"
            plan.write_text(re.sub(r'"slab":\s*\d+', '"slab":1', text))
            self.hilo_does("generate", "--plan", str(plan), "--seed", "0", "--output", str(place))
        return place

    def built(self) -> Path:
        place = self.folder / "built"
        if not place.exists():
            self.hilo_does("generate", *LAYER, "--seed", "0", "--output", str(place))
            self.hilo_does("build", str(place))
        return place

    def backbone(self) -> Path:
        place = self.folder / "maps"
        if not place.exists():
            (self.folder / "maps.yaml").write_text(BACKBONE)
            self.hilo_does("generate", "--config", "maps.yaml", "--task", "features", "--isa",
                           "generic", "--no-tuning", "--seed", "0", "--output", str(place))
            self.hilo_does("build", str(place))
        return place

    def input(self, *shape: int) -> Path:
        """An array of small numbers."""
        place = self.folder / ("x" + "x".join(map(str, shape)) + ".npy")
        if not place.exists():
            write_array(place, shape)
        return place

    def records(self) -> Path:
        """Two records of tuning, as another machine would send them, for this HiLo's plans."""
        place = self.folder / "records.json"
        if not place.exists():
            version = json.loads((self.layer(0) / "plan.json").read_text())["format"]
            text = (injection.HERE / "records.json").read_text()
            place.write_text(re.sub(r'"generator" : \d+', f'"generator" : {version}', text))
        return place


def write_array(place: Path, shape: tuple[int, ...], value: float = 0.5) -> None:
    """A NumPy file of equal float32 values."""
    count = 1
    for size in shape:
        count *= size
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    place.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()
                      + struct.pack(f"<{count}f", *[value] * count))


def copy(source: Path, target: Path) -> None:
    """With dates, by which a build knows what is up to date."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def generating(shop: Workshop) -> list[Scenario]:
    def arguments(seed: int, place: str) -> Callable[[Path], list[str]]:
        return lambda area: ["generate", *LAYER, "--seed", str(seed), "--output", place]

    def existing(area: Path) -> None:
        copy(shop.layer(0), area / "layer")

    def linked(area: Path) -> None:
        (area / "real").mkdir()
        copy(shop.layer(0), area / "real" / "layer")
        (area / "link").symlink_to("real/layer")

    return [
        Scenario("generate-new", lambda area: None, arguments(1, "layer"), ("layer",)),
        Scenario("generate-over", existing, arguments(1, "layer"), ("layer",)),
        Scenario("generate-here", existing, arguments(1, "."), ("layer",), cwd="layer",
                 keeps_folder=True),
        Scenario("generate-link", linked, arguments(1, "link"), ("link",), stride=3),
        Scenario("generate-plain-rename", existing, arguments(1, "layer"), ("layer",),
                 plain_rename=True, stride=3),
    ]


def writing(shop: Workshop) -> list[Scenario]:
    def convert(area: Path) -> list[str]:
        return ["convert", str(shop.digits), "digits.safetensors"]

    def old_file(name: str) -> Callable[[Path], None]:
        def prepare(area: Path) -> None:
            (area / "tmp").mkdir()
            (area / name).parent.mkdir(exist_ok=True)
            (area / name).write_bytes(b"what was there before")
        return prepare

    temporary = lambda area: {"TMPDIR": str(area / "tmp")}
    run = ["run", "--threads", "1", "--json"]
    return [
        Scenario("convert-new", lambda area: None, convert, ("digits.safetensors",)),
        Scenario("convert-over", old_file("digits.safetensors"), convert, ("digits.safetensors",)),
        Scenario(
            "run-array", old_file("out/y.npy"),
            lambda area: [*run, str(shop.built()), "--input", str(shop.input(1, 4, 4, 32)),
                          "--output", "out/y.npy"],
            ("y.npy", "area/tmp"), ignored=("tmp",), changes=temporary, children=True),
        Scenario(
            "run-maps", old_file("out/stage2.npy"),
            lambda area: [*run, str(shop.backbone()), "--input", str(shop.input(1, 3, 32, 32)),
                          "--output", "out", "--visualize"],
            ("out", "area/tmp"), unit="file", ignored=("tmp",), changes=temporary, children=True),
        Scenario(
            "report", old_file("out/page.html"),
            lambda area: ["report", str(shop.built()), "--threads", "1", "--seconds", "0.05",
                          "--output", "out/page.html"],
            ("page.html", "area/tmp"), ignored=("tmp",), changes=temporary,
            volatile={"out/page.html": b"</html>\n"}),
    ]


def building(shop: Workshop) -> list[Scenario]:
    temporary = lambda area: {"TMPDIR": str(area / "tmp")}

    def fresh(area: Path) -> None:
        (area / "tmp").mkdir()
        copy(shop.layer(0), area / "layer")

    def edited(area: Path) -> None:
        # Built at its own place, because objects remember where their sources were.
        kept = shop.folder / "edited"
        if not kept.exists():
            fresh(area)
            subprocess.run([shop.hilo, "build", "layer"], cwd=area, check=True, capture_output=True,
                           env=shop.injector.environment(temporary(area)))
            source = area / "layer" / "src" / "cpu.c"
            source.write_text(source.read_text() + "int hilo_added(void);\n"
                              "int hilo_added(void) { return 1; }\n")
            copy(area, kept)
            return
        shutil.copytree(kept, area, symlinks=True, dirs_exist_ok=True)

    build = lambda area: ["build", "layer"]
    return [
        Scenario("build-edited", edited, build, ("layer", "area/tmp"), unit="file",
                 ignored=("tmp",), changes=temporary, stride=2),
        Scenario("build-new", fresh, build, ("layer", "area/tmp"), unit="file",
                 ignored=("tmp",), changes=temporary, stride=25),
    ]


def tuning(shop: Workshop) -> list[Scenario]:
    cache = lambda area: {"HILO_CACHE": str(area / "cache"), "TMPDIR": str(area / "tmp")}

    def database(text: str | None) -> Callable[[Path], None]:
        def prepare(area: Path) -> None:
            (area / "tmp").mkdir()
            if text is not None:
                (area / "cache").mkdir()
                (area / "cache" / "tuning.json").write_text(text)
        return prepare

    other = shop.records().read_text().replace('"batch" : 1', '"batch" : 2')
    add = lambda area: ["tune", "--import", str(shop.records())]
    # A cache that is made for nothing harms nobody.
    lock = ("cache/", "cache/tuning.json.lock", "tmp")
    return [
        Scenario("import-new", database(None), add, ("cache",), changes=cache, ignored=lock),
        Scenario("import-merge", database(other), add, ("cache",), changes=cache, ignored=lock),
        # The shortest tuning: the cost model alone, a new library with the same weights, and a build.
        Scenario("tune", lambda area: ((area / "tmp").mkdir(), copy(shop.untuned(), area / "layer")),
                 lambda area: ["tune", "layer", "--effort", "estimate", "--threads", "1"],
                 ("layer", "area/tmp"), changes=cache, ignored=("layer/build", *lock), stride=50),
        Scenario("export", database(other), lambda area: ["tune", "--export", "out.json"],
                 ("out.json", "tuning.json"), changes=cache, ignored=lock),
    ]


def all_scenarios(shop: Workshop) -> list[Scenario]:
    return generating(shop) + writing(shop) + building(shop) + tuning(shop)
