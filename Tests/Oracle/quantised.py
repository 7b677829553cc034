"""LITv2 as HiLo computes it with `--precision int8`, as a fake-quantised network in PyTorch.

What HiLo makes integers of is rounded to s·q + o here, with the scales s and offsets o of a packed file:
what norms, attentions, GELU and deformable samples give to products, and means of norms. Matrices are
the integers of that file times their steps, taken back to the units of the checkpoint, so that all else
is the network of litv2.py, and nothing is folded. Each matrix is checked to be the checkpoint's own,
rounded; biases are made of the checkpoint's and checked. Patches are bf16, and so is the matrix that reads
them; the head's is integers times steps, and what it reads is not rounded. Taps of depthwise convolutions are bf16.

`Trace` keeps the integers, and the sums of products of integers, which are exact.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import deform_conv2d

from litv2 import EPS, Config, HiLo, LITv2
from packed import Packed, double


def to_integers(values: Tensor) -> Tensor:
    """The nearest, of two equally near the even one."""
    return values.round().clamp(-128, 127)


def to_bf16(values: Tensor) -> Tensor:
    return values.float().bfloat16().to(values.dtype)


class Trace:
    """What was rounded and summed in a run, by the labels of the generated library's steps.

    A second run, in another precision, takes what the first one rounded to, and notes how far its own
    values before rounding are from those: its error is that of its precision alone.
    """

    def __init__(self):
        self.values, self.rounded, self.rules, self.sums, self.errors = {}, {}, {}, {}, {}
        self.steps, self.biases = {}, {}
        self.is_second = False

    def round(self, label: str, values: Tensor, rule) -> Tensor:
        if self.is_second:
            error = (values.double() - self.values[label]).abs().max().item()
            self.errors[label] = max(error, self.errors.get(label, 0.0))
            return self.rounded[label].to(values.dtype)
        self.values[label], self.rules[label] = values, rule
        self.rounded[label] = rule(values)
        return self.rounded[label]

    def near(self, label: str, times: float) -> Tensor:
        """Where an error so many times that of the second run could round elsewhere: flat indices."""
        values, margin, rule = self.values[label], times * self.errors[label], self.rules[label]
        return torch.nonzero((rule(values - margin) != rule(values + margin)).flatten()).flatten()


class Grid:
    """The values s·q + o of a tensor, channel by channel."""

    def __init__(self, scales: Tensor, offsets: Tensor):
        self.scales, self.offsets = scales, offsets

    def fractions(self, x: Tensor) -> Tensor:
        return (x - self.offsets.to(x)) / self.scales.to(x)

    def integers_on(self, x: Tensor) -> Tensor:
        """Of values on the grid."""
        fractions = self.fractions(x)
        integers = fractions.round()
        assert (fractions - integers).abs().max() < (1e-9 if x.dtype == torch.float64 else 1e-3)
        return integers

    def values(self, integers: Tensor) -> Tensor:
        return integers * self.scales.to(integers) + self.offsets.to(integers)


class Quantise(nn.Module):
    def __init__(self, trace: Trace, label: str, grid: Grid):
        super().__init__()
        self.trace, self.label, self.grid = trace, label, grid

    def forward(self, x: Tensor) -> Tensor:
        return self.grid.values(self.trace.round(self.label, self.grid.fractions(x), to_integers))


class GridLinear(nn.Module):
    """A Linear on integers. `factor` and `shift` are what the file has folded into its rows:
    factor · (W x + b) − shift."""

    def __init__(self, trace, label, parameter, weight, bias, grid, mean, packed, factor=None, shift=None):
        super().__init__()
        self.trace, self.label, self.grid = trace, label, grid
        factor = torch.ones(len(weight), dtype=torch.float64) if factor is None else factor
        shift = torch.zeros(len(weight), dtype=torch.float64) if shift is None else shift
        panels = packed.integers(parameter)
        integers, step = double(panels.matrix), double(panels.step)
        target = factor[:, None] * weight * grid.scales
        check_rounded(parameter, integers, step, target)
        self.integers = integers
        rounded = integers * step[:, None] / grid.scales / factor[:, None]
        # The bias takes up the mean of the error that rounding the matrix makes.
        bias = bias + (weight - rounded) @ mean
        expected = factor * (bias + rounded @ grid.offsets) - shift
        parts = (factor[:, None] * weight).abs() @ (grid.offsets.abs() + (mean - grid.offsets).abs())
        check_bias(parameter, double(panels.bias), expected, (factor * bias).abs() + shift.abs() + parts)
        self.folded = (step, expected, factor, shift)
        self.weight, self.bias = nn.Parameter(rounded), nn.Parameter(bias)
        trace.steps.setdefault(label, []).append(torch.from_numpy(panels.step.copy()))
        trace.biases.setdefault(label, []).append(torch.from_numpy(panels.bias.copy()))

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(x, self.weight, self.bias)
        if not self.trace.is_second:
            sums = self.grid.integers_on(x) @ self.integers.T
            step, bias, factor, shift = self.folded
            torch.testing.assert_close(y, (sums * step + bias + shift) / factor, rtol=1e-9, atol=1e-9)
            self.trace.sums.setdefault(self.label, []).append(sums)
        return y


def check_rounded(parameter: str, integers: Tensor, step: Tensor, target: Tensor):
    """Each integer is the nearest to what it stands for, or the last one of those there are; no step is
    larger than the largest value needs, nor smaller than 0.7 of that."""
    exact = target / step[:, None]
    error = (integers - exact.clamp(-127, 127)).abs().max().item()
    assert error < 0.5 + 1e-4, f"{parameter}: an integer is off by {error}"
    share = step * 127 / target.abs().amax(dim=1)
    assert share.max() < 1 + 1e-5 and share.min() > 0.7 - 1e-5, f"{parameter}: steps {share}"


def check_bias(parameter: str, packed: Tensor, expected: Tensor, size: Tensor):
    """The file's bias is a sum of a few roundings to single precision, of parts as large as `size`."""
    bound = 2.0**-22 * size
    assert ((packed - expected).abs() <= bound).all(), f"{parameter}: bias off by {packed - expected}"


