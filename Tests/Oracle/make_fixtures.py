"""Writes Tests/Fixtures: what the Swift tests compare with, so that they need no Python.

    pip install -r Tests/Oracle/requirements.txt && python Tests/Oracle/make_fixtures.py

Each product is a pair NAME.json (the cases) and NAME.safetensors (their tensors, named
`<case id>.<tensor>`); seeded.json stands alone. Arguments choose products; none makes all. Run
check_oracle.py first: it checks the oracle itself.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

import attention_cases
import autocast
import networks
import operators
import seeded

FIXTURES = Path(__file__).resolve().parents[1] / "Fixtures"
LAYOUT = "maps and offsets N×H×W×C, images N×3×H×W, weights in PyTorch's order"


def write(name: str, cases: list, tensors: dict | None = None, **remarks) -> None:
    FIXTURES.mkdir(exist_ok=True)
    manifest = FIXTURES / f"{name}.json"
    body = ",\n".join("    " + json.dumps(case) for case in cases)
    head = "".join(f'  "{key}": {json.dumps(text, ensure_ascii=False)},\n'
                   for key, text in remarks.items())
    manifest.write_text("{\n" + head + '  "cases": [\n' + body + "\n  ]\n}\n", encoding="utf-8")
    size = manifest.stat().st_size
    if tensors is not None:
        data = save({key: tensor.contiguous() for key, tensor in tensors.items()})
        (FIXTURES / f"{name}.safetensors").write_bytes(data)
        size += len(data)
    print(f"{name}: {len(cases)} cases, {size / 1024:.0f} KiB", flush=True)


def make_seeded():
    """Single values as the bits of a float32; seeds are text because JSON numbers are doubles."""
    places = [
        (0, "input", 0.0, 2.0), (1, "head.weight", 0.0, (3 / 768) ** 0.5),
        (1, "norm.weight", 1.0, 0.1),
        (42, "layers.0.downsample.norm_layer.running_var", 1.0, 0.5), (7, "", 0.0, 1.0),
        (2**64 - 1, "h_qkv.weight", 0.0, (3 / 384) ** 0.5), (2**63 + 5, "größe", -0.3, 0.7),
    ]
    cases = []
    for seed, name, center, scale in places:
        for index in [0, 1, 2, 63, 1000, 16_777_216, 4_294_967_295]:
            value = seeded.values(seed, name, 1, center, scale, first=index)
            cases.append({
                "seed": str(seed), "name": name, "center": center, "scale": scale,
                "index": index, "bits": int(value.view(np.uint32)[0])})
    write("seeded", cases)


def make_operators():
    cases, tensors, counts = [], {}, {}
    for operator, attributes, inputs, output in operators.all_cases():
        number = counts[operator] = counts.get(operator, -1) + 1
        name = f"{operator}_{number:02d}"
        cases.append({"id": name, "operator": operator, "attributes": attributes,
                      "inputs": list(inputs), "output": "output"})
        tensors |= {f"{name}.{key}": tensor for key, tensor in inputs.items()}
        tensors[f"{name}.output"] = output
    write("operators", cases, tensors, layout=LAYOUT)


def make_pairs(name: str, results, **remarks):
    cases, tensors = [], {}
    for entry, stored in results:
        print("  " + entry["id"], entry.get("fp32_error", ""), flush=True)
        cases.append(entry)
        tensors |= stored
    write(name, cases, tensors, **remarks)


PRODUCTS = {
    "seeded": make_seeded,
    "operators": make_operators,
    "layers": lambda: make_pairs("layers", networks.layers()),
    "attentions": lambda: make_pairs("attentions", attention_cases.attentions()),
    "backbones": lambda: make_pairs(
        "backbones", networks.backbones(),
        layout="stage maps N×C×H×W before token merging; stages 2... through their own norm"),
    "networks": lambda: make_pairs("networks", networks.whole_networks()),
    "autocast": lambda: write("autocast", list(autocast.errors())),
}


def main():
    torch.set_num_threads(1)
    chosen = sys.argv[1:] or list(PRODUCTS)
    unknown = [name for name in chosen if name not in PRODUCTS]
    if unknown:
        sys.exit(f"no product '{unknown[0]}'; there are {', '.join(PRODUCTS)}")
    for name in chosen:
        PRODUCTS[name]()


if __name__ == "__main__":
    main()
