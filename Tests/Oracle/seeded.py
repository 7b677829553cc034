"""The counter-based generator of Sources/Networks/SeededValues.swift, vectorised; equal bits.

Value i of a tensor depends on the seed, the tensor's name and i alone: the finaliser of SplitMix64
(Steele, Lea and Flood, OOPSLA 2014) mixes an FNV-1a hash of the name, the seed and i.
"""

import numpy as np
import torch

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MASK = (1 << 64) - 1


def values(seed: int, name: str, count: int, center=0.0, scale=1.0, first=0) -> np.ndarray:
    """Values first ..< first + count, float32: uniform in center ± scale, steps of scale·2⁻²³."""
    with np.errstate(over="ignore"):
        counters = np.arange(first + 1, first + count + 1, dtype=np.uint64)
        bits = _mix(_key(seed, name) + counters * GOLDEN)
    unit = ((bits >> np.uint64(40)).astype(np.int64) - (1 << 23)).astype(np.float64) * 2.0**-23
    return (center + scale * unit).astype(np.float32)


def value_range(name: str, shape) -> tuple[float, float]:
    """(center, scale) of a parameter: the rule of `Parameter.seededRange`."""
    if name.endswith("running_var"):
        return 1.0, 0.5
    if name.endswith(("conv_offset.bias", "relative_position_bias_table")):
        return 0.0, 2.0
    if len(shape) > 1:
        return 0.0, float(np.sqrt(3.0 / float(np.prod(shape[1:], dtype=np.int64))))
    return (1.0, 0.1) if name.endswith("weight") else (0.0, 0.1)


def parameter(seed: int, name: str, shape) -> torch.Tensor:
    center, scale = value_range(name, shape)
    count = int(np.prod(shape, dtype=np.int64))
    return torch.from_numpy(values(seed, name, count, center, scale)).reshape(shape)


def fill(module: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Sets every tensor of the module's `state_dict` to its seeded values; returns the module."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("num_batches_tracked"):
                tensor.zero_()
            else:
                tensor.copy_(parameter(seed, name, tuple(tensor.shape)))
    return module


def inputs(seed: int, *shape: int) -> torch.Tensor:
    """The seeded input of a network or a layer; the batch is part of the flat index."""
    count = int(np.prod(shape, dtype=np.int64))
    return torch.from_numpy(values(seed, "input", count, 0.0, 2.0)).reshape(shape)


def _key(seed: int, name: str) -> np.uint64:
    fnv = 0xCBF29CE484222325
    for byte in name.encode("utf-8"):
        fnv = ((fnv ^ byte) * 0x100000001B3) & MASK
    mixed = _mix(np.array([fnv ^ ((seed * int(GOLDEN)) & MASK)], dtype=np.uint64))
    return mixed[0]


def _mix(z: np.ndarray) -> np.ndarray:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
