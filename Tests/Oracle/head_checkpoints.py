"""Checkpoints in the authors' form: written from a network, and read with their config text."""

import ast
import re
from collections import OrderedDict
from pathlib import Path

import torch

from head_networks import HeadConfig, HeadNetwork
from heads import ANCHORS
from litv2 import Config

TYPES = {"detect": "RetinaNet", "instances": "MaskRCNN", "segment": "EncoderDecoder"}
NAMES = {"detect": "retinanet_{}_fpn_1x_coco", "instances": "mask_rcnn_{}_fpn_1x_coco",
         "segment": "{}_fpn_r50_512x512_80k_ade20k"}


def config_text(config: HeadConfig) -> str:
    """What mmcv stores as `meta.config`: assignments in Python, `model` among them."""
    backbone = config.backbone
    stages = len(backbone.depths)
    inputs = [backbone.channels(stage) for stage in range(stages)]
    lines = [
        "model = dict(",
        f"    type='{TYPES[config.task]}',",
        "    pretrained=None,",
        "    backbone=dict(",
        "        type='LITv2',",
        f"        embed_dim={backbone.embed_dim},",
        f"        depths={list(backbone.depths)},",
        f"        num_heads={list(backbone.heads)},",
        "        window_size=7,",
        f"        mlp_ratio={backbone.mlp_ratio},",
        f"        qkv_bias={backbone.qkv_bias},",
        f"        qk_scale={backbone.qk_scale},",
        "        drop_rate=0.0,",
        "        attn_drop_rate=0.0,",
        "        drop_path_rate=0.2,",
        "        ape=False,",
        "        patch_norm=True,",
        f"        out_indices={tuple(range(stages))},",
        "        use_checkpoint=False,",
        f"        has_msa={list(backbone.has_msa)},",
        f"        alpha={backbone.alpha},",
        f"        local_ws={list(backbone.windows)}),",
        "    neck=dict(",
        "        type='FPN',",
        f"        in_channels={inputs},",
        f"        out_channels={config.channels},",
        *_head_lines(config),
        f"dataset_type = '{'ADE20KDataset' if config.task == 'segment' else 'CocoDataset'}'",
        "img_norm_cfg = dict(",
        "    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)",
        "optimizer = dict(type='AdamW', lr=0.0001, weight_decay=0.0001)",
    ]
    return "\n".join(lines) + "\n"


def _head_lines(config: HeadConfig) -> list[str]:
    if config.task == "detect":
        return ["        start_level=1,", "        add_extra_convs='on_input',",
                "        num_outs=5),", "    bbox_head=dict(", "        type='RetinaHead',",
                f"        num_classes={config.classes},", f"        in_channels={config.channels},",
                "        stacked_convs=4,", f"        feat_channels={config.channels}),",
                "    test_cfg=dict(", "        nms_pre=1000,", "        min_bbox_size=0,",
                "        score_thr=0.05,", "        nms=dict(type='nms', iou_threshold=0.5),",
                "        max_per_img=100))"]
    if config.task == "segment":
        return ["        num_outs=4),", "    decode_head=dict(", "        type='FPNHead',",
                f"        in_channels={[config.channels] * 4},", "        in_index=[0, 1, 2, 3],",
                "        feature_strides=[4, 8, 16, 32],",
                f"        channels={config.segment_channels},", "        dropout_ratio=0.1,",
                f"        num_classes={config.classes},",
                "        norm_cfg=dict(type='SyncBN', requires_grad=True),",
                "        align_corners=False),", "    train_cfg=dict(),",
                "    test_cfg=dict(mode='whole'))"]
    return ["        num_outs=5),", "    rpn_head=dict(", "        type='RPNHead',",
            f"        in_channels={config.channels},", f"        feat_channels={config.channels}),",
            "    roi_head=dict(", "        type='StandardRoIHead',", "        bbox_head=dict(",
            "            type='Shared2FCBBoxHead',", f"            in_channels={config.channels},",
            f"            fc_out_channels={config.width},", "            roi_feat_size=7,",
            f"            num_classes={config.classes}),", "        mask_head=dict(",
            "            type='FCNMaskHead',", "            num_convs=4,",
            f"            in_channels={config.channels},",
            f"            conv_out_channels={config.channels},",
            f"            num_classes={config.classes})))"]


