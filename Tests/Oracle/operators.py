"""Single operators in float64 from inputs that float32 holds exactly.

Maps and their offsets are channels-last (N×H×W×C), as the generated code keeps them; images are
N×3×H×W. Weights have PyTorch's order. A case is (operator, attributes, inputs, output).
"""

import numpy as np
import torch
import torch.nn.functional as F
from torchvision.ops import deform_conv2d

import seeded
from litv2 import EPS, HiLo, TokenMerging

RANDOM = np.random.default_rng(20220526)


def normal(*shape, scale=1.0):
    return torch.from_numpy((scale * RANDOM.normal(size=shape)).astype(np.float32))


def uniform(low, high, *shape):
    return torch.from_numpy(RANDOM.uniform(low, high, size=shape).astype(np.float32))


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def case(operator, function, attributes=None, **inputs):
    """Runs `function` on the inputs in double."""
    with torch.no_grad():
        output = function(**{name: tensor.double() for name, tensor in inputs.items()})
    return operator, attributes or {}, inputs, output


def linear():
    for rows, inner, outer in [(1, 1, 1), (3, 7, 5), (17, 31, 33), (14, 48, 96)]:
        yield case("linear", F.linear, input=normal(rows, inner),
                   weight=normal(outer, inner, scale=inner**-0.5), bias=normal(outer))
    yield case("linear", F.linear, input=normal(9, 13), weight=normal(6, 13))


def layer_norm():
    def function(input, weight, bias):
        return F.layer_norm(input, input.shape[-1:], weight, bias, EPS)

    for rows, channels in [(5, 1), (7, 13), (3, 96)]:
        yield case("layer_norm", function, {"eps": EPS}, input=normal(rows, channels, scale=3),
                   weight=uniform(0.5, 1.5, channels), bias=normal(channels))
    # Rows of great mean, tiny spread and no spread: where one-pass variances fail.
    rows = torch.stack([
        1000 + normal(24), -4096 + normal(24, scale=0.01), normal(24, scale=1e-4),
        torch.full((24,), 0.7), torch.zeros(24), normal(24, scale=1e6)])
    yield case("layer_norm", function, {"eps": EPS}, input=rows,
               weight=uniform(-1.5, 1.5, 24), bias=normal(24))


def gelu():
    special = np.array(
        [0.0, -0.0, 1e-45, -1e-45, 7e-42, -3e-39, 1.1754944e-38, -1.1754944e-38, 1e-30, -1e-30,
         1e-8, -1e-8, 1.0, -1.0, 40.0, -40.0, 1e4, -1e4, 3e38, -3e38], dtype=np.float32)
    exponents = uniform(-30, -1, 60).double()
    tiny = (10**exponents * torch.sign(normal(60))).float()
    values = torch.cat([
        torch.from_numpy(special), tiny, uniform(-40, 40, 400), uniform(-6, 6, 600)])

    def function(input):
        # erfc keeps the digits of the left tail, which 1 + erf loses.
        return input * (0.5 * torch.special.erfc(-input * 0.5**0.5))

    yield case("gelu", function, input=values)


def softmax():
    def function(input):
        return input.softmax(dim=-1)

    for rows, columns in [(3, 1), (4, 5), (3, 49), (2, 67)]:
        yield case("softmax", function, input=normal(rows, columns, scale=3))
    rows = torch.stack([
        normal(9, scale=300), 1e37 * uniform(-1, 1, 9), 80 + normal(9), torch.zeros(9),
        torch.cat([torch.tensor([-1e30]), normal(8)])])
    yield case("softmax", function, input=rows)


def patch_embedding():
    def function(input, weight, bias):
        return channels_last(F.conv2d(input, weight, bias, stride=4))

    for shape, channels in [((1, 3, 4, 4), 1), ((2, 3, 12, 20), 7), ((1, 3, 20, 8), 24)]:
        yield case("patch_embedding", function, input=normal(*shape),
                   weight=normal(channels, 3, 4, 4, scale=0.2), bias=normal(channels))


def depthwise():
    def function(input, weight, bias):
        groups = input.shape[-1]
        return channels_last(
            F.conv2d(channels_first(input), weight, bias, padding=1, groups=groups))

    for shape in [(1, 1, 1, 3), (1, 1, 4, 5), (2, 5, 7, 6), (1, 3, 2, 33), (1, 9, 4, 16)]:
        channels = shape[-1]
        yield case("depthwise_conv3x3", function, input=normal(*shape),
                   weight=normal(channels, 1, 3, 3, scale=0.4), bias=normal(channels))


def batch_norm():
    def function(input, weight, bias, running_mean, running_var):
        return channels_last(F.batch_norm(
            channels_first(input), running_mean, running_var, weight, bias, eps=EPS))

    for shape in [(2, 3, 5, 7), (1, 2, 2, 19)]:
        channels = shape[-1]
        variance = uniform(0.01, 3, channels)
        variance[0] = 0
        yield case("batch_norm", function, {"eps": EPS}, input=normal(*shape),
                   weight=normal(channels), bias=normal(channels),
                   running_mean=normal(channels), running_var=variance)


