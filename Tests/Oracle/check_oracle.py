"""Checks the oracle itself, against numbers and code that do not share a line with it.

    python Tests/Oracle/check_oracle.py
"""

import math
from dataclasses import replace

import numpy as np
import torch
from torchvision.models.swin_transformer import ShiftedWindowAttention
from torchvision.ops import deform_conv2d

import seeded
from attentions import MSA, SRA, WindowAttention
from litv2 import Config, HiLo, LITv2, PRESETS, TokenMerging

# Counts that the authors' code prints (LITv2 repository and paper).
PARAMETERS = [
    ("litv2-s", 0.9, 27_844_000), ("litv2-m", 0.9, 48_830_368), ("litv2-b", 0.9, 86_520_704),
    ("litv2-s", 0.0, 28_089_760), ("litv2-s", 0.2, 27_844_000), ("litv2-s", 0.4, 27_696_544),
    ("litv2-s", 0.5, 27_647_392), ("litv2-s", 0.7, 27_696_544), ("litv2-s", 1.0, 28_089_760),
]


def expect_close(result, expected):
    """NumPy's own default would forgive a relative error of 1e-7."""
    np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)


def check_counts():
    for name, alpha, expected in PARAMETERS:
        with torch.device("meta"):
            network = LITv2(replace(PRESETS[name], alpha=alpha))
        count = sum(parameter.numel() for parameter in network.parameters())
        assert count == expected, f"{name} alpha {alpha}: {count} parameters, not {expected}"


def check_names():
    """The names and their order for one small network, written out."""
    config = Config(embed_dim=4, depths=(1, 1), heads=(1, 2), windows=(0, 2), has_msa=(0, 1),
                    alpha=0.5, classes=3)
    mlp = [f"mlp.{layer}.{kind}" for layer in ("fc1", "dwconv.dwconv", "fc2")
           for kind in ("weight", "bias")]
    norm2 = ["norm2.weight", "norm2.bias"]
    attention = [f"attn.{layer}.{kind}" for layer in ("l_q", "l_kv", "l_proj", "h_qkv", "h_proj")
                 for kind in ("weight", "bias")]
    merging = ["dconv.weight", "dconv.bias", "dconv.conv_offset.weight", "dconv.conv_offset.bias",
               "norm_layer.weight", "norm_layer.bias", "norm_layer.running_mean",
               "norm_layer.running_var", "norm_layer.num_batches_tracked"]
    expected = [f"patch_embed.{part}.{kind}" for part in ("proj", "norm")
                for kind in ("weight", "bias")]
    expected += ["layers.0.blocks.0." + name for name in norm2 + mlp]
    expected += ["layers.0.downsample." + name for name in merging]
    expected += ["layers.1.blocks.0." + name
                 for name in ["norm1.weight", "norm1.bias"] + attention + norm2 + mlp]
    expected += ["norm.weight", "norm.bias", "head.weight", "head.bias"]
    assert list(LITv2(config).state_dict()) == expected


def sample(image, y, x):
    """Bilinear value of an H×W×C map at a point; what lies outside the map is zero."""
    height, width, channels = image.shape
    total = np.zeros(channels)
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < height and 0 <= column < width:
                total += (1 - abs(y - row)) * (1 - abs(x - column)) * image[row, column]
    return total


