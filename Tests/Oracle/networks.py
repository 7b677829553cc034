"""Whole networks, dense backbones and single HiLo layers with seeded weights and inputs.

Nothing but outputs is stored: weights and inputs follow from the seed. `…32` is what PyTorch
computes in float32, `…64` the same network on the same values in float64.
"""

import math
from dataclasses import asdict, replace

import torch

import seeded
from litv2 import Config, HiLo, LITv2, PRESETS

SMALL = PRESETS["litv2-s"]
TINY = Config(embed_dim=12, depths=(1, 1, 2, 1), heads=(1, 2, 4, 8), alpha=0.5, classes=10)


def with_window(config: Config, window: int) -> Config:
    """The configuration with another window in stage 3."""
    return replace(config, windows=(0, 0, window, 1))


# id, configuration, height, width, batch
NETWORKS = [
    ("litv2_s_224", SMALL, 224, 224, 1),
    ("litv2_m_224", PRESETS["litv2-m"], 224, 224, 1),
    ("litv2_b_224", PRESETS["litv2-b"], 224, 224, 1),
    ("litv2_b_384", PRESETS["litv2-b"], 384, 384, 1),
    ("litv2_s_224x320", SMALL, 224, 320, 1),
    ("litv2_s_96", replace(SMALL, classes=37), 96, 96, 3),
    *[(f"litv2_s_224_alpha_{int(10 * alpha):02d}", replace(SMALL, alpha=alpha), 224, 224, 1)
      for alpha in (0.0, 0.2, 0.4, 0.5, 0.7, 1.0)],
    *[(f"litv2_s_128_window_{window}",
       replace(with_window(SMALL, window), classes=100), 128, 128, 1)
      for window in (1, 2, 4)],
    ("litv2_s_224_features", replace(SMALL, classes=0), 224, 224, 1),
    ("tiny_64x96", TINY, 64, 96, 3),
    ("tiny_mlp2", replace(TINY, embed_dim=20, depths=(1, 0, 1, 2), heads=(1, 2, 2, 2),
                          mlp_ratio=2.0, classes=5), 96, 64, 3),
    ("three_stages", Config(12, (1, 2, 1), (1, 2, 3), (0, 0, 3), (0, 0, 1), alpha=0.7, classes=7),
     48, 96, 3),
    ("attention_everywhere", Config(8, (1, 1, 1, 1), (1, 2, 4, 8), (4, 2, 2, 1), (1, 1, 1, 1),
                                    alpha=0.5, classes=11), 64, 64, 3),
    ("no_bias_own_scale", replace(TINY, qkv_bias=False, qk_scale=0.2, mlp_ratio=2.5), 64, 64, 2),
    ("one_stage", Config(16, (2,), (4,), (1,), (1,), classes=0), 20, 12, 3),
    ("merging_only", replace(TINY, embed_dim=4, depths=(0, 0, 0, 0), heads=(1, 1, 1, 1),
                             classes=3), 32, 64, 8),  # few classes: more images, so that the error is no accident
]

# What is stored of a backbone's maps. Large ones are too slow for a plain double-precision network.
WHOLE, SAMPLED, LARGE = "whole", "sampled", "large"
SAMPLE = 2000

