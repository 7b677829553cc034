"""Layers of the PyTorch model, computed so that the backward pass takes half as long on a CPU.

They have the same parameters and compute the same; `quicken` makes them of a network's own.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import pictures  # noqa: F401, finds the next
from litv2 import PATCH, DeformConv, DepthwiseConv, PatchEmbedding


def blocks(x: Tensor, side: int) -> Tensor:
    """N×C×H×W to N×H/side×W/side×(C·side²): what a convolution with stride `side` multiplies."""
    count, channels, height, width = x.shape
    x = x.reshape(count, channels, height // side, side, width // side, side)
    return x.permute(0, 2, 4, 1, 3, 5).flatten(3)


class QuickPatchEmbedding(PatchEmbedding):
    def forward(self, x: Tensor) -> Tensor:
        return self.norm(F.linear(blocks(x, PATCH), self.proj.weight.flatten(1), self.proj.bias))


class QuickDeformConv(DeformConv):
    """An ordinary convolution until `moves` is set, as long as offsets are zero."""

    moves = False

    def forward(self, x: Tensor) -> Tensor:
        if self.moves:
            return super().forward(x)
        return F.linear(blocks(x, 2), self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)


class QuickDepthwiseConv(DepthwiseConv):
    """On a map of 2×2 every token sees every other: a 4×4 matrix for each channel."""

    # Which of the 3×3 weights token `column` has for token `row`.
    PLACES = torch.tensor(
        [[3 * (j // 2 - i // 2 + 1) + j % 2 - i % 2 + 1 for j in range(4)] for i in range(4)])

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1:3] != (2, 2):
            return super().forward(x)
        kernel = self.dwconv.weight.flatten(1).T[self.PLACES]
        return ((x.flatten(1, 2)[:, None] * kernel).sum(2) + self.dwconv.bias).view_as(x)


def quicken(network: nn.Module) -> None:
    classes = {
        PatchEmbedding: QuickPatchEmbedding, DeformConv: QuickDeformConv,
        DepthwiseConv: QuickDepthwiseConv}
    for module in network.modules():
        module.__class__ = classes.get(module.__class__, module.__class__)


def move_samples(network: nn.Module) -> None:
    """From now on token merging learns its offsets."""
    for module in network.modules():
        if isinstance(module, QuickDeformConv):
            module.moves = True
