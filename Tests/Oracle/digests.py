"""The tensors of a checkpoint by name, type, shape and SHA-256, to compare files bit for bit.

    python digests.py write IN.pth OUT.json            by torch, from a trusted file
    python digests.py check IN.safetensors DIGESTS.json    by the official safetensors reader
"""

import hashlib
import json
import sys


def digest(array):
    return [str(array.dtype), list(array.shape), hashlib.sha256(array.tobytes()).hexdigest()]


def main():
    action, file, digests = sys.argv[1:]
    if action == "write":
        import torch

        tensors = torch.load(file, map_location="cpu", weights_only=False)["model"]
        content = {name: digest(tensor.numpy()) for name, tensor in sorted(tensors.items())}
        with open(digests, "w") as out:
            out.write(json.dumps(content, indent=0) + "\n")
        return
    from safetensors.numpy import load_file

    expected = json.load(open(digests))
    found = {name: digest(array) for name, array in load_file(file).items()}
    different = sorted(n for n in expected.keys() | found if expected.get(n) != found.get(n))
    if different or not found:
        raise SystemExit(f"{len(different)} tensors differ: {', '.join(different[:5])}")
    print(f"{len(found)} tensors are equal")


if __name__ == "__main__":
    main()