# id, configuration, height, width, batch, what is stored
BACKBONES = [
    ("dense_odd", replace(TINY, embed_dim=8), 61, 77, 2, WHOLE),
    ("dense_window_3", replace(TINY, embed_dim=8, windows=(0, 0, 3, 2), alpha=0.9),
     70, 54, 1, WHOLE),
    ("dense_even", replace(TINY, embed_dim=8, alpha=0.3), 64, 96, 1, WHOLE),
    ("dense_high_only", replace(TINY, embed_dim=4, heads=(1, 1, 2, 2), alpha=0.0),
     39, 121, 1, WHOLE),
    ("dense_litv2_s", SMALL, 117, 150, 1, SAMPLED),
    ("dense_litv2_s_window_4", with_window(SMALL, 4), 160, 224, 1, SAMPLED),
    ("dense_litv2_s_250x333_window_3", with_window(SMALL, 3), 250, 333, 2, SAMPLED),
    ("dense_litv2_m_224_alpha_05", replace(PRESETS["litv2-m"], alpha=0.5), 224, 224, 1, SAMPLED),
    ("dense_litv2_b_64x500_window_7", with_window(PRESETS["litv2-b"], 7), 64, 500, 1, SAMPLED),
    *[(f"dense_litv2_s_{height}x{width}_window_{window}", with_window(SMALL, window),
       height, width, 1, LARGE)
      for height, width in ((512, 512), (800, 1344)) for window in (2, 4)],
    # Every window meets every alpha; the batches alternate, so that both meet both.
    *[(f"dense_tiny_window_{window}_alpha_{int(10 * alpha):02d}",
       replace(TINY, embed_dim=4, heads=(1, 1, 4, 4), windows=(0, 0, window, window), alpha=alpha),
       37, 41, 1 + (row + column) % 2, WHOLE)
      for row, window in enumerate((1, 2, 3, 4, 7))
      for column, alpha in enumerate((0.0, 0.5, 0.9, 1.0))],
    ("dense_first_norm", replace(TINY, embed_dim=8, first_norm=True), 53, 70, 2, WHOLE),
]

# dim, heads, window, alpha, height, width, batch, qkv_bias, qk_scale, whether all rows are stored
LAYERS = [
    (24, 4, 1, 0.5, 3, 5, 2, True, None, True),
    (24, 4, 2, 0.0, 4, 6, 2, True, None, True),
    (24, 4, 2, 0.3, 4, 6, 1, True, None, True),
    (24, 4, 2, 0.9, 6, 4, 1, True, None, True),
    (24, 4, 2, 1.0, 4, 6, 1, True, None, True),
    (36, 3, 3, 0.5, 6, 9, 1, True, None, True),
    (60, 3, 2, 0.9, 4, 10, 1, True, None, True),
    (40, 2, 4, 0.5, 8, 8, 1, True, None, True),
    (64, 4, 2, 0.5, 6, 8, 1, True, None, True),
    (96, 3, 2, 0.7, 6, 6, 1, True, None, True),
    (7, 1, 2, 0.5, 6, 2, 3, True, None, True),
    (15, 5, 2, 0.5, 4, 4, 3, True, None, True),
    (32, 2, 7, 0.5, 14, 7, 1, True, None, True),
    (33, 3, 1, 0.2, 5, 7, 1, True, None, True),
    (128, 2, 2, 0.5, 4, 6, 1, True, None, True),
    (48, 4, 2, 0.5, 4, 6, 1, False, None, True),
    (48, 4, 2, 0.5, 4, 6, 1, True, 0.5, True),
    (384, 12, 2, 0.5, 14, 14, 1, True, None, False),
    (384, 12, 2, 0.9, 24, 24, 1, True, None, False),
    (384, 12, 4, 0.9, 16, 24, 1, True, None, False),
    (768, 12, 2, 0.9, 14, 14, 2, True, None, False),
    (768, 24, 1, 0.9, 7, 7, 1, True, None, False),
]


def statistics(x: torch.Tensor) -> dict:
    x = x.double()
    return {"mean": x.mean().item(), "mean_abs": x.abs().mean().item(),
            "max_abs": x.abs().max().item()}


def described(config: Config) -> dict:
    preset = next((name for name, known in PRESETS.items() if known == config), None)
    fields = {name: list(value) if isinstance(value, tuple) else value
              for name, value in asdict(config).items()}
    return {"preset": preset, **fields}


def difference(single: torch.Tensor, double: torch.Tensor) -> float:
    return (single.double() - double).abs().max().item()


