"""Writes the product `quantised` of Tests/Fixtures: fake-quantised networks (quantised.py) with the scales
and matrices that HiLo packs.

    python Tests/Oracle/make_quantised_fixtures.py --hilo .build/release/hilo

HiLo records the calibration, which is checked here and kept beside the fixture, and packs the weights, which
are read, checked against the seeded ones and dropped.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import seeded
from litv2 import Config, LITv2
from make_fixtures import FIXTURES, make_pairs
from networks import described
from packed import Packed
from quantised import Quantiser, deformable_samples, to_bf16, to_integers

# id, configuration, height, width, whether it is a backbone. Windows of the first go beyond its odd maps,
# so that zeros are met there; those of the second do so in its second stage alone, and in the
# first the offsets of what is pooled are no zeros.
CASES = [
    ("backbone", Config(8, (1, 1), (2, 2), (2, 1), (1, 1), alpha=0.5, mlp_ratio=2.5), 36, 28, True),
    ("classifier", Config(8, (1, 1), (2, 4), (2, 2), (1, 1), alpha=0.5, mlp_ratio=2.0, classes=5),
     24, 16, False),
]
SEED = 720
# Few, so that values of the case's own image lie beyond their ranges and are cut off.
CALIBRATION_IMAGES = 4
# What a library may be off by before rounding, for each of PyTorch's largest error in single precision.
TIMES = 4


def configuration(config: Config) -> str:
    return f"""
DATA: {{IMG_SIZE: 32}}
MODEL:
  TYPE: litv2
  NAME: net
  NUM_CLASSES: {config.classes}
  LIT:
    EMBED_DIM: {config.embed_dim}
    DEPTHS: {list(config.depths)}
    NUM_HEADS: {list(config.heads)}
    MLP_RATIO: {config.mlp_ratio}
    ALPHA: {config.alpha}
    LOCAL_WS: {list(config.windows)}
    HAS_MSA: {list(config.has_msa)}
"""


def generate(hilo, folder, config, seed, images, dense) -> tuple[Path, str]:
    """The packed weights and the text of the calibration."""
    (folder / "net.yaml").write_text(configuration(config))
    np.save(folder / "images.npy", images.numpy())
    height, width = images.shape[-2:]
    subprocess.run(
        [hilo, "generate", "--config", folder / "net.yaml", "--resolution", f"{height}x{width}",
         "--task", "features" if dense else "classify", "--seed", str(seed), "--precision", "int8",
         "--calibration", folder / "images.npy", "--max-drop", "1", "--no-tuning", "--isa", "generic",
         "--output", folder / "library"], check=True, stdout=subprocess.DEVNULL)
    library = folder / "library"
    return library / "weights" / "net.safetensors", (library / "calibration.json").read_text()


def map_sizes(config: Config, height: int, width: int) -> list[tuple[int, int]]:
    """Tokens of each stage."""
    sizes = [(-(-height // 4), -(-width // 4))]
    for _ in config.depths[1:]:
        sizes.append((sizes[-1][0] // 2, sizes[-1][1] // 2))
    return sizes


def check_calibration(network, images, sizes, calibration):
    """What HiLo recorded is what PyTorch finds on the same images."""
    entries = {entry["name"]: entry for entry in calibration["tensors"]}
    seen = set()

    def compare(name, x):
        x = x.reshape(-1, x.shape[-1])
        size = x.abs().max().item()
        for key, values, power in [("least", x.amin(0), 1), ("greatest", x.amax(0), 1),
                                   ("mean", x.mean(0), 1), ("meanSquare", x.square().mean(0), 2)]:
            torch.testing.assert_close(
                torch.tensor(entries[name][key]).double(), values, rtol=0, atol=2e-6 * size**power)
        seen.add(name)

    def watch(name, module):
        """Its input, of which a map's own tokens count."""
        stage = int(name.split(".")[1])
        height, width = sizes[stage]
        if name.endswith(".dconv"):
            return lambda _, inputs: compare(name, deformable_samples(module.conv_offset, inputs[0]))
        return lambda _, inputs: compare(name, inputs[0][:, :height, :width])

    hooks = [module.register_forward_pre_hook(watch(name, module))
             for name, module in network.named_modules() if name in entries]
    outputs(network, images)
    for hook in hooks:
        hook.remove()
    assert seen == set(entries), f"recorded, and not found here: {set(entries) ^ seen}"


