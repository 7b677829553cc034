"""Writes the checkpoint fixtures of this folder. Needs torch, safetensors, numpy and yacs.

Beside each readable fixture lies NAME.safetensors, written by the official library, with the
values that a reader must find.
"""
import collections
import io
import os
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from yacs.config import CfgNode

HERE = Path(__file__).parent


def tensors():
    """Every element type, layout and sharing that a state_dict can hold."""
    generator = torch.Generator().manual_seed(1)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    base = normal(6, 7)
    state = collections.OrderedDict()
    state["float32"] = normal(3, 5)
    state["float16"] = normal(2, 9).half()
    state["bfloat16"] = normal(11).bfloat16()
    state["float64"] = normal(4, 3).double() * 1e10
    state["int64"] = torch.tensor([-(2**62), -1, 0, 2**53 + 1])
    state["scalar"] = torch.tensor(-2.75)
    state["empty"] = torch.zeros(3, 0, 2)
    state["special"] = torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1e-45])
    state["shared.whole"] = base
    state["shared.row"] = base[2]
    state["shared.columns"] = base[:, 1:6:2]
    state["transposed"] = normal(4, 6).t()
    state["permuted"] = normal(2, 3, 4, 5).permute(3, 1, 0, 2)
    state["permuted_half"] = normal(3, 5).half().t()
    state["permuted_double"] = normal(3, 5).double().t()
    state["channels_last"] = normal(2, 3, 4, 5).to(memory_format=torch.channels_last)
    state["expanded"] = normal(1, 4).expand(3, 4)
    state["one_sized"] = normal(5, 1, 3)[:, :, 1:2]
    state["parameter"] = torch.nn.Parameter(normal(2, 2))
    return state


def expect(name, state):
    clones = {key: value.detach().contiguous().clone() for key, value in state.items()}
    save_file(clones, HERE / f"{name}.safetensors")


class Network(torch.nn.Module):
    """A few layers with names as LITv2 has them."""

    def __init__(self):
        super().__init__()
        self.patch_embed = torch.nn.Conv2d(3, 4, 2)
        self.norm_layer = torch.nn.BatchNorm2d(4)
        self.head = torch.nn.Linear(4, 5)

    def forward(self, image):
        return self.head(self.norm_layer(self.patch_embed(image)).mean((2, 3)))


def trained_network():
    torch.manual_seed(2)
    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    network(torch.randn(2, 3, 8, 8)).square().mean().backward()
    optimizer.step()
    scheduler.step()
    return network, optimizer, scheduler


def configuration():
    config = CfgNode()
    config.BASE = [""]
    config.DATA = CfgNode({"IMG_SIZE": 224, "INTERPOLATION": "bicubic", "MEAN": (0.5, 0.25)})
    config.MODEL = CfgNode({"TYPE": "litv2", "RESUME": None, "DROP": 0.0})
    config.MODEL.LIT = CfgNode({"ALPHA": 0.9, "DEPTHS": [2, 2, 6, 2], "HAS_MSA": [0, 0, 1, 1]})
    config.AMP = True
    config.freeze()
    return config


def training_checkpoint():
    network, optimizer, scheduler = trained_network()
    checkpoint = {
        "model": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": scheduler.state_dict(),
        "max_accuracy": 81.5,
        "epoch": 299,
        "config": configuration(),
    }
    torch.save(checkpoint, HERE / "training.pth")
    torch.save(checkpoint, HERE / "training4.pth", pickle_protocol=4)
    expect("training", network.state_dict())
    return network


def prefixed(network):
    state = network.state_dict()
    torch.save({f"module.{k}": v for k, v in state.items()}, HERE / "module.pth")
    both = {f"module.backbone.{k}": v for k, v in state.items()}
    both["module.neck.weight"] = torch.ones(2, 3)
    torch.save({"meta": {"epoch": 12}, "state_dict": both}, HERE / "detector.pth")


class Command:
    """What a malicious checkpoint would smuggle in; unpickled by Python it would run."""

    def __reduce__(self):
        return os.system, ("touch executed",)


def refused(network):
    torch.save({"model": {"weight": torch.ones(2), "evil": Command()}}, HERE / "forbidden.pth")
    torch.save(network, HERE / "module_object.pth")
    torch.save({"model": {"good": torch.ones(2), "index": torch.ones(2).int()}}, HERE / "int32.pth")
    torch.save({"epoch": 3, "names": ["a"]}, HERE / "no_state.pth")
    torchscript()
    with tarfile.open(HERE / "tar.pth", "w", format=tarfile.GNU_FORMAT) as tar:
        for name in ("storages", "tensors", "pickle"):
            content = pickle.dumps(3, protocol=2)
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def torchscript():
    """An archive of torch.jit, without the entry that tells where torch is installed."""
    out = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), out)
    with zipfile.ZipFile(out) as whole, zipfile.ZipFile(HERE / "torchscript.pt", "w") as kept:
        for entry in whole.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                kept.writestr(entry, whole.read(entry))