def whole_networks():
    """Yields (manifest entry, tensors)."""
    for index, (name, config, height, width, batch) in enumerate(NETWORKS):
        seed = 100 + index
        network = seeded.fill(LITv2(config), seed).eval()
        images = seeded.inputs(seed, batch, 3, height, width)
        with torch.no_grad():
            single = network(images)
            network.double()
            maps = list(network.stages(images.double()))
            double = network.head(network.norm(maps[-1]).mean(dim=(1, 2)))
        entry = {
            "id": name, "model": described(config), "height": height, "width": width,
            "seed": seed, "batch": batch, "max_abs_logit": double.abs().max().item(),
            "fp32_error": difference(single, double),
            "stages": [statistics(stage) for stage in maps],
        }
        yield entry, {f"{name}.logits32": single, f"{name}.logits64": double}


def sample_stride(count: int) -> int:
    """A step that leaves about SAMPLE values of a map and, being coprime to every extent, meets all
    rows, columns and channels alike."""
    stride = -(-count // SAMPLE)
    while math.gcd(stride, count) > 1:
        stride += 1
    return stride


def stage_map(single: torch.Tensor, double: torch.Tensor, stored: str) -> tuple[dict, torch.Tensor]:
    """The manifest's entry of one stage's map, and the values that are stored."""
    stride = 1 if stored == WHOLE else sample_stride(double.numel())
    values = double.flatten()[::stride]
    errors = single.flatten()[::stride].double() - values
    entry = {
        "shape": list(double.shape), "stride": stride, "fp32_error": difference(single, double),
        "fp32_rms_error": errors.square().mean().sqrt().item(), **statistics(double)}
    return entry, values if stride > 1 else double


def backbones():
    """Yields (manifest entry, tensors)."""
    for index, (name, config, height, width, batch, stored) in enumerate(BACKBONES):
        seed = 300 + index
        network = seeded.fill(LITv2(config, dense=True), seed).eval()
        images = seeded.inputs(seed, batch, 3, height, width)
        with torch.no_grad():
            single = network.features(images)
            double = network.double().features(images.double())
        maps = [stage_map(s, d, stored) for s, d in zip(single, double)]
        entry = {
            "id": name, "model": described(config), "height": height, "width": width,
            "seed": seed, "batch": batch, "large": stored == LARGE,
            "stages": [stage for stage, _ in maps],
        }
        yield entry, {
            f"{name}.stage{stage}.64": values for stage, (_, values) in enumerate(maps, start=1)}


def stored_rows(tokens: int, width: int, all_rows: bool) -> list[int]:
    """All tokens, or some from each corner and the middle of the map."""
    if all_rows:
        return list(range(tokens))
    middle = tokens // 2 + width // 2
    return sorted({0, 1, width - 1, width, middle, tokens - width, tokens - 1})


def layers():
    """Yields (manifest entry, tensors); `rows` are the tokens of every image that are stored."""
    for index, spec in enumerate(LAYERS):
        dim, heads, window, alpha, height, width, batch, bias, scale, all_rows = spec
        seed = 500 + index
        name = f"hilo_{index:02d}_dim{dim}_heads{heads}_window{window}"
        layer = seeded.fill(HiLo(dim, heads, window, alpha, bias, scale), seed)
        x = seeded.inputs(seed, batch, height * width, dim)
        with torch.no_grad():
            single = layer(x, height, width)
            double = layer.double()(x.double(), height, width)
        rows = stored_rows(height * width, width, all_rows)
        entry = {
            "id": name, "dim": dim, "heads": heads, "window": window, "alpha": alpha,
            "height": height, "width": width, "batch": batch, "qkv_bias": bias,
            "qk_scale": scale, "seed": seed, "all_rows": all_rows, "rows": rows,
            "fp32_error": difference(single, double), **statistics(double),
        }
        yield entry, {
            f"{name}.output32": single[:, rows].contiguous(),
            f"{name}.output64": double[:, rows].contiguous()}
