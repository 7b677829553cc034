"""Outputs of detectors and segmenters in the order in which all peers are compared; without PyTorch."""

import numpy as np

from cases import Case


def comparable(case: Case, outputs: list[np.ndarray]) -> np.ndarray:
    """What all peers have in common, in one array and one order.

    The boxes that Mask R-CNN classifies are HiLo's own, and labels can differ where two classes are
    as likely: neither is compared here, but in HiLo's tests.
    """
    if case.task == "segment":
        return np.ascontiguousarray(outputs[0]).ravel()
    return np.concatenate([np.asarray(output).ravel() for output in outputs[:2]])


def of_library(case: Case, flat: np.ndarray) -> np.ndarray:
    """The same of what a generated library wrote, all outputs one after the other."""
    if case.task != "segment":
        return flat
    rows, columns = -(-case.height // 4), -(-case.width // 4)
    logits = flat[: rows * columns * 150].reshape(rows, columns, 150)
    return np.ascontiguousarray(logits.transpose(2, 0, 1)).ravel()
