"""A compiled network as one object and one file: chip, integer network, placement, input encoding, readout, tables.

The file is HDF5 behind a first block that states its version and the checksum of all that follows: a single flipped bit may keep
the HDF5 library busy for ever, so nothing damaged may reach it. Equal programs give equal files.
"""

import hashlib
import io
import json
import re
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from spikeplane.compiler.images import Image, build_image
from spikeplane.compiler.place import Part, Placement
from spikeplane.config import ChipConfig
from spikeplane.encode import Encoding, check_planes, encode
from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_file
from spikeplane.network import Network, Neuron, Population, Projection, Window

MAGIC, VERSION = "spikeplane-program", 2
_BLOCK = 512  #: bytes in front of the HDF5 part, the least that HDF5 allows
_LABEL = re.compile(rb"%s (\d{1,9}) ([0-9a-f]{64})\n\0*" % MAGIC.encode())
_POPULATION_ARRAYS = ("theta", "amount", "bias")


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a board needs to run a network.

    probes: populations whose output goes to the host. readout: "count", "last" or "sum" (see `compiler.graph.FloatNetwork`).
    tables: lists of rows for people: assumptions, quantisation, bounds, mapping.
    """

    name: str
    config: ChipConfig
    network: Network
    placement: Placement
    encoding: Encoding
    readout: str = "count"
    probes: tuple[str, ...] = ()
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @cached_property
    def image(self) -> Image:
        """The contents of every memory."""
        return build_image(self.network, self.placement, self.config, list(self.probes))

    @property
    def input(self) -> Population:
        """The input population."""
        return next(p for p in self.network.populations if p.neuron is None)

    def planes(self, samples: Any, first: int = 0) -> dict[str, np.ndarray]:
        """Samples as `spikeplane.data.read_samples` gives them -> planes uint8 (N, T, C, H, W) of the input population."""
        return {self.input.name: encode(self.encoding, samples, self.input.shape, first)}

    def check_planes(self, inputs: dict[str, np.ndarray]) -> None:
        """Raise SpikeplaneError unless `inputs` are what `planes` gives: boards check before they send anything."""
        if set(inputs) != {self.input.name}:
            given = ", ".join(f"'{name}'" for name in inputs) or "nothing"
            raise SpikeplaneError(f"the program's input is '{self.input.name}', given was {given}; use program.planes(samples)")
        check_planes(self.input.name, inputs[self.input.name], self.encoding, self.input.shape)

    def scores(self, outputs: dict[str, np.ndarray]) -> np.ndarray:
        """(N, C): the readout of the output population from (N, T, C, H, W)."""
        values = outputs[self.network.output].astype(np.int64)
        chosen = values[:, -1] if self.readout == "last" else values.sum(1)
        return chosen.sum((-1, -2))

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all. Raises SpikeplaneError if the place cannot be written."""
        write_file(path, seal(_to_bytes(self)))

    @classmethod
    def load(cls, path: str | Path, chip: ChipConfig | None = None) -> "Program":
        """Read the file. Raises SpikeplaneError if it is missing, no program, damaged, of another version, or (with `chip`) for another
        chip."""
        try:
            contents = Path(path).read_bytes()
        except FileNotFoundError:
            raise SpikeplaneError(f"program: no file {path}") from None
        except OSError as error:
            raise SpikeplaneError(f"program: cannot read {path}: {error.strerror}") from None
        program = _from_bytes(cls, _unseal(contents, str(path)), str(path))
        if chip is not None and chip.digest != program.config.digest:
            raise SpikeplaneError(
                f"program {path} is for chip {program.config.digest}, not for chip {chip.digest}; compile it for that chip"
            )
        return program


def seal(contents: bytes) -> bytes:
    """HDF5 bytes, whose first block is free, with version and checksum written into that block."""
    rest = contents[_BLOCK:]
    label = f"{MAGIC} {VERSION} {hashlib.sha256(rest).hexdigest()}\n".encode()
    return label.ljust(_BLOCK, b"\0") + rest


def _unseal(contents: bytes, path: str) -> bytes:
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


def _to_bytes(program: Program) -> bytes:
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


def _from_bytes(cls: type[Program], contents: bytes, path: str) -> Program:
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
        program = cls(
            name=header["name"], config=config, network=network, encoding=Encoding(**header["encoding"]), readout=header["readout"],
            probes=tuple(header["probes"]), tables=header["tables"],
            placement=Placement(tuple(Part(**{k: _tuples(v) for k, v in part.items()}) for part in header["parts"])),
        )  # fmt: skip
        if not _consistent(program):
            raise _damaged(path)
        return program
    except SpikeplaneError:
        raise
    except Exception:  # whatever json, h5py or a constructor makes of a file that some other tool has written
        raise _damaged(path) from None


def _consistent(program: Program) -> bool:
    """Arrays have the shapes of their populations, and names mean something."""
    network = program.network
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
    named = {network.output, *program.probes, *(part.population for part in program.placement.parts)}
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