def naive_deform(image, offsets, weight, bias):
    """H×W×C and H'×W'×8 to H'×W'×O by loops."""
    rows, columns, _ = offsets.shape
    out = np.tile(bias, (rows, columns, 1))
    for row in range(rows):
        for column in range(columns):
            for k in range(4):
                dy, dx = offsets[row, column, 2 * k : 2 * k + 2]
                point = sample(image, 2 * row + k // 2 + dy, 2 * column + k % 2 + dx)
                out[row, column] += weight[:, :, k // 2, k % 2] @ point
    return out


def check_deformable():
    generator = np.random.default_rng(11)
    for height, width in [(4, 6), (5, 7), (2, 3)]:
        image = generator.normal(size=(height, width, 5))
        offsets = generator.uniform(-3.5, 3.5, size=(height // 2, width // 2, 8))
        whole = generator.uniform(size=offsets.shape) < 0.3
        offsets[whole] = np.round(offsets[whole])
        weight, bias = generator.normal(size=(10, 5, 2, 2)), generator.normal(size=10)
        channels_first = [torch.from_numpy(a).permute(2, 0, 1)[None] for a in (image, offsets)]
        result = deform_conv2d(
            *channels_first, torch.from_numpy(weight), torch.from_numpy(bias), stride=2)
        expected = naive_deform(image, offsets, weight, bias)
        expect_close(result[0].permute(1, 2, 0).numpy(), expected)


def check_merging():
    """The module wires offsets, norm and activation as the loops do."""
    merging = seeded.fill(TokenMerging(3), 5).double().eval()
    state = {name: tensor.numpy() for name, tensor in merging.state_dict().items()}
    x = seeded.inputs(6, 1, 5, 6, 3).double()
    image = x[0].numpy()
    patches = image[:4].reshape(2, 2, 3, 2, 3).transpose(0, 2, 4, 1, 3)
    offsets = np.einsum("ijcab,ocab->ijo", patches, state["dconv.conv_offset.weight"])
    offsets += state["dconv.conv_offset.bias"]
    out = naive_deform(image, offsets, state["dconv.weight"], state["dconv.bias"])
    deviation = np.sqrt(state["norm_layer.running_var"] + 1e-5)
    out = (out - state["norm_layer.running_mean"]) / deviation
    out = out * state["norm_layer.weight"] + state["norm_layer.bias"]
    out *= 0.5 * (1 + np.vectorize(math.erf)(out / math.sqrt(2)))
    with torch.no_grad():
        expect_close(merging(x)[0].numpy(), out)


def linear(state, name, values):
    return values @ state[name + ".weight"].T + state.get(name + ".bias", 0.0)


def naive_attend(q, k, v, heads, scale, extra=lambda head, query: 0.0):
    """Token by token and head by head; `extra` are scores to add, one a key."""
    d = q.shape[1] // heads
    out = np.zeros_like(q)
    for query in range(len(q)):
        for head, c in enumerate(slice(c, c + d) for c in range(0, heads * d, d)):
            logits = k[:, c] @ q[query, c] * scale + extra(head, query)
            weights = np.exp(logits - logits.max())
            out[query, c] = weights @ v[:, c] / weights.sum()
    return out


def naive_hilo(x, height, width, state, heads, low_heads, window, scale):
    """One image; the window divides the map."""
    d = x.shape[1] // heads
    high_heads = heads - low_heads
    where = [(t // width // window, t % width // window) for t in range(height * width)]
    groups = [[t for t in range(height * width) if where[t] == w] for w in sorted(set(where))]
    pooled = np.stack([x[group].mean(axis=0) for group in groups])
    parts = []
    if high_heads:
        q, k, v = np.split(linear(state, "h_qkv", x), 3, axis=1)
        out = np.zeros((height * width, high_heads * d))
        for group in groups:
            out[group] = naive_attend(q[group], k[group], v[group], high_heads, scale)
        parts.append(linear(state, "h_proj", out))
    if low_heads:
        q = linear(state, "l_q", x)
        k, v = np.split(linear(state, "l_kv", pooled), 2, axis=1)
        parts.append(linear(state, "l_proj", naive_attend(q, k, v, low_heads, scale)))
    return np.concatenate(parts, axis=1)


def check_hilo():
    for heads, window, alpha, height, width in [
        (3, 2, 0.5, 4, 6), (3, 3, 0.0, 6, 3), (2, 2, 1.0, 4, 4), (4, 1, 0.3, 3, 5),
    ]:
        layer = seeded.fill(HiLo(heads * 5, heads, window, alpha), 3).double()
        x = seeded.inputs(4, 1, height * width, heads * 5).double()
        state = {name: tensor.numpy() for name, tensor in layer.state_dict().items()}
        low_heads = heads if window == 1 else math.floor(heads * alpha)
        expected = naive_hilo(
            x[0].numpy(), height, width, state, heads, low_heads, window, 5**-0.5)
        with torch.no_grad():
            result = layer(x, height, width)[0].numpy()
        expect_close(result, expected)


def naive_msa(x, height, width, state, heads):
    q, k, v = np.split(linear(state, "qkv", x), 3, axis=1)
    return linear(state, "proj", naive_attend(q, k, v, heads, (x.shape[1] // heads) ** -0.5))


def naive_sra(x, height, width, state, heads, ratio):
    keys = x
    if ratio > 1:
        rows, columns = height // ratio, width // ratio
        image = x.reshape(height, width, -1)[: rows * ratio, : columns * ratio]
        patches = image.reshape(rows, ratio, columns, ratio, -1)
        keys = np.einsum("iyjxc,ocyx->ijo", patches, state["sr.weight"]) + state["sr.bias"]
        keys = keys.reshape(rows * columns, -1)
        keys = keys - keys.mean(axis=1, keepdims=True)
        keys /= np.sqrt((keys * keys).mean(axis=1, keepdims=True) + 1e-5)
        keys = keys * state["norm.weight"] + state["norm.bias"]
    k, v = np.split(linear(state, "kv", keys), 2, axis=1)
    mixed = naive_attend(linear(state, "q", x), k, v, heads, (x.shape[1] // heads) ** -0.5)
    return linear(state, "proj", mixed)


def naive_window(x, height, width, state, heads, window, shift):
    """Nothing rolls here: windows begin at `shift`, and a window that crosses the border goes on
    at the other side, where its tokens are strangers to the rest."""
    tall, wide = -(-height // window) * window, -(-width // window) * window
    padded = np.zeros((tall, wide, x.shape[1]))
    padded[:height, :width] = x.reshape(height, width, -1)
    q, k, v = np.split(linear(state, "qkv", padded.reshape(tall * wide, -1)), 3, axis=1)
    table = state.get("relative_position_bias_table", np.zeros(((2 * window - 1) ** 2, heads)))
    table = table.reshape(2 * window - 1, 2 * window - 1, heads)
    members = {}
    for t in range(tall * wide):
        y, x = (t // wide - shift) % tall, (t % wide - shift) % wide
        members.setdefault((y // window, x // window), []).append((t, y % window, x % window))
    out = np.zeros_like(q)
    for group in members.values():
        tokens = [t for t, _, _ in group]

        def extra(head, query):
            a, y, x = group[query]
            return np.array([
                table[y - row + window - 1, x - column + window - 1, head]
                - 100 * (wrapped(a, wide, shift) != wrapped(b, wide, shift))
                for b, row, column in group])

        scale = (q.shape[1] // heads) ** -0.5
        out[tokens] = naive_attend(q[tokens], k[tokens], v[tokens], heads, scale, extra)
    out = linear(state, "proj", out).reshape(tall, wide, -1)[:height, :width]
    return out.reshape(height * width, -1)


def wrapped(token, width, shift):
    """Whether its window reached a token by crossing the border, per axis."""
    return token // width < shift, token % width < shift


def check_attention(layer, naive, height, width, *arguments, gain=1):
    """`gain` makes scores greater: from about 100 on, what is masked counts again."""
    seeded.fill(layer, 12).double()
    x = gain * seeded.inputs(13, 2, height * width, layer.proj.in_features).double()
    state = {name: tensor.numpy() for name, tensor in layer.state_dict().items()}
    expected = [naive(image.numpy(), height, width, state, layer.heads, *arguments) for image in x]
    with torch.no_grad():
        expect_close(layer(x, height, width).numpy(), np.stack(expected))


def check_msa():
    assert list(MSA(4, 2).state_dict()) == [
        "qkv.weight", "qkv.bias", "proj.weight", "proj.bias"]
    for heads, height, width, bias in [(3, 4, 5, True), (1, 1, 3, True), (5, 3, 3, False)]:
        check_attention(MSA(heads * 5, heads, bias), naive_msa, height, width)


def check_sra():
    names = [f"{layer}.{kind}" for layer in ("q", "sr", "norm", "kv", "proj")
             for kind in ("weight", "bias")]
    assert list(SRA(4, 2, 2).state_dict()) == names
    assert list(SRA(4, 2, 1).state_dict()) == names[:2] + names[6:]
    for heads, ratio, height, width, bias in [
        (3, 1, 3, 5, True), (3, 2, 4, 6, True), (2, 2, 5, 7, False), (1, 3, 7, 4, True),
        (4, 4, 4, 9, True),
    ]:
        check_attention(SRA(heads * 5, heads, ratio, bias), naive_sra, height, width, ratio)


def check_window():
    assert set(WindowAttention(4, 2, 3, 1, True).state_dict()) == {
        "qkv.weight", "qkv.bias", "proj.weight", "proj.bias", "relative_position_bias_table"}
    for heads, window, shift, table, height, width, bias, gain in [
        (3, 1, 0, True, 2, 3, True, 1), (2, 2, 1, False, 4, 6, True, 1),
        (3, 3, 1, True, 5, 7, True, 1), (3, 3, 2, True, 6, 9, False, 1),
        (1, 4, 0, True, 5, 3, True, 1), (2, 4, 3, True, 4, 9, True, 1),
        (3, 3, 1, True, 6, 6, True, 7), (2, 7, 3, False, 14, 7, True, 7),
    ]:
        layer = WindowAttention(heads * 5, heads, window, shift, table, bias)
        check_attention(layer, naive_window, height, width, window, shift, gain=gain)


def check_window_with_torchvision():
    """Maps of several windows a side: it does not shift a single one."""
    for window, shift, height, width in [
        (7, 0, 13, 15), (7, 3, 14, 21), (7, 3, 13, 15), (3, 2, 5, 7), (2, 1, 3, 3),
    ]:
        layer = seeded.fill(WindowAttention(12, 3, window, shift, True), 14).double()
        peer = ShiftedWindowAttention(12, [window] * 2, [shift] * 2, num_heads=3).double()
        assert not peer.load_state_dict(layer.state_dict(), strict=False).unexpected_keys
        x = seeded.inputs(15, 2, height * width, 12).double()
        with torch.no_grad():
            expected = peer(x.view(2, height, width, 12)).reshape(x.shape)
            expect_close(layer(x, height, width).numpy(), expected.numpy())


def check_dense_padding():
    """The backbone pads what it must: as the same network on a map that was padded by hand."""
    layer = seeded.fill(HiLo(12, 3, 2, 0.5), 8).double()
    x = seeded.inputs(9, 2, 15, 12).double().view(2, 3, 5, 12)
    padded = torch.zeros(2, 4, 6, 12, dtype=torch.float64)
    padded[:, :3, :5] = x
    with torch.no_grad():
        small = layer(x.reshape(2, 15, 12), 3, 5).view(2, 3, 5, 12)
        large = layer(padded.view(2, 24, 12), 4, 6).view(2, 4, 6, 12)
    assert torch.allclose(small, large[:, :3, :5], atol=1e-14)
    config = Config(embed_dim=4, depths=(1, 1, 1, 1), heads=(1, 1, 2, 2))
    network = seeded.fill(LITv2(config, dense=True), 1).eval()
    with torch.no_grad():
        shapes = [tuple(m.shape) for m in network.features(seeded.inputs(1, 1, 3, 61, 77))]
    assert shapes == [(1, 4, 16, 20), (1, 8, 8, 10), (1, 16, 4, 5), (1, 32, 2, 2)], shapes


def check_seeded():
    """Vectorised values against the definition in Python's own integers."""
    mask = (1 << 64) - 1

    def mix(z):
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
        return z ^ (z >> 31)

    for seed, name in [(0, ""), (7, "norm.weight"), (2**64 - 1, "größe")]:
        key = 0xCBF29CE484222325
        for byte in name.encode():
            key = (key ^ byte) * 0x100000001B3 & mask
        key = mix(key ^ (seed * 0x9E3779B97F4A7C15 & mask))
        for index in [0, 1, 5, 1_000_003]:
            bits = mix((key + (index + 1) * 0x9E3779B97F4A7C15) & mask)
            expected = np.float32(0.25 + 1.75 * (((bits >> 40) - (1 << 23)) * 2.0**-23))
            assert seeded.values(seed, name, 1, 0.25, 1.75, first=index)[0] == expected


if __name__ == "__main__":
    for check in [check_counts, check_names, check_deformable, check_merging, check_hilo,
                  check_msa, check_sra, check_window, check_window_with_torchvision,
                  check_dense_padding, check_seeded]:
        check()
        print(f"{check.__name__}: ok")
