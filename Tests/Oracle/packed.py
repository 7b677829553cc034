"""Reads the weights that HiLo packs, from what docs/HiLo.docc/FileFormats.md and Templates/c/inner/packing.h
say of them, and not from the code that writes them."""

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import load_file

PANEL = 32  # columns
LINE = 16  # floats of a cache line


class Panels:
    """Columns of a matrix product, some of a block's: `matrix` is outputs×inputs."""

    def __init__(self, matrix, bias, step):
        self.matrix, self.bias, self.step = matrix, bias, step


class Packed:
    """A packed file; `weights` is the state_dict of the network, for shapes alone."""

    def __init__(self, path, weights):
        self.blocks = load_file(path)
        self.shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
        with safe_open(path, "np") as file:
            self.checksum = file.metadata()["values"]

    def rows(self, name: str, width: int) -> np.ndarray:
        """The rows of a block, without what fills them up to whole cache lines."""
        return self.blocks[name].reshape(-1, -(-width // LINE) * LINE)[:, :width]

    def scales(self, name: str, channels: int) -> tuple[np.ndarray, np.ndarray]:
        """Scales and offsets of the integers that a product reads, in double precision."""
        if f"scales of {name}" in self.blocks:
            scales, offsets = self.rows(f"scales of {name}", channels)
            return scales.astype(np.float64), offsets.astype(np.float64)
        # Whoever makes the integers multiplies by 1/s and adds -o/s.
        maker, rows = self.maker(name)
        factors, terms = self.rows(maker, channels // rows)[-2 * rows:].astype(np.float64).reshape(2, channels)
        return 1 / factors, -terms / factors

    @staticmethod
    def maker(name: str) -> tuple[str, int]:
        """The block of the step that makes integers by a multiply-add, and the rows that it has for all channels."""
        layer, _, product = name.rpartition(".")
        return {"fc2": (f"{layer}.dwconv.dwconv", 1), "dconv": (f"{layer}.samples", 4)}[product]

    @property
    def quantised(self) -> set[str]:
        """The products whose inputs are integers with scales of their own."""
        told = {name.removeprefix("scales of ") for name in self.blocks if name.startswith("scales of ")}
        return told | {name for name in self.blocks if name.endswith((".fc2", ".dconv"))}

    def integers(self, parameter: str) -> Panels:
        """A product on integers: four in a word, one step a column."""
        block, first, last, inputs, columns = self.find(parameter)
        steps = -(-inputs // 4)
        matrix = self.words(block, columns, steps, np.int8)[first:last, :inputs].astype(np.int64)
        bias, step, beginning = block[columns * steps:].reshape(3, columns)[:, first:last]
        expected = -128 * matrix.sum(axis=1)
        assert (beginning.view(np.int32) == expected).all(), f"{parameter}: sums begin elsewhere"
        return Panels(matrix, bias, step)

    def taps(self, name: str, channels: int) -> np.ndarray:
        """Nine taps of each channel of a convolution before integers: bf16, two in a word."""
        words = self.rows(name, channels)[:5].view(np.uint32)
        halves = np.stack([words << 16, words & 0xffff0000], axis=1).reshape(10, channels)
        assert (halves[9] == 0).all(), f"{name}: a tenth tap"
        return halves[:9].view(np.float32).T

    def halves(self, parameter: str) -> Panels:
        """A product on bf16: two in a word."""
        block, first, last, inputs, columns = self.find(parameter)
        steps = -(-inputs // 2)
        bits = self.words(block, columns, steps, np.uint16)[first:last, :inputs]
        matrix = (bits.astype(np.uint32) << 16).view(np.float32)
        return Panels(matrix, block[columns * steps:][first:last], None)

    def find(self, parameter):
        """The block that has a matrix, its columns there, its inputs, and all columns."""
        for name, block in self.blocks.items():
            members = name.split(" + ")
            if parameter in members:
                outputs = [self.shapes[f"{member}.weight"][0] for member in members]
                index = members.index(parameter)
                first = sum(outputs[:index])
                inputs = int(np.prod(self.shapes[f"{parameter}.weight"][1:]))
                return block, first, first + outputs[index], inputs, -(-sum(outputs) // PANEL) * PANEL
        raise KeyError(f"the packed file has no {parameter}")

    @staticmethod
    def words(block, columns, steps, element):
        """Panel by panel, row by row of words: to columns×elements."""
        count = 4 // np.dtype(element).itemsize
        words = block[:columns * steps].view(element).reshape(columns // PANEL, steps, PANEL, count)
        return words.transpose(0, 2, 1, 3).reshape(columns, steps * count)


def double(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float64))
