"""Cases of the layers in attentions.py with seeded weights and inputs; as in networks.py, nothing
but outputs is stored.
"""

import torch

import seeded
from attentions import MSA, SRA, WindowAttention
from networks import difference, statistics, stored_rows

LAYERS = {"msa": MSA, "sra": SRA, "window": WindowAttention}
ALL, SOME = True, False


def msa():
    return {"kind": "msa"}


def sra(ratio):
    return {"kind": "sra", "sr_ratio": ratio}


def window(side, shift=0, position_bias=False):
    return {"kind": "window", "window": side, "shift": shift, "position_bias": position_bias}


# dim, heads, layer, height, width, batch, qkv_bias, whether all rows are stored
CASES = [
    (24, 4, msa(), 3, 5, 2, True, ALL),
    (30, 3, msa(), 7, 7, 1, True, ALL),
    (30, 3, msa(), 1, 6, 3, True, ALL),
    (7, 1, msa(), 5, 9, 2, True, ALL),
    (15, 5, msa(), 4, 4, 3, True, ALL),
    (8, 8, msa(), 6, 5, 1, True, ALL),
    (40, 4, msa(), 1, 1, 2, True, ALL),
    (64, 4, msa(), 5, 9, 1, False, ALL),
    (33, 3, msa(), 13, 15, 2, True, SOME),
    (96, 3, msa(), 28, 28, 1, True, SOME),
    (768, 12, msa(), 14, 14, 1, True, SOME),
    (24, 4, sra(1), 5, 9, 1, True, ALL),
    (30, 3, sra(1), 1, 6, 3, False, ALL),
    (24, 3, sra(2), 4, 6, 2, True, ALL),
    (30, 3, sra(2), 7, 7, 1, True, ALL),
    (7, 1, sra(2), 5, 9, 3, True, ALL),
    (15, 5, sra(2), 2, 3, 2, True, ALL),
    (48, 4, sra(2), 5, 6, 1, False, ALL),
    (36, 3, sra(3), 6, 9, 1, True, ALL),
    (33, 3, sra(3), 5, 7, 2, True, ALL),
    (24, 2, sra(3), 13, 15, 1, True, SOME),
    (40, 2, sra(4), 8, 4, 1, True, ALL),
    (60, 3, sra(4), 13, 15, 2, True, SOME),
    (96, 3, sra(2), 28, 28, 1, True, SOME),
    (768, 12, sra(2), 14, 14, 1, True, SOME),
    (24, 4, window(1), 3, 5, 2, True, ALL),
    (24, 4, window(1, position_bias=True), 5, 2, 1, True, ALL),
    (30, 3, window(2), 4, 6, 1, True, ALL),
    (30, 3, window(2, 1), 7, 7, 1, True, ALL),
    (21, 3, window(2, position_bias=True), 4, 5, 2, True, ALL),
    (7, 1, window(2, 1, position_bias=True), 5, 9, 3, True, ALL),
    (24, 2, window(3), 7, 4, 1, True, ALL),
    (33, 3, window(3, position_bias=True), 6, 9, 1, True, ALL),
    (24, 2, window(3, 1), 5, 9, 2, True, ALL),
    (24, 3, window(3, 2, position_bias=True), 9, 6, 1, True, ALL),
    (15, 5, window(3, 1, position_bias=True), 1, 6, 3, True, ALL),
    (48, 4, window(3, 2), 5, 7, 1, False, ALL),
    (32, 2, window(4, 2, position_bias=True), 8, 12, 1, True, SOME),
    (30, 3, window(7), 7, 7, 1, True, ALL),
    (30, 3, window(7, position_bias=True), 13, 15, 2, True, SOME),
    (24, 3, window(7, 3, position_bias=True), 1, 6, 2, True, ALL),
    (20, 2, window(7, 1, position_bias=True), 5, 9, 1, True, ALL),
    (30, 3, window(7, 3), 14, 14, 2, True, SOME),
    (36, 3, window(7, 6, position_bias=True), 13, 15, 1, True, SOME),
    (64, 4, window(7, 3, position_bias=True), 14, 7, 1, False, SOME),
    (96, 3, window(7, 3, position_bias=True), 28, 28, 1, True, SOME),
    (768, 12, window(7), 14, 14, 1, True, SOME),
    (768, 12, window(7, 3, position_bias=True), 14, 14, 1, True, SOME),
]


def attentions():
    """Yields (manifest entry, tensors); `rows` are the tokens of every image that are stored."""
    for index, (dim, heads, layer, height, width, batch, bias, all_rows) in enumerate(CASES):
        seed = 700 + index
        own = dict(layer)
        kind = own.pop("kind")
        labels = [f"{key.split('_')[-1]}{int(value)}" for key, value in own.items()]
        name = "_".join([f"{kind}_{index:02d}_dim{dim}_heads{heads}", *labels])
        module = seeded.fill(LAYERS[kind](dim, heads, qkv_bias=bias, **own), seed)
        x = seeded.inputs(seed, batch, height * width, dim)
        with torch.no_grad():
            single = module(x, height, width)
            double = module.double()(x.double(), height, width)
        rows = stored_rows(height * width, width, all_rows)
        entry = {
            "id": name, **layer, "dim": dim, "heads": heads, "height": height, "width": width,
            "batch": batch, "qkv_bias": bias, "seed": seed,
            "parameters": [{"name": key, "shape": list(tensor.shape)}
                           for key, tensor in module.state_dict().items()],
            "all_rows": all_rows, "rows": rows,
            "fp32_error": difference(single, double), **statistics(double),
        }
        yield entry, {
            f"{name}.output32": single[:, rows].contiguous(),
            f"{name}.output64": double[:, rows].contiguous()}
