"""Single attention layers that LITv2's paper times HiLo against, in PyTorch.

MSA is the attention of ViT, SRA that of the Pyramid Vision Transformer (arXiv 2102.12122), window
attention that of Swin (arXiv 2103.14030); parameters carry the names of those papers' checkpoints.
Input and output are N×(height·width)×dim, tokens row by row.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litv2 import EPS

# Added to the scores of tokens that shifting has made neighbours.
MASKED = -100.0


def split_heads(x: Tensor, parts: int, heads: int) -> Tensor:
    """N×T×(parts·heads·d) to parts×N×heads×T×d."""
    n, tokens, width = x.shape
    return x.view(n, tokens, parts, heads, width // (parts * heads)).permute(2, 0, 3, 1, 4)


def join_heads(x: Tensor) -> Tensor:
    """N×heads×T×d to N×T×(heads·d)."""
    return x.transpose(1, 2).flatten(2)


class Attention(nn.Module):
    def attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
        """N×heads×T×d; scores get a `bias` of as many rows as an image has, which images share."""
        scores = (q @ k.transpose(-2, -1)) * q.shape[-1] ** -0.5
        if bias is not None:
            scores = (scores.unflatten(0, (-1, len(bias))) + bias).flatten(0, 1)
        return scores.softmax(dim=-1) @ v


class MSA(Attention):
    """Every token attends to every token."""

    def __init__(self, dim, heads, qkv_bias=True):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        q, k, v = split_heads(self.qkv(x), 3, self.heads)
        return self.proj(join_heads(self.attend(q, k, v)))


class SRA(Attention):
    """Every token attends to a map that a strided convolution made smaller."""

    def __init__(self, dim, heads, sr_ratio, qkv_bias=True):
        super().__init__()
        self.heads = heads
        self.sr_ratio = sr_ratio
        self.q = nn.Linear(dim, dim, bias=qkv_bias)
        if sr_ratio > 1:
            self.sr = nn.Conv2d(dim, dim, sr_ratio, stride=sr_ratio)
            self.norm = nn.LayerNorm(dim, eps=EPS)
        self.kv = nn.Linear(dim, 2 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        q, = split_heads(self.q(x), 1, self.heads)
        k, v = split_heads(self.kv(self.reduced(x, height, width)), 2, self.heads)
        return self.proj(join_heads(self.attend(q, k, v)))

    def reduced(self, x: Tensor, height: int, width: int) -> Tensor:
        if self.sr_ratio == 1:
            return x
        x = x.transpose(1, 2).unflatten(2, (height, width))
        return self.norm(self.sr(x).flatten(2).transpose(1, 2))


class WindowAttention(Attention):
    """Tokens attend inside windows, whose grid `shift` moves to the right and down."""

    def __init__(self, dim, heads, window, shift=0, position_bias=False, qkv_bias=True):
        super().__init__()
        self.heads = heads
        self.window = window
        self.shift = shift
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        if position_bias:
            table = torch.zeros((2 * window - 1) ** 2, heads)
            self.relative_position_bias_table = nn.Parameter(table)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        count, _, dim = x.shape
        s = self.window
        x = x.view(count, height, width, dim)
        x = F.pad(x, (0, 0, 0, -width % s, 0, -height % s))
        x = x.roll((-self.shift, -self.shift), dims=(1, 2))
        q, k, v = split_heads(self.qkv(windows(x, s)), 3, self.heads)
        out = self.proj(join_heads(self.attend(q, k, v, self.bias(height, width))))
        rows, columns = x.shape[1] // s, x.shape[2] // s
        x = out.view(count, rows, columns, s, s, dim).transpose(2, 3).reshape(x.shape)
        x = x.roll((self.shift, self.shift), dims=(1, 2))[:, :height, :width]
        return x.reshape(count, height * width, dim)

    def bias(self, height: int, width: int) -> Tensor | None:
        """What an image's scores get, (1 or windows)×(1 or heads)×s²×s²."""
        bias = None
        if hasattr(self, "relative_position_bias_table"):
            bias = self.position_bias()[None]
        if self.shift > 0:
            mask = self.mask(height + -height % self.window, width + -width % self.window)[:, None]
            bias = mask if bias is None else bias + mask
        return bias

    def position_bias(self) -> Tensor:
        """heads×s²×s²: what a pair of tokens finds in the table for query minus key."""
        s = self.window
        places = torch.cartesian_prod(torch.arange(s), torch.arange(s))
        distance = places[:, None] - places[None] + s - 1
        rows = distance[..., 0] * (2 * s - 1) + distance[..., 1]
        return self.relative_position_bias_table[rows].permute(2, 0, 1)

    def mask(self, height: int, width: int) -> Tensor:
        """windows×s²×s²: 0 inside a region of the rolled map, MASKED between regions."""
        labels = 3 * self.region(height)[:, None] + self.region(width)
        labels = windows(labels[None, :, :, None], self.window).squeeze(-1)
        return (labels[:, :, None] != labels[:, None]) * MASKED

    def region(self, side: int) -> Tensor:
        """A row's or column's region, 0 to 2: the side is cut at -window and at -shift."""
        place = torch.arange(side)
        return (place >= side - self.window).long() + (place >= side - self.shift).long()


def windows(x: Tensor, s: int) -> Tensor:
    """N×H×W×C to (N·windows)×s²×C."""
    n, height, width, channels = x.shape
    x = x.view(n, height // s, s, width // s, s, channels).transpose(2, 3)
    return x.reshape(-1, s * s, channels)
