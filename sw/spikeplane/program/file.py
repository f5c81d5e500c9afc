"""The program file: HDF5 behind a first block that states its version and the checksum of all that follows.

A single flipped bit may keep the HDF5 library busy for ever, so nothing damaged may reach it. Equal programs give equal files.
"""

import hashlib
import io
import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from spikeplane.compiler.place import Part, Placement
from spikeplane.config import ChipConfig
from spikeplane.encode import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network, Neuron, Population, Projection, Window

if TYPE_CHECKING:
    from spikeplane.program.program import Program

MAGIC, VERSION = "spikeplane-program", 3
_BLOCK = 512  #: bytes in front of the HDF5 part, the least that HDF5 allows
_LABEL = re.compile(rb"%s (\d{1,9}) ([0-9a-f]{64})\n\0*" % MAGIC.encode())
_POPULATION_ARRAYS = ("theta", "amount", "bias")


def seal(contents: bytes) -> bytes:
    """HDF5 bytes, whose first block is free, with version and checksum written into that block."""
    rest = contents[_BLOCK:]
    label = f"{MAGIC} {VERSION} {hashlib.sha256(rest).hexdigest()}\n".encode()
    return label.ljust(_BLOCK, b"\0") + rest


def unseal(contents: bytes, path: str) -> bytes:
    """The contents again if they are those that were sealed. Raises SpikeplaneError."""
    label = _LABEL.fullmatch(contents[:_BLOCK])
    if label and int(label[1]) != VERSION:
        raise SpikeplaneError(f"program {path} has format version {int(label[1])}, this is version {VERSION}; compile it again")
    if label and label[2].decode() == hashlib.sha256(contents[_BLOCK:]).hexdigest():
        return contents
    if path.endswith(".nir"):
        raise SpikeplaneError(f"{path} is a model, not a program; compile it first: spikeplane compile {path} -o net.spk")
    raise _damaged(path)


def _damaged(path: str) -> SpikeplaneError:
    return SpikeplaneError(f"{path} is not a Spikeplane program, or is damaged; compile it again")


def to_bytes(program: "Program") -> bytes:
    """The HDF5 file, its first block free."""
    populations, projections, arrays = [], [], {}
    for i, p in enumerate(program.network.populations):
        plain = {k: v for k, v in asdict(p).items() if k not in _POPULATION_ARRAYS}
        populations.append(plain)
        arrays |= {f"populations/{i}/{k}": getattr(p, k) for k in _POPULATION_ARRAYS if getattr(p, k) is not None}
    for i, p in enumerate(program.network.projections):
        projections.append({k: v for k, v in p.__dict__.items() if k != "weight"})
        arrays[f"projections/{i}/weight"] = p.weight
    header = {
        "name": program.name, "digest": program.config.digest, "config": program.config.to_dict(), "encoding": asdict(program.encoding),
        "readout": program.readout, "probes": program.probes, "tables": program.tables, "output": program.network.output,
        "steps": program.network.steps, "populations": populations, "projections": projections,
        "parts": [asdict(part) for part in program.placement.parts],
    }  # fmt: skip
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=_BLOCK) as file:
        file.create_dataset("header", data=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8))
        for name, array in arrays.items():
            file.create_dataset(name, data=_smallest(np.asarray(array)), compression="gzip", shuffle=True)
    return buffer.getvalue()


def _smallest(array: np.ndarray) -> np.ndarray:
    for kind in (np.int8, np.int16, np.int32):
        if array.size == 0 or (np.iinfo(kind).min <= array.min() and array.max() <= np.iinfo(kind).max):
            return array.astype(kind)
    return array.astype(np.int64)


def from_bytes(contents: bytes, path: str) -> dict[str, Any]:
    """The fields of a `Program`. Raises SpikeplaneError for what no program of this version is."""
    try:
        with h5py.File(io.BytesIO(contents), "r") as file:
            header = json.loads(_array(file, "header").tobytes())
            populations = tuple(_population(file, i, plain) for i, plain in enumerate(header["populations"]))
            projections = tuple(_projection(file, i, plain) for i, plain in enumerate(header["projections"]))
        config = ChipConfig.from_dict(header["config"])
        if config.digest != header["digest"]:
            raise SpikeplaneError(
                f"program {path} was compiled for another generation of the gateware (chip {header['digest']}); compile it again"
            )
        network = Network(populations=populations, projections=projections, output=header["output"], steps=header["steps"])
        fields = {
            "name": header["name"], "config": config, "network": network, "encoding": Encoding(**header["encoding"]),
            "readout": header["readout"], "probes": tuple(header["probes"]), "tables": header["tables"],
            "placement": Placement(tuple(Part(**{k: _tuples(v) for k, v in part.items()}) for part in header["parts"])),
        }  # fmt: skip
        if not _consistent(network, fields["probes"], fields["placement"]):
            raise _damaged(path)
        return fields
    except SpikeplaneError:
        raise
    except Exception:  # whatever json, h5py or a constructor makes of a file that some other tool has written
        raise _damaged(path) from None


def _consistent(network: Network, probes: tuple[str, ...], placement: Placement) -> bool:
    """Arrays have the shapes of their populations, and names mean something."""
    shapes = {p.name: p.shape for p in network.populations}
    for p in network.populations:
        if any(array is not None and array.shape != p.shape[:1] for array in (p.theta, p.amount, p.bias)):
            return False
    for q in network.projections:
        (into, *_), (out, *_) = shapes[q.source], shapes[q.target]
        if q.weight.ndim != (3 if q.aligned else 4) or q.weight.shape[: q.weight.ndim - 2] != (
            (out,) if q.aligned else (out, into)
        ):
            return False
    named = {network.output, *probes, *(part.population for part in placement.parts)}
    inputs = [p for p in network.populations if p.neuron is None]
    return named <= set(shapes) and len(inputs) == 1


def _array(file: h5py.File, name: str) -> np.ndarray:
    dataset = file[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "iu":
        raise TypeError(name)
    return dataset[()]


def _projection(file: h5py.File, number: int, plain: dict[str, Any]) -> Projection:
    weight = _array(file, f"projections/{number}/weight").astype(np.int64)
    return Projection(**{k: _tuples(v) for k, v in plain.items()}, weight=weight)


def _population(file: h5py.File, number: int, plain: dict[str, Any]) -> Population:
    values = {k: _tuples(v) for k, v in plain.items()}
    values["neuron"] = Neuron(**plain["neuron"]) if plain["neuron"] else None
    values["window"] = Window(**plain["window"]) if plain["window"] else None
    for name in _POPULATION_ARRAYS:
        place = f"populations/{number}/{name}"
        values[name] = _array(file, place).astype(np.int64) if place in file else None
    return Population(**values)


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
