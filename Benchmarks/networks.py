"""The PyTorch networks of a benchmark, from the oracle of the tests, with seeded weights.

Token merging has three forms that compute the same up to rounding:

- `native`: torchvision's deform_conv2d, exported as ONNX DeformConv (opset 19) and as OpenVINO's
  DeformableConvolution;
- `grid`: one grid_sample for all four kernel points, then a matrix product; every runtime has
  these operators, and PyTorch's deform_conv2d runs on one core while they run on all;
- `plain`: an ordinary 2×2 convolution of stride 2 with the same weights. This is another network:
  the deformable one with all offsets zero.

Attention is two products around a softmax as in the authors' code (`native`), or PyTorch's
scaled_dot_product_attention (`sdpa`), which keeps no scores in memory.
"""

import dataclasses
import functools

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import oracle  # noqa: F401
import attentions
import litv2
import seeded
import detectors
import outputs_order
from cases import DIM, HEADS, Case

ATTENTIONS = {
    "hilo": litv2.HiLo, "sra": attentions.SRA, "msa": attentions.MSA,
    "window": attentions.WindowAttention,
    "shifted": functools.partial(attentions.WindowAttention, position_bias=True),
}


# Examples/digits/digits.yaml
DIGITS = litv2.Config(embed_dim=12, depths=(1, 1, 2, 1), heads=(1, 2, 4, 8), alpha=0.5, classes=10)


class PlainMerging(nn.Module):
    """The 2×2 convolution of a deformable one, without its offsets."""

    def __init__(self, deformable: litv2.DeformConv):
        super().__init__()
        self.weight, self.bias = deformable.weight, deformable.bias

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, stride=2)


class GridMerging(nn.Module):
    """Deformable convolution by grid_sample: N×C×H×W to N×2C×⌊H/2⌋×⌊W/2⌋."""

    def __init__(self, deformable: litv2.DeformConv):
        super().__init__()
        self.weight, self.bias = deformable.weight, deformable.bias
        self.conv_offset = deformable.conv_offset

    def forward(self, x: Tensor) -> Tensor:
        n, channels, height, width = x.shape
        rows, columns = height // 2, width // 2
        offsets = self.conv_offset(x).view(n, 4, 2, rows, columns)
        point = torch.arange(4).view(4, 1, 1)
        y = offsets[:, :, 0] + (2 * torch.arange(rows).view(1, -1, 1) + point // 2)
        x_ = offsets[:, :, 1] + (2 * torch.arange(columns).view(1, 1, -1) + point % 2)
        grid = torch.stack(((2 * x_ + 1) / width - 1, (2 * y + 1) / height - 1), dim=-1)
        grid = grid.view(n, 4 * rows, columns, 2)
        samples = F.grid_sample(x, grid, align_corners=False).view(n, 4 * channels, rows * columns)
        out = self.weight.flatten(1) @ samples + self.bias[:, None]
        return out.view(n, -1, rows, columns)


class Layer(nn.Module):
    """One attention with the map's size fixed: N×(height·width)×dim to the same shape."""

    def __init__(self, attention: nn.Module, height: int, width: int):
        super().__init__()
        self.attention = attention
        self.size = height, width
        if isinstance(attention, attentions.WindowAttention):
            self.freeze_bias()

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, *self.size)

    def freeze_bias(self):
        """Computes once what is added to scores: weights and the map's size determine it."""
        with torch.no_grad():
            bias = self.attention.bias(*self.size)
        self.register_buffer("bias", bias)
        self.attention.bias = lambda height, width: self.bias


def fused_attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
    """What the oracle's `attend` computes; `bias` is that of an image, whose windows are rows."""
    if bias is not None:
        bias = bias.repeat(len(q) // len(bias), 1, 1, 1)
    rows = (x.flatten(0, -4) for x in (q, k, v))  # the fast forms need four dimensions
    return F.scaled_dot_product_attention(*rows, attn_mask=bias).view(q.shape)


class Backbone(litv2.LITv2):
    """N×3×H×W to the feature maps of all stages."""

    def __init__(self, config: litv2.Config):
        super().__init__(config, dense=True)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.features(images))


def unfilled(case: Case) -> nn.Module:
    if case.is_layer:
        return ATTENTIONS[case.network](dim=DIM, heads=HEADS, **case.parameters)
    config = DIGITS if case.network == "digits" else litv2.PRESETS[case.network]
    windows = tuple(case.window if window > 1 else window for window in config.windows)
    config = dataclasses.replace(config, windows=windows)
    return Backbone(config) if case.dense else litv2.LITv2(config)


def build(case: Case, form: str, seed: int = 1) -> nn.Module:
    """The network of a case with operators in the form `form`."""
    network = (detectors.build(case, seed) if case.head
               else seeded.fill(unfilled(case), seed).eval())
    merging = PlainMerging if case.plain else GridMerging if form == "grid" else None
    for module in network.modules():
        if merging and isinstance(module, litv2.TokenMerging):
            module.dconv = merging(module.dconv)
        if form == "sdpa" and hasattr(module, "attend"):
            module.attend = fused_attention
    return Layer(network, case.height, case.width) if case.is_layer else network


def inputs(case: Case, batch: int, seed: int = 1) -> Tensor:
    if case.is_layer:
        return seeded.inputs(seed, batch, case.height * case.width, DIM)
    return seeded.inputs(seed, batch, 3, case.height, case.width)


def flat(outputs) -> np.ndarray:
    """One output, or those of a backbone one after the other."""
    if isinstance(outputs, (tuple, list)):
        return np.concatenate([np.asarray(output).ravel() for output in outputs])
    return np.asarray(outputs)


def expected(case: Case, images: Tensor) -> np.ndarray:
    """The output in the native form; a layer's image by image, or scores would need gigabytes."""
    network = build(case, "native")
    with torch.inference_mode():
        if case.head:
            return outputs_order.comparable(case, list(network(images)))
        if case.is_layer:
            return flat(torch.cat([network(image) for image in images.split(1)]))
        return flat(network(images))


def weights(case: Case, seed: int = 1) -> dict[str, Tensor]:
    """The `state_dict` for HiLo, which makes deformable merging a plain one by zero offsets."""
    if case.head:
        return detectors.network(case, seed).state_dict()
    state = seeded.fill(unfilled(case), seed).state_dict()
    return {
        name: torch.zeros_like(tensor) if case.plain and "conv_offset" in name else tensor
        for name, tensor in state.items()
    }