def checkpoint(network: HeadNetwork, name: str, epoch: int = 12) -> dict:
    """What `torch.save` of the authors' training wrote, without the optimizer's moments."""
    config = network.config
    window = f"_ws_{config.backbone.windows[2]}" if config.backbone.windows[2] == 4 else ""
    experiment = NAMES[config.task].format(name.replace("-", "_")) + window
    segment = config.task == "segment"
    meta = {
        "env_info": "sys.platform: linux\nPython: 3.8.12", "config": config_text(config),
        "seed": None, "exp_name": experiment + ".py", "mmcv_version": "1.3.17",
        "time": "Mon Jun 13 09:41:12 2022", "epoch": epoch, "iter": 80000 if segment else 87960,
        "mmseg_version" if segment else "mmdet_version": "0.13.0" if segment else "2.11.0",
        "CLASSES": tuple(f"class {index}" for index in range(config.classes))}
    if segment:
        meta["PALETTE"] = [[(index * 37) % 256, (index * 91) % 256, (index * 153) % 256]
                           for index in range(config.classes)]
    out = {"meta": meta, "state_dict": network.state_dict(),
           "optimizer": {"state": {}, "param_groups": [{"lr": 1e-4, "weight_decay": 1e-4}]}}
    if not segment:
        out["amp"] = OrderedDict(loss_scaler0={"loss_scale": 65536.0, "unskipped": 0})
    return out


def model_settings(text: str) -> dict:
    """The value of `model` in a config text, as plain data."""
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == "model":
            return _plain(statement.value)
    raise ValueError("the config text assigns no 'model'")


def _plain(node: ast.expr):
    if isinstance(node, ast.Call):
        return {pair.arg: _plain(pair.value) for pair in node.keywords}
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def task_of(state: dict) -> str:
    if any(name.startswith("decode_head.") for name in state):
        return "segment"
    return "instances" if any(name.startswith("roi_head.") for name in state) else "detect"


def config_of(stored: dict, window: int | None = None) -> HeadConfig:
    """The network of a checkpoint: sizes from its tensors, the rest from its config text. Sizes of
    heads and alpha have the text's values, or else those of the authors."""
    state = stored["state_dict"]
    text = stored.get("meta", {}).get("config", "")
    settings = model_settings(text).get("backbone", {}) if text else {}
    task = task_of(state)
    embed_dim = state["backbone.patch_embed.proj.weight"].shape[0]
    depths = _depths(state)
    windows = list(settings.get("local_ws", (0, 0, 2, 1)))
    if window is not None:
        windows[2] = window
    backbone = Config(
        embed_dim, depths,
        tuple(settings.get("num_heads", [embed_dim // 32 << stage for stage in range(4)])),
        tuple(windows), tuple(settings.get("has_msa", (0, 0, 1, 1))), settings.get("alpha", 0.9),
        settings.get("mlp_ratio", 4.0), qkv_bias=settings.get("qkv_bias", True),
        qk_scale=settings.get("qk_scale"), first_norm="backbone.norm0.weight" in state)
    channels = state["neck.fpn_convs.0.conv.weight"].shape[0]
    if task == "detect":
        classes = state["bbox_head.retina_cls.bias"].shape[0] // ANCHORS[task]
        return HeadConfig(task, backbone, classes, channels)
    if task == "segment":
        classes, width = state["decode_head.conv_seg.weight"].shape[:2]
        return HeadConfig(task, backbone, classes, channels, width)
    width = state["roi_head.bbox_head.shared_fcs.0.bias"].shape[0]
    classes = state["roi_head.bbox_head.fc_cls.bias"].shape[0] - 1
    return HeadConfig(task, backbone, classes, channels, width=width)


def _depths(state: dict) -> tuple:
    places = [re.match(r"backbone\.layers\.(\d+)\.blocks\.(\d+)\.", name) for name in state]
    stages = {(int(place[1]), int(place[2])) for place in places if place}
    return tuple(sum(1 for s, _ in stages if s == stage) for stage in range(4))


def load(path: Path, window: int | None = None) -> HeadNetwork:
    """The network of a checkpoint, with its weights."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    stored["state_dict"] = {name.removeprefix("module."): tensor
                            for name, tensor in stored["state_dict"].items()}
    network = HeadNetwork(config_of(stored, window))
    network.load_state_dict(stored["state_dict"])
    return network.eval()
