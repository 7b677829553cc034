"""How weights begin, and how the rate falls."""

import math
import time

import torch
from torch import nn

LAST_LAYERS = {
    "conv_seg", "retina_cls", "retina_reg", "rpn_cls", "rpn_reg", "fc_cls", "fc_reg",
    "conv_logits"}
PRIOR = 0.01  # RetinaNet's probability of every class when it begins
WARM = 100  # steps


def initialise_heads(net: nn.Module) -> None:
    """Layers that keep deviations, last layers that begin small."""
    for name, module in net.named_modules():
        if not isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            continue
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
        last = name.split(".")[-1]
        if last in LAST_LAYERS:
            nn.init.normal_(module.weight, std=0.01)
        if last == "retina_cls":
            nn.init.constant_(module.bias, -math.log((1 - PRIOR) / PRIOR))


class Clock:
    """How far a training has come: by the processor's time, since others may be at work too, or by
    that of the wall where it is limited."""

    def __init__(self, minutes: float, wall_minutes: float):
        self.limits = 60 * minutes, 60 * wall_minutes
        self.begin = self.now()

    @staticmethod
    def now() -> tuple[float, float]:
        return time.process_time(), time.monotonic()

    def progress(self) -> float:
        return max(
            (now - begin) / limit if limit > 0 else 1.0
            for now, begin, limit in zip(self.now(), self.begin, self.limits))


def rate_at(progress: float, step: int) -> float:
    """A cosine over the time given, behind a linear warm-up."""
    return min(1.0, (step + 1) / WARM) * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
