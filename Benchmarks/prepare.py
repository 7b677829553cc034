"""Writes what the peers of one case read: input.npy, the expected output.npy, and their models.

A process of its own, so that a peer that does not need PyTorch never loads it.
"""

import argparse
import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

import networks
from cases import Case, Peer, calibration_images


def deform_conv(graph, x, weight, offset, mask, bias, *_attributes):
    """ONNX DeformConv for torchvision's operator, with the attributes of LITv2's token merging."""
    return graph.op(
        "DeformConv", x, weight, offset, bias, kernel_shape_i=[2, 2], strides_i=[2, 2],
        pads_i=[0, 0, 0, 0], group_i=1, offset_group_i=1)


def write_onnx(network: nn.Module, images: torch.Tensor, path: Path):
    torch.onnx.register_custom_op_symbolic("torchvision::deform_conv2d", deform_conv, 19)
    torch.onnx.export(
        network, (images,), str(path), dynamo=False, opset_version=20, input_names=["input"],
        output_names=["output"])


def write_openvino(network: nn.Module, images: torch.Tensor, path: Path):
    """Straight from PyTorch: OpenVINO reads deform_conv2d there, but not from ONNX."""
    import openvino

    model = openvino.convert_model(network, example_input=images, input=list(images.shape))
    openvino.save_model(model, path, compress_to_fp16=False)


def batches(case: Case, size: int) -> list[np.ndarray]:
    """Of images for calibration; models are exported for so many at a time."""
    images = calibration_images(case)
    return [images[at : at + size] for at in range(0, len(images), size)]


def quantise_onnx(case: Case, path: Path, batch: int):
    """Static, as pairs of QuantizeLinear and DequantizeLinear; signed, with a scale for each output channel."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Images(CalibrationDataReader):
        rest = iter(batches(case, batch))

        def get_next(self):
            images = next(self.rest, None)
            return None if images is None else {"input": images}

    prepared = path.with_suffix(".prepared.onnx")
    quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    quantize_static(
        str(prepared), str(path), Images(), quant_format=QuantFormat.QDQ, per_channel=True)


def quantise_openvino(case: Case, path: Path, batch: int):
    """As NNCF does transformers."""
    import nncf
    import openvino

    model = openvino.Core().read_model(path)
    images = batches(case, batch)
    quantised = nncf.quantize(
        model, nncf.Dataset(images), model_type=nncf.ModelType.TRANSFORMER, subset_size=len(images))
    # The model's weights are a map of the file that it replaces.
    written = path.with_stem("int8")
    openvino.save_model(quantised, written, compress_to_fp16=False)
    for suffix in (".xml", ".bin"):
        written.with_suffix(suffix).replace(path.with_suffix(suffix))


QUANTISERS = {"onnxruntime": quantise_onnx, "openvino": quantise_openvino}
WRITERS = {"onnxruntime": (write_onnx, "onnx"), "openvino": (write_openvino, "xml")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", type=Case.parse)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--peers", nargs="+", type=Peer.parse, required=True,
                        help="writes the models that they read")
    parser.add_argument("--precision", default="f32")
    args = parser.parse_args()

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    args.folder.mkdir(parents=True, exist_ok=True)
    images = networks.inputs(args.case, args.batch)
    np.save(args.folder / "input.npy", images.numpy())
    np.save(args.folder / "output.npy", networks.expected(args.case, images))
    for peer in args.peers:
        if peer.runtime in WRITERS:
            write, suffix = WRITERS[peer.runtime]
            with torch.no_grad():
                network = networks.build(args.case, peer.form)
                write(network, images, args.folder / f"{peer.name}.{suffix}")
            if args.precision == "int8":
                QUANTISERS[peer.runtime](
                    args.case, args.folder / f"{peer.name}.{suffix}", args.batch)


if __name__ == "__main__":
    main()
