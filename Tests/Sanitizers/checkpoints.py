"""Checkpoints of small networks that no flag can ask for: names, shapes, and values that differ."""

import json
import math
import struct
from pathlib import Path

Shapes = dict[str, list[int]]


def write(path: Path, shapes: Shapes) -> None:
    """A safetensors file."""
    header: dict[str, object] = {}
    values: list[float] = []
    for name, shape in shapes.items():
        count = math.prod(shape)
        begin = 4 * len(values)
        values += [_value(name, len(values) + i) for i in range(count)]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, 4 * len(values)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + struct.pack(f"<{len(values)}f", *values))


def _value(name: str, index: int) -> float:
    value = (index * 7919 % 2003 / 1001.5 - 1) / 4
    return abs(value) + 0.5 if name.endswith("running_var") else value


def window_layer(dim: int, heads: int, window: int) -> Shapes:
    """Window attention with a table of relative positions."""
    return {
        "qkv.weight": [3 * dim, dim], "qkv.bias": [3 * dim], "proj.weight": [dim, dim],
        "proj.bias": [dim], "relative_position_bias_table": [(2 * window - 1) ** 2, heads],
    }


# Of the networks below: a backbone of two stages without attention, and heads as small as can be.
_EMBED, _STAGES, _PYRAMID, _WIDTH, _CLASSES = 8, 2, 8, 12, 3


def retinanet() -> Shapes:
    shapes = _backbone() | _pyramid(laterals=1, extra=2)
    for head, values in (("cls", _CLASSES), ("reg", 4)):
        shapes |= _convolution(f"bbox_head.{head}_convs.0.conv", _PYRAMID, _PYRAMID)
        shapes |= _convolution(f"bbox_head.retina_{head}", _PYRAMID, 9 * values)
    return shapes


def mask_rcnn() -> Shapes:
    box, mask = "roi_head.bbox_head.", "roi_head.mask_head."
    return _backbone() | _pyramid(laterals=2) \
        | _convolution("rpn_head.rpn_conv", _PYRAMID, _PYRAMID) \
        | _convolution("rpn_head.rpn_cls", _PYRAMID, 3, 1) \
        | _convolution("rpn_head.rpn_reg", _PYRAMID, 3 * 4, 1) \
        | _linear(box + "shared_fcs.0", 49 * _PYRAMID, _WIDTH) \
        | _linear(box + "shared_fcs.1", _WIDTH, _WIDTH) \
        | _linear(box + "fc_cls", _WIDTH, _CLASSES + 1) | _linear(box + "fc_reg", _WIDTH, 4 * _CLASSES) \
        | _convolution(mask + "convs.0.conv", _PYRAMID, _PYRAMID) \
        | _convolution(mask + "upsample", _PYRAMID, _PYRAMID, 2) \
        | _convolution(mask + "conv_logits", _PYRAMID, _CLASSES, 1)


def semantic_fpn() -> Shapes:
    shapes = _backbone() | _norm("backbone.norm0", _EMBED) | _pyramid(laterals=2)
    for level in range(_STAGES):
        name = f"decode_head.scale_heads.{level}.0."
        shapes[name + "conv.weight"] = [_WIDTH, _PYRAMID, 3, 3]
        shapes |= _norm(name + "bn", _WIDTH, has_statistics=True)
    return shapes | _convolution("decode_head.conv_seg", _WIDTH, _CLASSES, 1)


def _backbone() -> Shapes:
    shapes = _convolution("patch_embed.proj", 3, _EMBED, 4) | _norm("patch_embed.norm", _EMBED)
    for stage in range(_STAGES):
        channels = _EMBED << stage
        block = f"layers.{stage}.blocks.0."
        shapes |= _norm(block + "norm2", channels)
        shapes |= _linear(block + "mlp.fc1", channels, 2 * channels)
        shapes |= {f"{block}mlp.dwconv.dwconv.weight": [2 * channels, 1, 3, 3],
                   f"{block}mlp.dwconv.dwconv.bias": [2 * channels]}
        shapes |= _linear(block + "mlp.fc2", 2 * channels, channels)
    for stage in range(_STAGES - 1):
        channels, merging = _EMBED << stage, f"layers.{stage}.downsample."
        shapes |= _convolution(merging + "dconv", channels, 2 * channels, 2)
        shapes |= _convolution(merging + "dconv.conv_offset", channels, 8, 2)
        shapes |= _norm(merging + "norm_layer", 2 * channels, has_statistics=True)
    shapes |= _norm("norm1", _EMBED << 1)
    return {f"backbone.{name}": shape for name, shape in shapes.items()}


def _pyramid(laterals: int, extra: int = 0) -> Shapes:
    """Levels on the backbone's last maps, and `extra` ones behind the last map."""
    maps = [_EMBED << stage for stage in range(_STAGES - laterals, _STAGES)]
    inputs = [_PYRAMID] * laterals + ([maps[-1]] + [_PYRAMID] * (extra - 1) if extra else [])
    shapes: Shapes = {}
    for index, channels in enumerate(maps):
        shapes |= _convolution(f"neck.lateral_convs.{index}.conv", channels, _PYRAMID, 1)
    for index, channels in enumerate(inputs):
        shapes |= _convolution(f"neck.fpn_convs.{index}.conv", channels, _PYRAMID)
    return shapes


def _convolution(name: str, inputs: int, outputs: int, kernel: int = 3) -> Shapes:
    return {f"{name}.weight": [outputs, inputs, kernel, kernel], f"{name}.bias": [outputs]}


def _linear(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": [outputs, inputs], f"{name}.bias": [outputs]}


def _norm(name: str, channels: int, has_statistics: bool = False) -> Shapes:
    kinds = ["weight", "bias"] + (["running_mean", "running_var"] if has_statistics else [])
    return {f"{name}.{kind}": [channels] for kind in kinds}