class Unseekable(io.RawIOBase):
    """Makes zipfile write data descriptors, with sizes of zero in the local headers."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)

    def close(self):
        self.file.close()
        super().close()


def rezipped(source):
    """The same entries in other dialects of zip."""
    with zipfile.ZipFile(HERE / source) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]

    def write(target, extra=(), method=zipfile.ZIP_STORED):
        with zipfile.ZipFile(target, "w", method) as archive:
            for name, content in [*entries, *extra]:
                archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)

    write(HERE / "deflated.pth", method=zipfile.ZIP_DEFLATED)
    write(HERE / "duplicate.pth", extra=[(entries[-1][0], b"second")])
    write(HERE / "traversal.pth", extra=[("archive/../../escape", b"")])
    stream = Unseekable(HERE / "descriptors.pth")
    write(stream)
    stream.close()
    write_zip64(HERE / "zip64.pth", entries)


def write_zip64(path, entries):
    """ZIP64 records for sizes and offsets that do not need them."""
    data, directory = b"", b""
    for name, content in entries:
        crc, size, raw = zipfile.crc32(content), len(content), name.encode()
        wide = struct.pack("<HHQQ", 1, 16, size, size)
        common = struct.pack(
            "<HHHHIIIHH", 0, 0, 0, 0, crc, 2**32 - 1, 2**32 - 1, len(raw), len(wide))
        offset = len(data)
        data += b"PK\3\4" + struct.pack("<H", 45) + common + raw + wide + content
        wide = struct.pack("<HHQQQ", 1, 24, size, size, offset)
        common = struct.pack(
            "<HHHHIIIHH", 0, 0, 0, 0, crc, 2**32 - 1, 2**32 - 1, len(raw), len(wide))
        directory += b"PK\1\2" + struct.pack("<HH", 45, 45) + common
        directory += struct.pack("<HHHII", 0, 0, 0, 0, 2**32 - 1) + raw + wide
    count, end = len(entries), len(data) + len(directory)
    directory += b"PK\6\6" + struct.pack(
        "<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, end - len(data), len(data))
    directory += b"PK\6\7" + struct.pack("<IQI", 0, end, 1)
    directory += b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    path.write_bytes(data + directory)


class Storage:
    """Stands for a storage in a hand-written legacy file."""

    def __init__(self, *persistent_id):
        self.persistent_id = persistent_id


class LegacyPickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.persistent_id if isinstance(value, Storage) else None


class Rebuild:
    """Pickles as a call of _rebuild_tensor_v2."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, self.arguments


def legacy_views():
    """Storage views, as PyTorch < 0.4 wrote them: a window of elements 2..<8 of ten."""
    view = Storage("storage", torch.FloatStorage, "7", "cuda:0", 10, ("8", 2, 6))
    hooks = collections.OrderedDict()
    state = {"window": Rebuild(view, 1, (2, 2), (2, 1), False, hooks)}
    out = io.BytesIO()
    for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(value, out, protocol=2)
    LegacyPickler(out, protocol=2).dump(state)
    pickle.dump(["7"], out, protocol=2)
    out.write(struct.pack("<q10f", 10, *range(10)))
    (HERE / "legacy_views.pth").write_bytes(out.getvalue())
    expect("legacy_views", {"window": torch.tensor([[3.0, 4.0], [5.0, 6.0]])})
    found = torch.load(HERE / "legacy_views.pth", weights_only=False, map_location="cpu")
    assert torch.equal(found["window"], torch.tensor([[3.0, 4.0], [5.0, 6.0]]))


def main():
    state = tensors()
    torch.save(state, HERE / "layouts.pth")
    torch.save(state, HERE / "legacy.pth", _use_new_zipfile_serialization=False)
    expect("layouts", state)
    network = training_checkpoint()
    torch.save(
        network.state_dict(), HERE / "network_legacy.pth", _use_new_zipfile_serialization=False)
    prefixed(network)
    refused(network)
    legacy_views()
    tiny = {"a": torch.arange(3.0), "b": torch.arange(4.0).view(2, 2).t()}
    torch.save(tiny, HERE / "tiny.pth")
    rezipped("tiny.pth")
    torch.serialization.set_crc32_options(False)
    torch.save(tiny, HERE / "no_checksums.pth")
    torch.serialization.set_crc32_options(True)
    for name in ("descriptors.pth", "zip64.pth"):
        assert torch.load(HERE / name)["a"].tolist() == [0, 1, 2], name


if __name__ == "__main__":
    main()