class QuantisedHiLo(HiLo):
    """Gets tokens on the grid."""

    def low(self, x: Tensor) -> Tensor:
        n, height, width, _ = x.shape
        q = self.l_q(x).view(n, height * width, self.l_heads, self.head_dim).transpose(1, 2)
        if self.window > 1:
            x = self.means(x)
        kv = self.l_kv(x).reshape(n, -1, 2, self.l_heads, self.head_dim)
        k, v = kv.permute(2, 0, 3, 1, 4)
        out = self.attend(q, k, v).transpose(1, 2)
        return self.l_proj(out.reshape(n, height, width, self.l_heads * self.head_dim))

    def means(self, x: Tensor) -> Tensor:
        """Of integers, so that one in the middle between two is exactly there."""
        integers = self.grid.integers_on(x).permute(0, 3, 1, 2)
        pooled = F.avg_pool2d(integers, self.window).permute(0, 2, 3, 1)
        return self.grid.values(self.trace.round(self.pool_label, pooled, to_integers))


def deformable_samples(conv_offset: nn.Conv2d, x: Tensor) -> Tensor:
    """N×C×H×W to N×⌊H/2⌋×⌊W/2⌋×4C, point by point: what a deformable convolution multiplies."""
    channels = x.shape[1]
    # Output channel p·C + c is the sample of channel c at point p, and nothing else.
    choice = torch.eye(4 * channels, dtype=x.dtype).view(-1, 2, 2, channels).permute(0, 3, 1, 2)
    return deform_conv2d(x, conv_offset(x), choice.contiguous(), stride=2).permute(0, 2, 3, 1)


class QuantisedMerging(nn.Module):
    """Samples are rounded one by one; the BatchNorm is a part of the matrix."""

    def __init__(self, conv_offset: nn.Conv2d, quantise: Quantise, linear: GridLinear):
        super().__init__()
        self.conv_offset, self.quantise, self.linear = conv_offset, quantise, linear

    def forward(self, x: Tensor) -> Tensor:
        x = deformable_samples(self.conv_offset, x.permute(0, 3, 1, 2).contiguous())
        return F.gelu(self.linear(self.quantise(x)))


