"""Writes Tests/Fixtures/heads.json and heads.safetensors: networks for detection and segmentation
with their results, and the single steps between raw outputs and results.

    python Tests/Oracle/make_head_fixtures.py

Run check_heads.py first: it checks the oracle itself.

Every case has a `kind`. Seeded tensors are `seeded.values(seed, name)`: images and maps are named
`input` (center 0, scale 2), raw outputs `logits` and `deltas` with [center, scale] in the manifest,
all levels in one. Boxes are x0, y0, x1, y1; sizes are [height, width]. `.64` and `64` are float64,
all else float32; what is empty has no tensor. Bits are base64, row-major, the first bit highest;
`labels` of a map are base64 too, a byte each, and `sure` marks where the two best logits differ by
more than 2e-3.

- `network`: `scales` are those of the last layers' weights (center 0), `<id>.parameter.<name>`
  their biases; all else has the seeded rule of `Parameter.seededRange`. `outputs`: every
  `stride`-th value of the flat output is `<id>.<name>.64`; logits and deltas are N×anchors×…,
  those of segmentation N×classes×H×W. `results`, one an image and era:
  `<id>.image<i>.era<e>.boxes`, `.scores`; `masks`, of the first 12 detections, have the original's
  size, `mask_areas` are of all; in era 3 also `.proposals`, `.proposal_scores`, the box head's
  outputs for the proposals `roi_rows` (`.roi_logits`, and 40 columns of `.roi_deltas`), and
  `.mask_logits` of the first 4 detections, 28×28, their own class. `large` networks are LITv2-S, M
  and B. Outputs are the backbone's maps `stage1`…, the pyramid `p2` or `p3`…, and what the heads
  compute. Biases that are NaN make outputs NaN: errors and statistics are those of the numbers, 0
  without any.
- `roi_align`: `input` is channels×height×width; every `sample_stride`-th value of
  boxes×channels×side×side. `roi_levels`: levels from 0. `decode`: deltas are multiplied by `stds`.
- `nms`: `kept` are indices, falling by score. `paste`: `input` is boxes×28×28, center 0.5, scale
  0.5. `nearest`, `bilinear`: maps are channels×height×width.
- `retina`, `proposals`, `regions` (the box head's outputs, with `boxes` as its proposals): from raw
  outputs to results. `resized` are the boxes in the resized picture, whose masks are computed.
- `label_map`: logits are classes×height×width.
"""

import torch

from head_cases import check_variety, network_cases
from head_units import all_units
from make_fixtures import write


def main():
    torch.set_num_threads(1)
    cases, tensors = [], {}
    for entry, stored in all_units():
        cases.append(entry)
        tensors |= stored
    networks = []
    for entry, stored in network_cases():
        found = [len(result["labels"]) for result in entry["results"]]
        print("  " + entry["id"], "" if entry["task"] == "segment" else found, flush=True)
        networks.append(entry)
        tensors |= stored
    check_variety(networks)
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    write("heads", cases + networks, tensors)


if __name__ == "__main__":
    main()
