"""Writes a case's weights for HiLo where they are not those that its seed gives.

HiLo has no plain merging: with all offsets zero it computes the same and still pays for sampling.
Its seeds give window attention no position bias.
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
    weights = networks.weights(args.case)
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, args.output)


if __name__ == "__main__":
    main()
