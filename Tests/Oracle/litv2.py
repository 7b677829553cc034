"""LITv2 (arXiv 2205.13213) in PyTorch: what the generated C is compared with.

The module follows the paper and carries the parameter names of the released checkpoints, so that a
`state_dict` of either side loads into the other. It computes both readings of the network: the
classifier (`forward`) and the backbone for dense prediction (`features`). Tokens are channels-last
throughout: a map is N×H×W×C.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import deform_conv2d

PATCH = 4
EPS = 1e-5


@dataclass(frozen=True)
class Config:
    """A network; every tuple has one entry a stage, and channels double from stage to stage."""

    embed_dim: int = 96
    depths: tuple = (2, 2, 6, 2)
    heads: tuple = (3, 6, 12, 24)
    windows: tuple = (0, 0, 2, 1)
    has_msa: tuple = (0, 0, 1, 1)
    alpha: float = 0.9
    mlp_ratio: float = 4.0
    classes: int = 1000
    qkv_bias: bool = True
    qk_scale: float | None = None
    first_norm: bool = False  # whether a backbone has norm0, behind the first stage

    def channels(self, stage: int) -> int:
        return self.embed_dim << stage


PRESETS = {
    "litv2-s": Config(),
    "litv2-m": Config(depths=(2, 2, 18, 2)),
    "litv2-b": Config(embed_dim=128, depths=(2, 2, 18, 2), heads=(4, 8, 16, 32)),
}


class HiLo(nn.Module):
    """Attention inside windows (Hi-Fi heads) beside attention to a pooled map (Lo-Fi heads)."""

    def __init__(self, dim, heads, window, alpha, qkv_bias=True, qk_scale=None):
        super().__init__()
        self.window = window
        self.head_dim = dim // heads
        self.l_heads = heads if window == 1 else int(heads * alpha)
        self.h_heads = heads - self.l_heads
        self.scale = self.head_dim**-0.5 if qk_scale is None else qk_scale
        low, high = self.l_heads * self.head_dim, self.h_heads * self.head_dim
        if low > 0:
            self.l_q = nn.Linear(dim, low, bias=qkv_bias)
            self.l_kv = nn.Linear(dim, 2 * low, bias=qkv_bias)
            self.l_proj = nn.Linear(low, low)
        if high > 0:
            self.h_qkv = nn.Linear(dim, 3 * high, bias=qkv_bias)
            self.h_proj = nn.Linear(high, high)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        """N×(height·width)×dim to the same shape; a map that windows do not divide is padded."""
        count, _, dim = x.shape
        s = self.window
        x = x.view(count, height, width, dim)
        x = F.pad(x, (0, 0, 0, -width % s, 0, -height % s))
        branches = []
        if self.h_heads > 0:
            branches.append(self.high(x))
        if self.l_heads > 0:
            branches.append(self.low(x))
        out = torch.cat(branches, dim=-1)[:, :height, :width]
        return out.reshape(count, height * width, dim)

    def high(self, x: Tensor) -> Tensor:
        n, height, width, _ = x.shape
        s = self.window
        rows, columns = height // s, width // s
        qkv = self.h_qkv(x).view(n, rows, s, columns, s, 3, self.h_heads, self.head_dim)
        # 3, n, window row, window column, head, token of the window, channel of the head
        qkv = qkv.permute(5, 0, 1, 3, 6, 2, 4, 7)
        q, k, v = qkv.reshape(3, n, rows, columns, self.h_heads, s * s, self.head_dim)
        out = self.attend(q, k, v).view(n, rows, columns, self.h_heads, s, s, self.head_dim)
        out = out.permute(0, 1, 4, 2, 5, 3, 6)
        return self.h_proj(out.reshape(n, height, width, self.h_heads * self.head_dim))

    def low(self, x: Tensor) -> Tensor:
        n, height, width, _ = x.shape
        q = self.l_q(x).view(n, height * width, self.l_heads, self.head_dim).transpose(1, 2)
        pooled = F.avg_pool2d(x.permute(0, 3, 1, 2), self.window).permute(0, 2, 3, 1)
        kv = self.l_kv(pooled).reshape(n, -1, 2, self.l_heads, self.head_dim)
        k, v = kv.permute(2, 0, 3, 1, 4)
        out = self.attend(q, k, v).transpose(1, 2)
        return self.l_proj(out.reshape(n, height, width, self.l_heads * self.head_dim))

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return ((q @ k.transpose(-2, -1)) * self.scale).softmax(dim=-1) @ v


class DepthwiseConv(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.dwconv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class ConvFFN(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.dwconv = DepthwiseConv(hidden)
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.dwconv(self.fc1(x))))


class Block(nn.Module):
    def __init__(self, config: Config, stage: int):
        super().__init__()
        channels = config.channels(stage)
        self.has_msa = bool(config.has_msa[stage])
        if self.has_msa:
            self.norm1 = nn.LayerNorm(channels, eps=EPS)
            self.attn = HiLo(
                channels, config.heads[stage], config.windows[stage], config.alpha,
                config.qkv_bias, config.qk_scale)
        self.norm2 = nn.LayerNorm(channels, eps=EPS)
        self.mlp = ConvFFN(channels, int(channels * config.mlp_ratio))

    def forward(self, x: Tensor) -> Tensor:
        if self.has_msa:
            n, height, width, channels = x.shape
            tokens = self.norm1(x).reshape(n, height * width, channels)
            x = x + self.attn(tokens, height, width).view_as(x)
        return x + self.mlp(self.norm2(x))


class DeformConv(nn.Module):
    """Deformable convolution 2×2, stride 2; its offsets come from an ordinary one."""

    def __init__(self, channels):
        super().__init__()
        plain = nn.Conv2d(channels, 2 * channels, 2, stride=2)
        self.weight, self.bias = plain.weight, plain.bias
        self.conv_offset = nn.Conv2d(channels, 8, 2, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return deform_conv2d(x, self.conv_offset(x), self.weight, self.bias, stride=2)


class TokenMerging(nn.Module):
    """N×H×W×C to N×⌊H/2⌋×⌊W/2⌋×2C."""

    def __init__(self, channels):
        super().__init__()
        self.dconv = DeformConv(channels)
        self.norm_layer = nn.BatchNorm2d(2 * channels, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dconv(x.permute(0, 3, 1, 2).contiguous())
        return F.gelu(self.norm_layer(x)).permute(0, 2, 3, 1)


class PatchEmbedding(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.proj = nn.Conv2d(3, channels, PATCH, stride=PATCH)
        self.norm = nn.LayerNorm(channels, eps=EPS)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        x = F.pad(x, (0, -width % PATCH, 0, -height % PATCH))
        return self.norm(self.proj(x).permute(0, 2, 3, 1))


class Stage(nn.Module):
    def __init__(self, config: Config, stage: int):
        super().__init__()
        self.blocks = nn.ModuleList(Block(config, stage) for _ in range(config.depths[stage]))
        last = stage + 1 == len(config.depths)
        self.downsample = None if last else TokenMerging(config.channels(stage))


class LITv2(nn.Module):
    """The network; `dense` gives the backbone its own norms instead of norm and head."""

    def __init__(self, config: Config, dense: bool = False):
        super().__init__()
        count = len(config.depths)
        self.patch_embed = PatchEmbedding(config.embed_dim)
        self.layers = nn.ModuleList(Stage(config, stage) for stage in range(count))
        if dense:
            for stage in range(0 if config.first_norm else 1, count):
                self.add_module(f"norm{stage}", nn.LayerNorm(config.channels(stage), eps=EPS))
            return
        channels = config.channels(count - 1)
        self.norm = nn.LayerNorm(channels, eps=EPS)
        self.head = nn.Linear(channels, config.classes) if config.classes > 0 else nn.Identity()

    def stages(self, images: Tensor):
        """Yields the map of each stage, N×H×W×C, before token merging."""
        x = self.patch_embed(images)
        for layer in self.layers:
            for block in layer.blocks:
                x = block(x)
            yield x
            if layer.downsample is not None:
                x = layer.downsample(x)

    def forward(self, images: Tensor) -> Tensor:
        """N×3×H×W to logits N×classes, or to pooled features when there are no classes."""
        *_, last = self.stages(images)
        return self.head(self.norm(last).mean(dim=(1, 2)))

    def features(self, images: Tensor) -> list[Tensor]:
        """N×3×H×W of any size to the maps N×C×H×W of all stages; the first has a norm only
        where the configuration says so."""
        maps = []
        for stage, x in enumerate(self.stages(images)):
            x = getattr(self, f"norm{stage}", nn.Identity())(x)
            maps.append(x.permute(0, 3, 1, 2).contiguous())
        return maps


def initialise(network: nn.Module) -> None:
    """As the authors do: small normal weights, offsets that begin at zero."""
    for name, module in network.named_modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            nn.init.zeros_(module.bias)
        if name.endswith("conv_offset"):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