def average_pool():
    for window, shape in [
        (1, (1, 3, 2, 5)), (2, (2, 4, 6, 7)), (3, (1, 6, 9, 5)), (4, (1, 8, 4, 3)),
    ]:
        yield case(
            "average_pool",
            lambda input: channels_last(F.avg_pool2d(channels_first(input), window)),
            {"window": window}, input=normal(*shape))


# heads, head dimension, window, alpha, height, width, batch, qkv_bias, qk_scale
HILO = [
    (4, 3, 1, 0.5, 3, 5, 1, True, None),
    (4, 5, 2, 0.0, 4, 6, 1, True, None),
    (4, 5, 2, 0.3, 6, 4, 2, True, None),
    (2, 8, 2, 0.5, 4, 6, 1, True, None),
    (3, 4, 2, 0.9, 2, 6, 2, True, None),
    (2, 7, 2, 1.0, 4, 4, 1, True, None),
    (4, 4, 3, 0.5, 6, 9, 1, True, None),
    (2, 8, 4, 0.5, 8, 4, 1, True, None),
    (3, 4, 3, 0.3, 3, 3, 1, True, None),
    (2, 12, 2, 0.5, 4, 4, 1, False, None),
    (4, 4, 2, 0.5, 4, 4, 1, True, 0.35),
    (2, 5, 1, 0.9, 2, 3, 1, False, 1.7),
]


def hilo():
    for heads, head_dim, window, alpha, height, width, batch, bias, scale in HILO:
        dim = heads * head_dim
        layer = HiLo(dim, heads, window, alpha, bias, scale)
        state = {
            name: normal(*tensor.shape, scale=tensor.shape[-1] ** -0.5 if tensor.ndim > 1 else 0.3)
            for name, tensor in layer.state_dict().items()}
        layer.load_state_dict(state)
        layer.double()
        attributes = {
            "dim": dim, "heads": heads, "window": window, "alpha": alpha, "height": height,
            "width": width, "qkv_bias": bias, "qk_scale": scale}
        # Twice the deviation: the softmax is then far from uniform.
        x = normal(batch, height * width, dim, scale=2)
        with torch.no_grad():
            output = layer(x.double(), height, width)
        yield "hilo", attributes, {"input": x, **state}, output


def deformable():
    """The convolution alone, for given offsets, up to whole pixels and far outside the map."""
    def function(input, offset, weight, bias):
        return channels_last(deform_conv2d(
            channels_first(input), channels_first(offset), weight, bias, stride=2))

    for batch, height, width, channels, out, reach in [
        (1, 4, 6, 5, 10, 0.9), (2, 5, 7, 3, 6, 3.7), (1, 2, 2, 1, 2, 1.5), (1, 7, 4, 17, 9, 12.0),
        (1, 8, 8, 4, 8, 2.5),
    ]:
        offset = uniform(-reach, reach, batch, height // 2, width // 2, 8)
        yield case("deform_conv", function, input=normal(batch, height, width, channels),
                   offset=offset, weight=normal(out, channels, 2, 2, scale=0.5), bias=normal(out))
    yield case("deform_conv", function, input=normal(1, 4, 6, 3),
               offset=uniform(-4, 4, 1, 2, 3, 8).round(),
               weight=normal(6, 3, 2, 2), bias=normal(6))
    yield case("deform_conv", function, input=normal(1, 5, 7, 3), offset=at_the_edges(5, 7),
               weight=normal(6, 3, 2, 2), bias=normal(6))


def at_the_edges(height, width):
    """Offsets that put samples at, just inside and just outside -1, 0, H-1 and H (and W)."""
    def targets(side):
        near = [-1, 0, side - 1, side]
        return near + [t + d for t in near for d in (-2.0**-12, 2.0**-12)]

    offset = torch.zeros(1, height // 2, width // 2, 8)
    for row in range(height // 2):
        for column in range(width // 2):
            for k in range(4):
                y, x = RANDOM.choice(targets(height)), RANDOM.choice(targets(width))
                offset[0, row, column, 2 * k] = y - (2 * row + k // 2)
                offset[0, row, column, 2 * k + 1] = x - (2 * column + k % 2)
    return offset


def token_merging():
    """The whole layer: offsets from their own convolution, batch norm, GELU."""
    for index, (batch, height, width, channels) in enumerate(
        [(1, 4, 6, 6), (2, 5, 7, 4), (1, 6, 3, 9), (1, 2, 2, 3)]
    ):
        layer = seeded.fill(TokenMerging(channels), 40 + index).eval()
        if index == 3:
            # Whole offsets: samples at row -1, column 2 = W, inside, and row 2 = H.
            layer.dconv.conv_offset.weight.data.zero_()
            layer.dconv.conv_offset.bias.data = torch.tensor([-1.0, 0, 0, 1, 0, 0, 1, 0])
        state = {
            name: tensor.clone() for name, tensor in layer.state_dict().items()
            if not name.endswith("num_batches_tracked")}
        x = normal(batch, height, width, channels)
        with torch.no_grad():
            output = layer.double()(x.double())
        yield "token_merging", {"eps": EPS}, {"input": x, **state}, output


def all_cases():
    for family in [linear, layer_norm, gelu, softmax, patch_embedding, depthwise, batch_norm,
                   average_pool, hilo, deformable, token_merging]:
        yield from family()
