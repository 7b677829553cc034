"""What training shares in the examples; their programs put this folder on the path."""

from collections.abc import Callable

import torch
from torch import nn


def optimiser(
    network: nn.Module, rate: float, decay: float = 0.05, **options
) -> torch.optim.AdamW:
    """AdamW, without decay on vectors (norms and biases); `options` are more of its own."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}], lr=rate,
        weight_decay=decay, **options)


@torch.no_grad()
def offset_report(network: nn.Module, compute: Callable[[], object]) -> None:
    """Prints how far token merging moves its samples while `compute` runs the network; refuses a
    network that leaves them at 0."""
    seen = {}

    def keep(index):
        return lambda module, arguments, output: seen.__setitem__(index, output)

    mergings = [layer.downsample for layer in network.layers if layer.downsample is not None]
    hooks = [m.dconv.conv_offset.register_forward_hook(keep(i)) for i, m in enumerate(mergings)]
    compute()
    for hook in hooks:
        hook.remove()
    for index, offsets in seen.items():
        low, high = torch.quantile(offsets, torch.tensor([0.05, 0.95]))
        print(f"offsets after stage {index + 1}: deviation {offsets.std():.3f}, "
              f"5-95% {low:.3f} to {high:.3f}, largest {offsets.abs().max():.3f} pixels")
        assert offsets.std() > 0.01, f"stage {index + 1}: token merging did not learn offsets"


def settings(config, name: str, side: int, crop: bool) -> dict:
    """A `Config` of the oracle in the authors' layout; `crop` is the recipe of evaluation."""
    return {
        "DATA": {"IMG_SIZE": side},
        "MODEL": {
            "TYPE": "litv2",
            "NAME": name,
            "NUM_CLASSES": config.classes,
            "LIT": {
                "PATCH_SIZE": 4,
                "IN_CHANS": 3,
                "EMBED_DIM": config.embed_dim,
                "DEPTHS": list(config.depths),
                "NUM_HEADS": list(config.heads),
                "MLP_RATIO": config.mlp_ratio,
                "QKV_BIAS": config.qkv_bias,
                "QK_SCALE": config.qk_scale,
                "ALPHA": config.alpha,
                "LOCAL_WS": list(config.windows),
                "HAS_MSA": list(config.has_msa),
            },
        },
        "TEST": {"CROP": crop},
    }