class Export:
    """The tensors of a case, in the order of the network's tokens, and what is said of them."""

    def __init__(self, name: str, sizes):
        self.name, self.sizes, self.tensors = name, sizes, {}

    def add(self, key: str, tensor):
        self.tensors[f"{self.name}.{key}"] = tensor.detach().contiguous()

    def tokens(self, label: str, map_: torch.Tensor) -> torch.Tensor:
        """Tokens×channels without those beyond the map; of what is pooled or merged there are none."""
        if label.startswith("layers.") and map_.dim() == 4 and not label.endswith(".pool"):
            stage = int(label.split(".")[1]) + (".downsample." in label)
            height, width = self.sizes[stage]
            map_ = map_[:, :height, :width]
        return map_.flatten(0, -2)

    def own(self, label: str, near: torch.Tensor, map_: torch.Tensor) -> list[int]:
        """Which of the exported values are those of a whole map."""
        mark = torch.zeros(map_.numel(), dtype=torch.bool)
        mark[near] = True
        return torch.nonzero(self.tokens(label, mark.view(map_.shape)).flatten()).flatten().tolist()

    def rounded(self, trace) -> list[dict]:
        entries = []
        for label, values in trace.rounded.items():
            is_integer = trace.rules[label] is to_integers
            self.add(label, self.tokens(label, values).to(torch.float16 if is_integer else torch.bfloat16))
            beyond = trace.values[label].abs() > 128 if is_integer else torch.zeros(1)
            entries.append({
                "label": label, "is_integer": is_integer, "fp32_error": trace.errors[label],
                "cut_off": int(beyond.sum()),
                "near": self.own(label, trace.near(label, TIMES), values)})
        return entries

    def products(self, trace) -> list[dict]:
        entries = []
        for label, sums in trace.sums.items():
            joined = torch.cat([self.tokens(label, part) for part in sums], dim=1)
            assert joined.abs().max() < 2**24
            self.add(f"{label}.sums", joined.float())
            self.add(f"{label}.step", torch.cat(trace.steps[label]))
            self.add(f"{label}.bias", torch.cat(trace.biases[label]))
            after = ("gelu" if label.endswith(".dconv") else
                     "residual" if label.endswith(("_proj", ".fc2")) else "none")
            entries.append({"label": label, "after": after})
        return entries


def outputs(network, images) -> list[torch.Tensor]:
    return [network(images)] if hasattr(network, "head") else network.features(images)


def make_case(hilo, index, name, config, height, width, dense):
    seed, sizes = SEED + index, map_sizes(config, height, width)
    network = seeded.fill(LITv2(config, dense=dense), seed).eval().double()
    others = seeded.inputs(seed + 1000, CALIBRATION_IMAGES, 3, height, width)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        file, text = generate(hilo, Path(folder), config, seed, others, dense)
        calibration = json.loads(text)
        check_calibration(network, others.double(), sizes, calibration)
        packed = Packed(str(file), network.state_dict())
        quantiser = Quantiser(network, packed, calibration)
    (FIXTURES / "quantised").mkdir(exist_ok=True)
    (FIXTURES / "quantised" / f"{name}.calibration.json").write_text(text)
    image = to_bf16(seeded.inputs(seed, 1, 3, height, width))
    trace, export = quantiser.trace, Export(name, sizes)
    with torch.no_grad():
        double = outputs(network, image.double())
        trace.is_second = True
        single = outputs(network.float(), image)
    for number, (one, two) in enumerate(zip(single, double)):
        export.add(f"output{number}.32", one)
        export.add(f"output{number}.64", two)
    export.add("patches", F.unfold(padded(image), 4, stride=4)[0].T.bfloat16())
    for point, grid in quantiser.grids.items():
        export.add(f"{point}.scales", grid.scales.float())
        export.add(f"{point}.offsets", grid.offsets.float())
    entry = {
        "id": name, "model": described(config), "is_backbone": dense, "height": height,
        "width": width, "seed": seed, "packed": packed.checksum, "scales": sorted(quantiser.grids),
        "rounded": export.rounded(trace), "products": export.products(trace)}
    integers = sum(values.numel() for values in export.tensors.values() if values.dtype == torch.float16)
    near = sum(len(point["near"]) for point in entry["rounded"])
    print(f"  {name}: {integers} integers, {near} of them near the middle of two, "
          f"{sum(point['cut_off'] for point in entry['rounded'])} cut off")
    assert near <= integers // 500, "so many may differ that the comparison says little"
    # A kernel of a whole ConvFFN hides its integers, so that none of them can be put right.
    assert not any(point["near"] for point in entry["rounded"] if ".mlp." in point["label"])
    return entry, export.tensors


def padded(image):
    return F.pad(image, (0, -image.shape[-1] % 4, 0, -image.shape[-2] % 4))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hilo", type=Path, required=True, help="the command line, as `make build` builds it")
    hilo = parser.parse_args().hilo.resolve()
    torch.set_num_threads(1)
    make_pairs("quantised", (make_case(hilo, index, *case) for index, case in enumerate(CASES)),
               layout="tokens×channels, sums and integers as floats")


if __name__ == "__main__":
    main()
