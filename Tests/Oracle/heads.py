"""Feature pyramids and the heads of Semantic FPN, RetinaNet and Mask R-CNN in PyTorch.

Parameters carry the names of the authors' checkpoints (mmsegmentation and mmdetection), so that a
`state_dict` of either side loads into the other. Modules give raw outputs; results.py makes boxes,
masks and label maps of them. Maps are N×C×H×W.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-5
ANCHORS = {"detect": 9, "instances": 3}  # a cell
SEGMENT_CONVS = ((0,), (0,), (0, 2), (0, 2, 4))  # what lies between them are upsamplings


def bilinear(x: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)


class Convolution(nn.Module):
    """A convolution under the name `conv`, with BatchNorm as `bn` or without, and ReLU if asked."""

    def __init__(self, inputs: int, outputs: int, kernel=3, stride=1, norm=False, relu=False):
        super().__init__()
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=not norm)
        self.bn = nn.BatchNorm2d(outputs, eps=EPS) if norm else None
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        x = x if self.bn is None else self.bn(x)
        return x.relu() if self.relu else x


def tower(channels: int, count: int = 4) -> nn.ModuleList:
    return nn.ModuleList(Convolution(channels, channels, relu=True) for _ in range(count))


def through(layers, x: Tensor) -> Tensor:
    for layer in layers:
        x = layer(x)
    return x


def flat(x: Tensor, values: int) -> Tensor:
    """N×(anchors·values)×H×W to N×(H·W·anchors)×values: by row, column, anchor."""
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, values)


class Pyramid(nn.Module):
    """FPN (arXiv 1612.03144). `extra` convolutions of stride 2 go on from the last input map."""

    def __init__(self, inputs: list[int], channels: int, extra: int = 0):
        super().__init__()
        self.count = len(inputs)
        self.lateral_convs = nn.ModuleList(Convolution(c, channels, kernel=1) for c in inputs)
        self.fpn_convs = nn.ModuleList(Convolution(channels, channels) for _ in inputs)
        for index in range(extra):
            self.fpn_convs.append(
                Convolution(inputs[-1] if index == 0 else channels, channels, stride=2))

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        sums = [lateral(x) for lateral, x in zip(self.lateral_convs, maps)]
        for finer in range(self.count - 2, -1, -1):
            size = sums[finer].shape[-2:]
            sums[finer] = sums[finer] + F.interpolate(sums[finer + 1], size=size, mode="nearest")
        out = [self.fpn_convs[index](x) for index, x in enumerate(sums)]
        last = maps[-1]
        for conv in self.fpn_convs[self.count :]:
            last = conv(last)
            out.append(last)
        return out


class SegmentationHead(nn.Module):
    """Semantic FPN (arXiv 1901.02446): class logits of the finest level's size."""

    def __init__(self, inputs: int, channels: int, classes: int):
        super().__init__()
        self.scale_heads = nn.ModuleList()
        for places in SEGMENT_CONVS:
            branch = nn.ModuleDict()
            for place in places:
                branch[str(place)] = Convolution(
                    inputs if place == 0 else channels, channels, norm=True, relu=True)
            self.scale_heads.append(branch)
        self.conv_seg = nn.Conv2d(channels, classes, 1)

    def forward(self, pyramid: list[Tensor]) -> Tensor:
        return self.conv_seg(self.summed(pyramid))

    def summed(self, pyramid: list[Tensor]) -> Tensor:
        total = self.branch(0, pyramid[0])
        for level in range(1, len(pyramid)):
            total = total + bilinear(self.branch(level, pyramid[level]), *total.shape[-2:])
        return total

    def branch(self, level: int, x: Tensor) -> Tensor:
        for layer in self.scale_heads[level].values():
            x = layer(x)
            if level > 0:
                x = bilinear(x, 2 * x.shape[-2], 2 * x.shape[-1])
        return x


class RetinaHead(nn.Module):
    """RetinaNet (arXiv 1708.02002): class logits and box deltas of every anchor of all levels."""

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.classes = classes
        self.cls_convs, self.reg_convs = tower(channels), tower(channels)
        anchors = ANCHORS["detect"]
        self.retina_cls = nn.Conv2d(channels, anchors * classes, 3, padding=1)
        self.retina_reg = nn.Conv2d(channels, anchors * 4, 3, padding=1)

    def forward(self, pyramid: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """A tensor a level: N×anchors×classes and N×anchors×4."""
        logits = [flat(self.retina_cls(through(self.cls_convs, x)), self.classes) for x in pyramid]
        deltas = [flat(self.retina_reg(through(self.reg_convs, x)), 4) for x in pyramid]
        return logits, deltas


class ProposalHead(nn.Module):
    """RPN (arXiv 1506.01497): one logit and four deltas of every anchor of all levels."""

    def __init__(self, channels: int):
        super().__init__()
        anchors = ANCHORS["instances"]
        self.rpn_conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.rpn_cls = nn.Conv2d(channels, anchors, 1)
        self.rpn_reg = nn.Conv2d(channels, 4 * anchors, 1)

    def forward(self, pyramid: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """A tensor a level: N×anchors and N×anchors×4."""
        hidden = [self.rpn_conv(x).relu() for x in pyramid]
        logits = [flat(self.rpn_cls(x), 1)[..., 0] for x in hidden]
        return logits, [flat(self.rpn_reg(x), 4) for x in hidden]


class BoxHead(nn.Module):
    """K×C×7×7 to K×(classes + 1) logits, background last, and K×(4·classes) deltas."""

    def __init__(self, channels: int, width: int, classes: int, side: int = 7):
        super().__init__()
        self.shared_fcs = nn.ModuleList(
            (nn.Linear(channels * side * side, width), nn.Linear(width, width)))
        self.fc_cls = nn.Linear(width, classes + 1)
        self.fc_reg = nn.Linear(width, 4 * classes)

    def hidden(self, rois: Tensor) -> Tensor:
        x = rois.flatten(1)
        for layer in self.shared_fcs:
            x = layer(x).relu()
        return x

    def forward(self, rois: Tensor) -> tuple[Tensor, Tensor]:
        x = self.hidden(rois)
        return self.fc_cls(x), self.fc_reg(x)


class MaskHead(nn.Module):
    """Mask R-CNN (arXiv 1703.06870): K×C×14×14 to K×classes×28×28 logits."""

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.convs = tower(channels)
        self.upsample = nn.ConvTranspose2d(channels, channels, 2, stride=2)
        self.conv_logits = nn.Conv2d(channels, classes, 1)

    def hidden(self, rois: Tensor) -> Tensor:
        return self.upsample(through(self.convs, rois)).relu()

    def forward(self, rois: Tensor) -> Tensor:
        return self.conv_logits(self.hidden(rois))


class RoIHead(nn.Module):
    def __init__(self, channels: int, width: int, classes: int):
        super().__init__()
        self.bbox_head = BoxHead(channels, width, classes)
        self.mask_head = MaskHead(channels, classes)


def mask_pyramid(neck: Pyramid, maps: list[Tensor]) -> list[Tensor]:
    """P2..P5 and P6, every second value of P5, which only the proposals see."""
    pyramid = neck(maps)
    return pyramid + [pyramid[-1][:, :, ::2, ::2]]
