"""The networks' configurations as the Python text that the authors' checkpoints carry in `meta`."""

from detectors import BACKBONE, DECODER, HIDDEN, PYRAMID, classes
from scenes import NAMES, SIDE

CHANNELS = [BACKBONE.channels(stage) for stage in range(4)]


class Call(dict):
    """A dictionary that is written as `dict(name=value)`."""


def text(value, indent: int = 0) -> str:
    if not isinstance(value, Call):
        if isinstance(value, list) and any(isinstance(entry, Call) for entry in value):
            inner = " " * (indent + 4)
            entries = ",\n".join(inner + text(entry, indent + 4) for entry in value)
            return f"[\n{entries}\n{' ' * indent}]"
        return repr(value)
    inner = " " * (indent + 4)
    entries = [f"{key}={text(entry, indent + 4)}" for key, entry in value.items()]
    short = f"dict({', '.join(entries)})"
    if "\n" not in short and indent + len(short) < 88:
        return short
    return "dict(\n" + ",\n".join(inner + entry for entry in entries) + ")"


def backbone() -> Call:
    return Call(
        type="LITv2", embed_dim=BACKBONE.embed_dim, depths=list(BACKBONE.depths),
        num_heads=list(BACKBONE.heads), window_size=7, mlp_ratio=BACKBONE.mlp_ratio,
        qkv_bias=True, qk_scale=None, drop_rate=0.0, attn_drop_rate=0.0, drop_path_rate=0.0,
        ape=False, patch_norm=True, out_indices=(0, 1, 2, 3), use_checkpoint=False,
        alpha=BACKBONE.alpha, local_ws=list(BACKBONE.windows))


def coder(*stds: float) -> Call:
    return Call(
        type="DeltaXYWHBBoxCoder", target_means=[0.0, 0.0, 0.0, 0.0], target_stds=list(stds))


def cross_entropy(**how) -> Call:
    return Call(type="CrossEntropyLoss", **how, loss_weight=1.0)


def neck(outputs: int, **more) -> Call:
    return Call(
        type="FPN", in_channels=CHANNELS, out_channels=PYRAMID, **more, num_outs=outputs)


def extractor(side: int) -> Call:
    return Call(
        type="SingleRoIExtractor",
        roi_layer=Call(type="RoIAlign", output_size=side, sampling_ratio=0),
        out_channels=PYRAMID, featmap_strides=[4, 8, 16, 32])


def suppression(threshold: float) -> Call:
    return Call(type="nms", iou_threshold=threshold)


def retinanet() -> Call:
    return Call(
        type="RetinaNet", pretrained=None, backbone=backbone(),
        neck=neck(5, start_level=1, add_extra_convs="on_input"),
        bbox_head=Call(
            type="RetinaHead", num_classes=len(NAMES), in_channels=PYRAMID, stacked_convs=4,
            feat_channels=PYRAMID,
            anchor_generator=Call(
                type="AnchorGenerator", octave_base_scale=4, scales_per_octave=3,
                ratios=[0.5, 1.0, 2.0], strides=[8, 16, 32, 64, 128]),
            bbox_coder=coder(1.0, 1.0, 1.0, 1.0),
            loss_cls=Call(
                type="FocalLoss", use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
            loss_bbox=Call(type="L1Loss", loss_weight=1.0)),
        test_cfg=Call(
            nms_pre=1000, min_bbox_size=0, score_thr=0.05, nms=suppression(0.5),
            max_per_img=100))


def mask_rcnn() -> Call:
    return Call(
        type="MaskRCNN", pretrained=None, backbone=backbone(), neck=neck(5),
        rpn_head=Call(
            type="RPNHead", in_channels=PYRAMID, feat_channels=PYRAMID,
            anchor_generator=Call(
                type="AnchorGenerator", scales=[8], ratios=[0.5, 1.0, 2.0],
                strides=[4, 8, 16, 32, 64]),
            bbox_coder=coder(1.0, 1.0, 1.0, 1.0), loss_cls=cross_entropy(use_sigmoid=True),
            loss_bbox=Call(type="L1Loss", loss_weight=1.0)),
        roi_head=Call(
            type="StandardRoIHead", bbox_roi_extractor=extractor(7),
            bbox_head=Call(
                type="Shared2FCBBoxHead", in_channels=PYRAMID, fc_out_channels=HIDDEN,
                roi_feat_size=7, num_classes=len(NAMES), bbox_coder=coder(0.1, 0.1, 0.2, 0.2),
                reg_class_agnostic=False, loss_cls=cross_entropy(use_sigmoid=False),
                loss_bbox=Call(type="L1Loss", loss_weight=1.0)),
            mask_roi_extractor=extractor(14),
            mask_head=Call(
                type="FCNMaskHead", num_convs=4, in_channels=PYRAMID,
                conv_out_channels=PYRAMID, num_classes=len(NAMES),
                loss_mask=cross_entropy(use_mask=True))),
        test_cfg=Call(
            rpn=Call(
                nms_pre=1000, max_per_img=1000, nms=suppression(0.7), min_bbox_size=0),
            rcnn=Call(
                score_thr=0.05, nms=suppression(0.5), max_per_img=100, mask_thr_binary=0.5)))


def semantic_fpn() -> Call:
    return Call(
        type="EncoderDecoder", pretrained=None, backbone=backbone(), neck=neck(4),
        decode_head=Call(
            type="FPNHead", in_channels=[PYRAMID] * 4, in_index=[0, 1, 2, 3],
            feature_strides=[4, 8, 16, 32], channels=DECODER, dropout_ratio=0.0,
            num_classes=len(classes("semantic_fpn")),
            norm_cfg=Call(type="SyncBN", requires_grad=True), align_corners=False,
            loss_decode=cross_entropy(use_sigmoid=False)),
        test_cfg=Call(mode="whole"))


def pipeline(task: str) -> list:
    """Pictures come in their own size; the detectors' are padded to multiples of 32."""
    normalise = Call(
        type="Normalize", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
        to_rgb=True)
    pad = [] if task == "semantic_fpn" else [Call(type="Pad", size_divisor=32)]
    steps = [
        Call(type="Resize", keep_ratio=True), normalise, *pad,
        Call(type="ImageToTensor", keys=["img"]), Call(type="Collect", keys=["img"])]
    return [
        Call(type="LoadImageFromFile"),
        Call(type="MultiScaleFlipAug", img_scale=(SIDE, SIDE), flip=False, transforms=steps)]


MODELS = {"semantic_fpn": semantic_fpn, "retinanet": retinanet, "mask_rcnn": mask_rcnn}


def config(task: str, rate: float, decay: float) -> str:
    optimizer = Call(type="AdamW", lr=rate, weight_decay=decay)
    parts = {"model": MODELS[task](), "test_pipeline": pipeline(task), "optimizer": optimizer}
    return "".join(f"{name} = {text(value)}\n" for name, value in parts.items())
