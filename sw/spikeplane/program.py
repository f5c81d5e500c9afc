"""A compiled network as one object and one file: chip, integer network, placement, input encoding, readout, tables.

The file is HDF5 with a versioned header and the chip's digest; equal programs give equal files.
"""

import io
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np

from spikeplane.compiler.images import Image, build_image
from spikeplane.compiler.place import Part, Placement
from spikeplane.config import ChipConfig
from spikeplane.encode import Encoding, encode
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network, Neuron, Population, Projection, Window

MAGIC, VERSION = "spikeplane-program", 1
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

    def scores(self, outputs: dict[str, np.ndarray]) -> np.ndarray:
        """(N, C): the readout of the output population from (N, T, C, H, W)."""
        values = outputs[self.network.output].astype(np.int64)
        chosen = values[:, -1] if self.readout == "last" else values.sum(1)
        return chosen.sum((-1, -2))

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all. Raises SpikeplaneError if the place cannot be written."""
        target, contents = Path(path), _to_bytes(self)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as draft:
                draft.write(contents)
            os.replace(draft.name, target)
        except OSError as error:
            raise SpikeplaneError(f"cannot write {path}: {error.strerror}") from None

    @classmethod
    def load(cls, path: str | Path, chip: ChipConfig | None = None) -> Self:
        """Read the file. Raises SpikeplaneError if it is missing, no program, truncated, of another version, or (with `chip`) for
        another chip."""
        try:
            contents = Path(path).read_bytes()
        except FileNotFoundError:
            raise SpikeplaneError(f"program: no file {path}") from None
        except OSError as error:
            raise SpikeplaneError(f"program: cannot read {path}: {error.strerror}") from None
        try:
            program = _from_bytes(cls, contents, str(path))
        except SpikeplaneError:
            raise
        except Exception:
            raise SpikeplaneError(f"{path} is not a Spikeplane program, or is damaged; compile it again") from None
        if chip is not None and chip.digest != program.config.digest:
            raise SpikeplaneError(
                f"program {path} is for chip {program.config.digest}, not for chip {chip.digest}; compile it for that chip"
            )
        return program


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
    with h5py.File(buffer, "w") as file:
        file.attrs["format"], file.attrs["version"] = MAGIC, VERSION
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
    with h5py.File(io.BytesIO(contents), "r") as file:
        if file.attrs.get("format") != MAGIC:
            raise SpikeplaneError(f"{path} is not a Spikeplane program, or is damaged; compile it again")
        version = int(file.attrs["version"])
        if version != VERSION:
            raise SpikeplaneError(f"program {path} has format version {version}, this is version {VERSION}; compile it again")
        header = json.loads(file["header"][()].tobytes())
        populations = tuple(_population(file, i, plain) for i, plain in enumerate(header["populations"]))
        projections = tuple(
            Projection(**{k: _tuples(v) for k, v in plain.items()}, weight=file[f"projections/{i}/weight"][()].astype(np.int64))
            for i, plain in enumerate(header["projections"])
        )
    config = ChipConfig.from_dict(header["config"])
    if config.digest != header["digest"]:
        raise SpikeplaneError(
            f"program {path} was compiled for another generation of the gateware (chip {header['digest']}); compile it again"
        )
    network = Network(populations=populations, projections=projections, output=header["output"], steps=header["steps"])
    return cls(
        name=header["name"], config=config, network=network, encoding=Encoding(**header["encoding"]), readout=header["readout"],
        probes=tuple(header["probes"]), tables=header["tables"],
        placement=Placement(tuple(Part(**{k: _tuples(v) for k, v in part.items()}) for part in header["parts"])),
    )  # fmt: skip


def _population(file: h5py.File, number: int, plain: dict[str, Any]) -> Population:
    values = {k: _tuples(v) for k, v in plain.items()}
    values["neuron"] = Neuron(**plain["neuron"]) if plain["neuron"] else None
    values["window"] = Window(**plain["window"]) if plain["window"] else None
    for name in _POPULATION_ARRAYS:
        place = f"populations/{number}/{name}"
        values[name] = file[place][()].astype(np.int64) if place in file else None
    return Population(**values)


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
