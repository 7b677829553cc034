"""Whole networks for segmentation and detection: backbone, neck and heads, and their results.

`HeadNetwork.raw` gives what the heads compute, `results` what becomes of it for one image.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

import results
import seeded
from heads import (ProposalHead, Pyramid, RetinaHead, RoIHead, SegmentationHead, mask_pyramid,
                   through)
from litv2 import Config, LITv2, PRESETS
from results import Detections, Picture

TASKS = ("detect", "instances", "segment")
CLASSES = {"detect": 80, "instances": 80, "segment": 150}  # of COCO and ADE20K
TINY = Config(embed_dim=8, depths=(1, 1, 2, 1), heads=(1, 2, 4, 8), alpha=0.5)


@dataclass(frozen=True)
class HeadConfig:
    """A network for a task. The authors' have 256 channels in the neck, 128 in the segmentation
    head and fully connected layers of 1024."""

    task: str
    backbone: Config
    classes: int
    channels: int = 256
    segment_channels: int = 128
    width: int = 1024


def preset(name: str, task: str, classes: int | None = None,
           window: int | None = None) -> HeadConfig:
    classes = CLASSES[task] if classes is None else classes
    small = name == "tiny"
    backbone = TINY if small else PRESETS[name]
    if window is not None:
        backbone = replace(backbone, windows=(*backbone.windows[:2], window, backbone.windows[3]))
    backbone = replace(backbone, first_norm=task == "segment")
    if small:
        return HeadConfig(task, backbone, classes, 32, 32, 64)
    return HeadConfig(task, backbone, classes)


@dataclass
class Raw:
    """Raw outputs of a batch: maps N×C×H×W, and by level what detectors compute."""

    maps: list[Tensor]
    pyramid: list[Tensor]
    logits: list[Tensor] = field(default_factory=list)
    deltas: list[Tensor] = field(default_factory=list)
    labels: Tensor | None = None  # N×classes×H/4×W/4

    @property
    def sizes(self) -> list[tuple[int, int]]:
        return [tuple(x.shape[-2:]) for x in self.pyramid]

    def image(self, index: int) -> tuple[list[Tensor], list[Tensor]]:
        return [x[index] for x in self.logits], [x[index] for x in self.deltas]


@dataclass
class Found:
    """One image's results, and what the RoI heads of Mask R-CNN computed on the way to them."""

    detections: Detections | None = None
    masks: np.ndarray | None = None
    label_map: np.ndarray | None = None
    label_logits: Tensor | None = None
    proposals: Tensor | None = None
    proposal_scores: Tensor | None = None
    roi_logits: Tensor | None = None
    roi_deltas: Tensor | None = None
    mask_logits: Tensor | None = None


class HeadNetwork(nn.Module):
    def __init__(self, config: HeadConfig):
        super().__init__()
        self.config = config
        self.backbone = LITv2(config.backbone, dense=True)
        count = len(config.backbone.depths)
        inputs = [config.backbone.channels(stage) for stage in range(count)]
        if config.task == "detect":
            self.neck = Pyramid(inputs[1:], config.channels, extra=2)
            self.bbox_head = RetinaHead(config.channels, config.classes)
            return
        self.neck = Pyramid(inputs, config.channels)
        if config.task == "segment":
            self.decode_head = SegmentationHead(
                config.channels, config.segment_channels, config.classes)
            return
        self.rpn_head = ProposalHead(config.channels)
        self.roi_head = RoIHead(config.channels, config.width, config.classes)

    def raw(self, images: Tensor) -> Raw:
        """N×3×H×W to what does not depend on the pictures' sizes."""
        maps = self.backbone.features(images)
        if self.config.task == "detect":
            pyramid = self.neck(maps[1:])
            return Raw(maps, pyramid, *self.bbox_head(pyramid))
        if self.config.task == "instances":
            pyramid = mask_pyramid(self.neck, maps)
            return Raw(maps, pyramid, *self.rpn_head(pyramid))
        pyramid = self.neck(maps)
        return Raw(maps, pyramid, labels=self.decode_head(pyramid))

    def named(self, raw: Raw) -> dict[str, Tensor]:
        """Outputs of the whole batch by name, levels in one, N×anchors×…."""
        task = self.config.task
        out = {f"stage{stage}": x for stage, x in enumerate(raw.maps, start=1)}
        first = 3 if task == "detect" else 2
        out |= {f"p{level}": x for level, x in enumerate(raw.pyramid, start=first)}
        if task == "segment":
            return out | {"logits": raw.labels}
        prefix = "rpn_" if task == "instances" else ""
        return out | {prefix + "logits": torch.cat(raw.logits, dim=1),
                      prefix + "deltas": torch.cat(raw.deltas, dim=1)}

    def results(self, raw: Raw, index: int, inputs: tuple[int, int], picture: Picture,
                era: int, with_masks: bool = True) -> Found:
        """Results of image `index`; `inputs` is the size of the padded input."""
        if self.config.task == "segment":
            logits = results.label_logits(
                raw.labels[index : index + 1], inputs, picture.original)
            return Found(label_map=results.label_map(logits), label_logits=logits[0])
        if self.config.task == "detect":
            return Found(results.retina_detections(*raw.image(index), raw.sizes, picture, era))
        return self.instances(raw, index, picture, era, with_masks)

    def instances(self, raw: Raw, index: int, picture: Picture, era: int,
                  with_masks: bool = True) -> Found:
        boxes, scores = results.proposals(*raw.image(index), raw.sizes, picture, era)
        pyramid = [x[index] for x in raw.pyramid[:4]]
        head = self.roi_head
        logits, deltas = head.bbox_head(results.roi_maps(pyramid, boxes, results.BOX_SIDE))
        detections = results.box_detections(boxes, logits, deltas, picture, era)
        found = Found(detections, proposals=boxes, proposal_scores=scores, roi_logits=logits,
                      roi_deltas=deltas)
        if not with_masks:
            return found
        rois = results.roi_maps(pyramid, detections.resized, results.MASK_SIDE)
        mask_logits = results.own_class(head.mask_head(rois), detections.labels)
        return replace(
            found, masks=results.masks(detections, mask_logits, picture, era),
            mask_logits=mask_logits)


