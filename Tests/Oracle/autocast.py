"""What PyTorch's autocast to bfloat16 is off by, network by network.

torchvision has no deformable convolution in bfloat16, so token merging stays in float32 here.
"""

import torch

import networks
import seeded
from litv2 import LITv2, TokenMerging

# Of networks.NETWORKS: every form of attention, every preset but the slowest.
NAMES = ["litv2_s_224", "litv2_m_224", "litv2_s_96", "litv2_s_224_alpha_00",
         "litv2_s_224_alpha_10", "litv2_s_128_window_1", "litv2_s_128_window_4", "tiny_64x96",
         "three_stages", "attention_everywhere", "one_stage"]


def merge_in_single_precision(merging: TokenMerging) -> None:
    forward = merging.forward

    def merged(x: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", enabled=False):
            return forward(x.float())

    merging.forward = merged


def keep_merging_single(network: torch.nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, TokenMerging):
            merge_in_single_precision(module)


def errors():
    """Yields manifest entries; `rms_error` is that of all outputs, in their own units."""
    for index, (name, config, height, width, batch) in enumerate(networks.NETWORKS):
        if name not in NAMES:
            continue
        seed = 100 + index
        network = seeded.fill(LITv2(config), seed).eval()
        images = seeded.inputs(seed, batch, 3, height, width)
        with torch.no_grad():
            double = network.double()(images.double())
            network.float()
            keep_merging_single(network)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                narrow = network(images)
        error = (narrow.double() - double).square().mean().sqrt().item()
        yield {"id": name, "rms_error": error}
