"""Compares a converted file with its source by the official readers, bit for bit.

    python check_roundtrip.py IN.pth|IN.safetensors OUT.safetensors
"""
import sys

import torch
from safetensors.torch import load_file


def source_tensors(path):
    if path.endswith(".safetensors"):
        return load_file(path)
    # Only for files of trusted origin: a training checkpoint's config needs the full unpickler.
    found = torch.load(path, map_location="cpu", weights_only=False)
    return next((found[key] for key in ("model", "state_dict") if key in found), found)


def bits(tensor):
    return tensor.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()


def main():
    source, converted = source_tensors(sys.argv[1]), load_file(sys.argv[2])
    assert source.keys() == converted.keys(), source.keys() ^ converted.keys()
    for name, tensor in source.items():
        other = converted[name]
        assert (tensor.dtype, tensor.shape) == (other.dtype, other.shape), name
        assert bits(tensor) == bits(other), name
    print(f"{len(converted)} tensors are equal")


if __name__ == "__main__":
    main()