# Random networks that find something

@dataclass(frozen=True)
class Spread:
    """How a head's last layer is made useful: each output channel has this mean over the map, and
    the channels have this mean deviation."""

    mean: float
    deviation: float
    variety: float = 0.0  # how far the channels' means lie apart


SPREADS = {
    "bbox_head.retina_cls": Spread(-6.5, 1.2, 0.5),
    "bbox_head.retina_reg": Spread(0.0, 0.3, 0.2),
    "rpn_head.rpn_cls": Spread(-1.0, 1.5),
    "rpn_head.rpn_reg": Spread(0.0, 0.3, 0.1),
    "roi_head.bbox_head.fc_cls": Spread(0.0, 1.5, 0.5),
    "roi_head.bbox_head.fc_reg": Spread(0.0, 0.7, 0.3),
    "roi_head.mask_head.conv_logits": Spread(0.2, 2.0),
    "decode_head.conv_seg": Spread(0.0, 1.5, 0.3),
}


class Calibration:
    """Gives the last layers of a seeded network outputs of a chosen spread.

    With seeded weights alone all anchors look alike: what a random tower adds to every place is
    larger than what differs. `scales` and `biases` hold what was chosen, so that the weights need
    not be stored: a weight is seeded with center 0 and its scale, a bias is kept in full.
    """

    def __init__(self, network: HeadNetwork, seed: int, spreads: dict[str, Spread] | None = None):
        self.network, self.seed = network, seed
        self.spreads = SPREADS | (spreads or {})
        self.scales: dict[str, float] = {}
        self.biases: dict[str, Tensor] = {}

    def run(self, images: Tensor, picture: Picture) -> None:
        with torch.no_grad():
            raw_maps = self.network.backbone.features(images)
            getattr(self, self.network.config.task)(raw_maps, picture)

    def detect(self, maps: list[Tensor], _: Picture) -> None:
        head = self.network.bbox_head
        pyramid = self.network.neck(maps[1:])
        for name, layers in (("retina_cls", head.cls_convs), ("retina_reg", head.reg_convs)):
            self.layer(f"bbox_head.{name}", [through(layers, x) for x in pyramid])

    def segment(self, maps: list[Tensor], _: Picture) -> None:
        summed = self.network.decode_head.summed(self.network.neck(maps))
        self.layer("decode_head.conv_seg", [summed])

    def instances(self, maps: list[Tensor], picture: Picture) -> None:
        pyramid = mask_pyramid(self.network.neck, maps)
        rpn, head = self.network.rpn_head, self.network.roi_head
        hidden = [rpn.rpn_conv(x).relu() for x in pyramid]
        for name in ("rpn_cls", "rpn_reg"):
            self.layer(f"rpn_head.{name}", hidden)
        raw = Raw(maps, pyramid, *rpn(pyramid))
        boxes, _ = results.proposals(*raw.image(0), raw.sizes, picture, 3)
        finest = [x[0] for x in pyramid[:4]]
        hidden = head.bbox_head.hidden(results.roi_maps(finest, boxes, results.BOX_SIDE))
        for name in ("fc_cls", "fc_reg"):
            self.layer(f"roi_head.bbox_head.{name}", [hidden])
        rois = results.roi_maps(finest, boxes[:50], results.MASK_SIDE)
        self.layer("roi_head.mask_head.conv_logits", [head.mask_head.hidden(rois)])

    def layer(self, name: str, hidden: list[Tensor]) -> None:
        """Sets weight and bias of one layer by what it makes of `hidden`."""
        layer, spread = self.network.get_submodule(name), self.spreads[name]
        layer.bias.zero_()
        out = torch.cat([self.channels(layer(x)) for x in hidden], dim=1)
        gain = spread.deviation / out.std(dim=1).mean().item()
        _, scale = seeded.value_range(f"{name}.weight", tuple(layer.weight.shape))
        self.scales[f"{name}.weight"] = float(f"{scale * gain:.6g}")
        layer.weight.copy_(self.weight(name, layer))
        out = torch.cat([self.channels(layer(x)) for x in hidden], dim=1)
        varied = seeded.values(self.seed, f"{name}.variety", len(layer.bias), spread.mean,
                               spread.variety)
        layer.bias.copy_(torch.from_numpy(varied) - out.mean(dim=1))
        self.biases[f"{name}.bias"] = layer.bias.detach().clone()

    def weight(self, name: str, layer: nn.Module) -> Tensor:
        name = f"{name}.weight"
        flat_values = seeded.values(
            self.seed, name, layer.weight.numel(), 0.0, self.scales[name])
        return torch.from_numpy(flat_values).reshape(layer.weight.shape)

    @staticmethod
    def channels(x: Tensor) -> Tensor:
        """N×C×… to C×values."""
        return x.transpose(0, 1).flatten(1)


def random_network(config: HeadConfig, seed: int, images: Tensor, picture: Picture,
                   spreads: dict[str, Spread] | None = None) -> tuple[HeadNetwork, Calibration]:
    """A seeded network whose last layers suit `images`, of which only the first counts."""
    network = seeded.fill(HeadNetwork(config), seed).eval()
    calibration = Calibration(network, seed, spreads)
    calibration.run(images[:1], picture)
    return network, calibration
