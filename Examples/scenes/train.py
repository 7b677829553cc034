"""Trains RetinaNet, Mask R-CNN and Semantic FPN on a small LITv2 and writes their checkpoints.

    pip install -r Tests/Oracle/requirements.txt
    python Examples/scenes/train.py

First the backbone learns to classify single items. Then the networks of all tasks are trained side
by side on it: what one learns helps the others. Every step sees new scenes. Each checkpoint has the
form of the authors', without the optimiser.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
from detectors import KINDS, classes, network, normalised
from head_networks import HeadNetwork
from litv2 import initialise
from losses import LOSSES
from pretrain import classifier, pretrained
from recipes import config
from scenes import Scene, compose
from schedule import Clock, initialise_heads, rate_at
from torch import Tensor, nn
from training import optimiser

HERE = Path(__file__).resolve().parent
PALETTE = [
    [230, 60, 60], [60, 120, 230], [240, 170, 40], [170, 80, 200], [90, 180, 80],
    [40, 190, 190], [240, 120, 180], [150, 200, 40], [160, 110, 60], [100, 100, 240],
    [40, 40, 40]]
SHARE = {"mask_rcnn": 0.375}  # of a batch, where a task takes less than all: RoIs are many
SAVED_EVERY = 120  # seconds


class SharedBackbone(nn.Module):
    """One backbone for the networks of all tasks. Each calls `features` as if it were its own."""

    def __init__(self, backbone: nn.Module):
        super().__init__()
        self.backbone = backbone
        self.maps = []

    def run(self, images: Tensor) -> None:
        """Computes the maps; the first without its norm, which segmentation alone has."""
        self.maps = list(self.backbone.stages(images))

    def view(self, first_norm: bool, count: int) -> "MapsOfOthers":
        return MapsOfOthers(self, first_norm, count)

    def features(self, first_norm: bool, count: int) -> list[Tensor]:
        maps = [x[:count] for x in self.maps]
        for stage in range(0 if first_norm else 1, len(maps)):
            maps[stage] = getattr(self.backbone, f"norm{stage}")(maps[stage])
        return [x.permute(0, 3, 1, 2).contiguous() for x in maps]


class MapsOfOthers(nn.Module):
    """Stands for a network's backbone; without parameters."""

    def __init__(self, shared: SharedBackbone, first_norm: bool, count: int):
        super().__init__()
        self.take = lambda: shared.features(first_norm, count)

    def features(self, images: Tensor) -> list[Tensor]:
        return self.take()


class Together(nn.Module):
    def __init__(self, tasks: list[str], batch: int):
        super().__init__()
        self.shared = SharedBackbone(network("semantic_fpn").backbone)
        self.networks = nn.ModuleDict({task: network(task) for task in tasks})
        self.counts = {task: max(1, int(batch * SHARE.get(task, 1))) for task in tasks}
        for task, net in self.networks.items():
            net.backbone = self.shared.view(task == "semantic_fpn", self.counts[task])
        initialise_heads(self.networks)

    def start_from(self, given: nn.Module) -> None:
        """Takes the weights of a classifier; its norm behind the last stage becomes norm3."""
        renamed = {
            name.replace("norm.", "norm3.") if name.startswith("norm.") else name: value
            for name, value in given.state_dict().items() if not name.startswith("head.")}
        assert not self.shared.backbone.load_state_dict(renamed, strict=False).unexpected_keys

    def resume(self, folder: Path) -> int:
        """Goes on from a folder's checkpoints; returns the steps they have had."""
        for task, net in self.networks.items():
            checkpoint = torch.load(folder / f"{task}.pth", weights_only=True)
            state = checkpoint["state_dict"]
            backbone = {k[9:]: v for k, v in state.items() if k.startswith("backbone.")}
            self.shared.backbone.load_state_dict(backbone, strict=False)
            net.load_state_dict({k: v for k, v in state.items() if k in net.state_dict()})
        return checkpoint["meta"]["iter"]

    def losses(self, scenes: list[Scene]) -> dict[str, Tensor]:
        images = normalised([scene.image for scene in scenes])
        self.shared.run(images)
        return {
            f"{task} {name}": loss for task, net in self.networks.items()
            for name, loss in
            LOSSES[task](net, images, scenes[: self.counts[task]]).items()}

    def whole(self, task: str) -> HeadNetwork:
        """A network with the backbone of all."""
        own = network(task)
        given = {f"backbone.{k}": v for k, v in self.shared.backbone.state_dict().items()}
        given |= self.networks[task].state_dict()
        own.load_state_dict({name: given[name] for name in own.state_dict()})
        return own


def save(together: Together, options, step: int) -> None:
    """Written beside and renamed, so that there is always a whole one."""
    for task in together.networks:
        meta = {
            "epoch": 1, "iter": step, "seed": options.seed,
            "exp_name": f"{task}_litv2_scenes.py",
            "time": time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime()),
            "config": config(task, options.rate, options.decay), "CLASSES": tuple(classes(task))}
        if task == "semantic_fpn":
            meta["PALETTE"] = PALETTE
        path = options.output / f"{task}.pth"
        checkpoint = {"meta": meta, "state_dict": together.whole(task).state_dict()}
        torch.save(checkpoint, path.with_suffix(".part"))
        os.replace(path.with_suffix(".part"), path)


def train(together: Together, options, first: int) -> int:
    adamw = optimiser(together, options.rate, options.decay)
    clock, saved = Clock(options.minutes, options.wall_minutes), time.monotonic()
    step, seen = first, {}
    together.train()
    while (progress := clock.progress()) < 1:
        for group in adamw.param_groups:
            group["lr"] = options.rate * rate_at(progress, step - first)
        losses = together.losses(
            compose(options.seed, options.batch, first=step * options.batch))
        adamw.zero_grad()
        sum(losses.values()).backward()
        nn.utils.clip_grad_norm_(together.parameters(), options.clip)
        adamw.step()
        for name, loss in losses.items():
            seen.setdefault(name, []).append(loss.item())
        step += 1
        if step % 50 == 0:
            means = "  ".join(f"{name} {np.mean(values):.3f}" for name, values in seen.items())
            print(f"step {step}  {progress:.1%}  {means}", flush=True)
            seen = {}
        if time.monotonic() - saved > SAVED_EVERY:
            save(together, options, step)
            saved = time.monotonic()
    return step


def pretraining(options) -> nn.Module:
    net = classifier()
    initialise(net)
    clock = Clock(options.pretrain_minutes, options.wall_minutes)
    pretrained(net, options, optimiser(net, options.rate, options.decay), clock)
    return net


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--task", choices=KINDS, action="append", help="all unless given")
    parser.add_argument("--minutes", type=float, default=40, help="of processor time")
    parser.add_argument("--pretrain-minutes", type=float, default=8)
    parser.add_argument("--wall-minutes", type=float, default=float("inf"), help="of either")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoints")
    parser.add_argument("--output", type=Path, default=HERE)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--decay", type=float, default=0.02)
    parser.add_argument("--clip", type=float, default=10.0)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    together = Together(options.task or list(KINDS), options.batch)
    if options.resume:
        first = together.resume(options.output)
    else:
        first = 0
        together.start_from(pretraining(options))
    steps = train(together, options, first)
    save(together, options, steps)
    print(f"{steps} steps of {options.batch} scenes")


if __name__ == "__main__":
    main()