class Quantiser:
    """Makes a network in double precision fake-quantised."""

    def __init__(self, network: LITv2, packed: Packed, calibration: dict):
        self.network, self.packed, self.trace = network, packed, Trace()
        self.means = {entry["name"]: double(entry["mean"]) for entry in calibration["tensors"]}
        self.grids: dict[str, Grid] = {}
        with torch.no_grad():
            for index, stage in enumerate(network.layers):
                for number, block in enumerate(stage.blocks):
                    self.quantise_block(block, f"layers.{index}.blocks.{number}")
                if stage.downsample is not None:
                    stage.downsample = self.merging(stage.downsample, f"layers.{index}.downsample")
            self.round_ends()
        unused = packed.quantised ^ set(self.grids)
        assert not unused, f"integers of {unused} are in one of file and network"

    def grid(self, name: str) -> Grid:
        if name not in self.grids:
            scales, offsets = self.packed.scales(name, len(self.means[name]))
            self.grids[name] = Grid(double(scales), double(offsets))
        return self.grids[name]

    def point(self, label: str, name: str) -> Quantise:
        return Quantise(self.trace, label, self.grid(name))

    def linear(self, module, parameter, label=None, inputs=None, factor=None, shift=None) -> GridLinear:
        inputs = inputs or parameter
        bias = torch.zeros(len(module.weight)).double() if module.bias is None else module.bias
        return GridLinear(self.trace, label or parameter, parameter, module.weight, bias, self.grid(inputs),
                          self.means[inputs], self.packed, factor, shift)

    def quantise_block(self, block, prefix):
        if block.has_msa:
            block.attn = self.attention(block.attn, f"{prefix}.attn")
            block.norm1 = nn.Sequential(block.norm1, self.point(f"{prefix}.norm1", block.attn.inputs))
        mlp, name = block.mlp, f"{prefix}.mlp"
        block.norm2 = nn.Sequential(block.norm2, self.point(f"{prefix}.norm2", f"{name}.fc1"))
        mlp.fc1 = self.linear(mlp.fc1, f"{name}.fc1")
        taps = mlp.dwconv.dwconv.weight
        taps.copy_(to_bf16(taps))
        packed = double(self.packed.taps(f"{name}.dwconv.dwconv", len(taps)))
        assert (packed == taps.flatten(1)).all(), f"{name}: other taps"
        mlp.fc2 = nn.Sequential(
            self.point(f"{name}.dwconv.dwconv", f"{name}.fc2"), self.linear(mlp.fc2, f"{name}.fc2"))

    def attention(self, layer, name):
        layer.__class__ = QuantisedHiLo
        layer.inputs = f"{name}.h_qkv" if layer.h_heads > 0 else f"{name}.l_q"
        layer.trace, layer.grid, layer.pool_label = self.trace, self.grid(layer.inputs), f"{name}.pool"
        # What products on one input are called together.
        members = [f"{name}.h_qkv"] * (layer.h_heads > 0) + [f"{name}.l_q"] * (layer.l_heads > 0)
        members += [f"{name}.l_kv"] * (layer.l_heads > 0 and layer.window == 1)
        together = " + ".join(members)
        for branch, heads, rest in (("h", layer.h_heads, "qkv"), ("l", layer.l_heads, "kv")):
            if heads == 0:
                continue
            width, values = heads * layer.head_dim, self.grid(f"{name}.{branch}_proj")
            one, zero = torch.ones(width).double(), torch.zeros(width).double()
            scale = {"q": layer.scale * one, "k": one, "v": 1 / values.scales}
            shift = {"q": zero, "k": zero, "v": values.offsets / values.scales}
            for rows in ["qkv"] if branch == "h" else ["q", "kv"]:
                parameter = f"{name}.{branch}_{rows}"
                setattr(layer, f"{branch}_{rows}", self.linear(
                    getattr(layer, f"{branch}_{rows}"), parameter,
                    together if parameter in members else parameter, layer.inputs,
                    torch.cat([scale[row] for row in rows]), torch.cat([shift[row] for row in rows])))
            step = f"{name}.{'hifi' if branch == 'h' else 'lofi'}"
            projection = self.linear(getattr(layer, f"{branch}_proj"), f"{name}.{branch}_proj")
            setattr(layer, f"{branch}_proj",
                    nn.Sequential(self.point(step, f"{name}.{branch}_proj"), projection))
        return layer

    def merging(self, module, name):
        norm, conv = module.norm_layer, module.dconv
        scale = norm.weight / (norm.running_var + EPS).sqrt()
        weight = conv.weight.permute(0, 2, 3, 1).flatten(1) * scale[:, None]
        bias = (conv.bias - norm.running_mean) * scale + norm.bias
        parameter = f"{name}.dconv"
        linear = GridLinear(self.trace, parameter, parameter, weight, bias, self.grid(parameter),
                            self.means[parameter], self.packed)
        return QuantisedMerging(conv.conv_offset, self.point(f"{name}.samples", parameter), linear)

    def round_ends(self):
        """Patches and head, whose matrices alone are rounded here."""
        network = self.network
        proj = network.patch_embed.proj
        proj.weight.copy_(to_bf16(proj.weight))
        packed = double(self.packed.halves("patch_embed.proj").matrix)
        assert (packed == proj.weight.flatten(1)).all(), "patch_embed.proj: other bf16"
        if hasattr(network, "head"):
            panels = self.packed.integers("head")
            integers, step = double(panels.matrix), double(panels.step)
            check_rounded("head", integers, step, network.head.weight)
            assert (double(panels.bias) == network.head.bias).all(), "head: another bias"
            network.head.weight.copy_(integers * step[:, None])

