"""Writes the weights with which HiLo's deformable token merging is a plain convolution.

HiLo has no plain merging: with all offsets zero it computes the same and still pays for sampling.
"""

import argparse
from pathlib import Path

from safetensors.torch import save_file

import networks
from cases import Case


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", type=Case.parse)
    parser.add_argument("output", type=Path)
    args = parser.parse_args()
    weights = networks.undeformed_weights(args.case)
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, args.output)


if __name__ == "__main__":
    main()
