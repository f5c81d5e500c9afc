"""The program file: HDF5 behind a first block that states its version and the checksum of all that follows.

A single flipped bit may keep the HDF5 library busy for ever, and a right checksum says nothing of
who made the file: the library writes it, `hdf5` reads it. Equal programs give equal files.
"""

import hashlib
import io
import json
import re
from dataclasses import asdict, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py  # pyright: ignore[reportMissingTypeStubs] - it has none
import numpy as np

from spikeplane.config import ARCHITECTURE, ChipConfig
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_regular
from spikeplane.log import logger
from spikeplane.network import Network, Population, Projection
from spikeplane.program.hdf5 import BLOCK, Dataset, datasets
from spikeplane.program.placement import Part, Placement
from spikeplane.program.plain import is_list, is_object, made, shown, stated, value
from spikeplane.program.source import from_plain, to_plain
from spikeplane.program.words import Words, read_words, write_words

if TYPE_CHECKING:
    from spikeplane.program.program import Program

MAGIC, VERSION = "spikeplane-program", 4
NUMBERS = 1 << 25  #: weights, thresholds, amounts and biases of a program at most
#: bytes of a file and of its header, entries of its lists, at most
_FILE, _HEADER, _ITEMS = 1 << 29, 1 << 25, 1 << 11
_LABEL = re.compile(rb"%s (\d{1,9}) ([0-9a-f]{64})\n\0*" % MAGIC.encode())
_POPULATION_ARRAYS = ("theta", "amount", "bias", "leaks")
_LISTS = ("populations", "projections", "parts")
_KEYS = {
    "name", "digest", "config", "encoding", "readout", "probes", "tables", "output", "steps", "images",
    "architecture", "source", *_LISTS,
}  # fmt: skip
_LATER = {"others", "presentations"}

_log = logger(__name__)


def seal(contents: bytes) -> bytes:
    """HDF5 bytes, whose first block is free, with version and checksum written into that block."""
    rest = contents[BLOCK:]
    label = f"{MAGIC} {VERSION} {hashlib.sha256(rest).hexdigest()}\n".encode()
    return label.ljust(BLOCK, b"\0") + rest


def read(path: str | Path) -> bytes:
    """The contents of a file if they are those that were sealed. Raises SpikeplaneError, after a
    block if the file is none."""
    check_regular(path)
    try:
        with open(path, "rb") as file:
            block = file.read(BLOCK)
            label = _LABEL.fullmatch(block)
            rest = file.read(_FILE) if label else b""
    except FileNotFoundError:
        raise SpikeplaneError(f"program: no file {path}") from None
    except OSError as error:
        raise SpikeplaneError(f"program: cannot read {path}: {error.strerror}") from None
    if label and int(label[1]) != VERSION:
        raise SpikeplaneError(
            f"program {path} has format version {int(label[1])}, this is version {VERSION}; compile it again"
        )
    if label and label[2].decode() == hashlib.sha256(rest).hexdigest():
        _log.info("%s: a program of %d bytes", path, BLOCK + len(rest))
        return block + rest
    if str(path).endswith(".nir"):
        raise SpikeplaneError(
            f"{path} is a model, not a program; compile it first: spikeplane compile {path} -o net.spk"
        )
    raise damaged(path)


def damaged(path: str | Path) -> SpikeplaneError:
    """What is said of a file that is no program."""
    return SpikeplaneError(f"{path} is not a Spikeplane program, or is damaged; compile it again")


def to_bytes(program: "Program") -> bytes:
    """The HDF5 file, its first block free. Raises SpikeplaneError for more numbers than a program holds."""
    populations: list[dict[str, Any]] = []
    projections: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for i, p in enumerate(program.network.populations):
        kept = {k: getattr(p, k) for k in _POPULATION_ARRAYS}
        populations.append(stated(p, _POPULATION_ARRAYS))
        arrays |= {f"populations/{i}/{k}": array for k, array in kept.items() if array is not None}
    for i, p in enumerate(program.network.projections):
        projections.append(stated(p, ("weight",)))
        arrays[f"projections/{i}/weight"] = p.weight
    source, floats = (None, {}) if program.source is None else to_plain(program.source)
    header = {
        "name": program.name,
        "architecture": ARCHITECTURE,
        "digest": program.config.digest,
        "config": program.config.to_dict(),
        "encoding": stated(program.encoding),
        **_later_plain(program),
        **{name: getattr(program, name) for name in ("readout", "probes", "tables")},
        "output": program.network.output,
        "steps": program.network.steps,
        "populations": populations,
        "projections": projections,
        "parts": [asdict(part) for part in program.placement.parts],
        "images": len(program.images),
        "source": source,
    }
    for numbers in (arrays, floats):
        _check_count(sum(np.size(array) for array in numbers.values()))
    buffer = io.BytesIO()
    opened: Any = h5py.File(buffer, "w", userblock_size=BLOCK, libver="earliest")
    with opened as file:
        file.create_dataset("header", data=np.frombuffer(_text(header), dtype=np.uint8))
        packed = {name: _smallest(np.asarray(array)) for name, array in arrays.items()}
        for name, array in (packed | floats | write_words(program.images, program.config)).items():
            file.create_dataset(name, data=array, compression="gzip", shuffle=True)
    return buffer.getvalue()


def _text(header: dict[str, Any]) -> bytes:
    """As JSON; numpy's numbers, of which importers make networks, are Python's there."""
    return json.dumps(header, default=lambda number: number.item()).encode()


def _check_count(numbers: int) -> None:
    if numbers > NUMBERS:
        raise SpikeplaneError(
            f"a program holds at most {NUMBERS:,} weights and thresholds, not {numbers:,}; use a "
            "smaller network"
        )


def _smallest(array: np.ndarray) -> np.ndarray:
    for kind in (np.int8, np.int16, np.int32):
        if array.size == 0 or (np.iinfo(kind).min <= array.min() and array.max() <= np.iinfo(kind).max):
            return array.astype(kind)
    return array.astype(np.int64)


def from_bytes(contents: bytes, path: str | Path) -> tuple[dict[str, Any], tuple[Words, ...]]:
    """The fields of a `Program`, each of its type, and its memory words; `check` says whether they can run.
    Raises SpikeplaneError for what no program of this version is, and for one of another architecture."""
    try:
        header, found = parts(contents)
        _check_generation(header, path)
        return _fields(header, found)
    except Outdated:
        raise
    except SpikeplaneError as error:
        raise refused(path, error) from None
    except Exception:  # whatever json, numpy or the reader make of a file that some other tool has written
        raise damaged(path) from None


def parts(contents: bytes) -> tuple[dict[str, Any], dict[str, Dataset]]:
    """The header, whose keys are those of a program, and the arrays by name, none of them unpacked. Raises
    any exception for what is none."""
    found = datasets(contents)
    header = _header(found.pop("header"))
    for groups in (("populations", "projections"), ("source",)):
        sizes = [prod(dataset.shape) for name, dataset in found.items() if name.split("/")[0] in groups]
        _check_count(sum(sizes))
    return header, found


class Outdated(SpikeplaneError):
    """The program is for another generation of the gateware."""


def _check_generation(header: dict[str, Any], path: str | Path) -> None:
    """Refuse another architecture before anything of it is looked at: its fields may be others."""
    if header["architecture"] == ARCHITECTURE:
        config = ChipConfig.from_dict(header["config"])
        if json.dumps(config.to_dict(), sort_keys=True) != json.dumps(header["config"], sort_keys=True):
            raise SpikeplaneError("its chip configuration has fields that are missing, or of another type")
        if config.digest == header["digest"]:
            return
    remedy = "compile it again" if header["source"] is None else f"use: spikeplane upgrade {path} -o new.spk"
    raise Outdated(
        f"program {path} was compiled for another generation of the gateware (architecture "
        f"{shown(header['architecture'])}, chip {shown(header['digest'])}; this is architecture "
        f"{ARCHITECTURE}); {remedy}"
    )


def refused(path: str | Path, error: SpikeplaneError) -> SpikeplaneError:
    """What is said of a program that cannot run."""
    return SpikeplaneError(f"program {path} cannot run: {error}; compile it again")


def _header(dataset: Dataset) -> dict[str, Any]:
    if len(dataset.shape) != 1 or dataset.shape[0] > _HEADER or dataset.dtype != np.uint8:
        raise ValueError("no text")
    header = json.loads(dataset.read().tobytes(), object_pairs_hook=_object)
    json.dumps(
        header, allow_nan=False, ensure_ascii=False
    ).encode()  # neither NaN nor half a character, which nothing could print
    whole = is_object(header) and set(header) | _LATER == _KEYS | _LATER
    if not whole or not all(_listed(header[key]) for key in _LISTS):
        raise ValueError("no header")
    return header


def _listed(plain: Any) -> bool:
    return is_list(plain) and len(plain) <= _ITEMS


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _fields(header: dict[str, Any], found: dict[str, Dataset]) -> tuple[dict[str, Any], tuple[Words, ...]]:
    config = ChipConfig.from_dict(header["config"])
    populations = tuple(_population(found, i, plain) for i, plain in enumerate(header["populations"]))
    projections = tuple(_projection(found, i, plain) for i, plain in enumerate(header["projections"]))
    output, steps = value(str, header["output"], "output"), value(int, header["steps"], "steps")
    parts = tuple(made(Part, plain, f"part {i}") for i, plain in enumerate(header["parts"]))
    fields = {
        "name": value(str, header["name"], "name"),
        "config": config,
        "placement": Placement(parts),
        "tables": header["tables"],
        "network": Network(
            populations=populations, projections=projections, output=output, steps=steps,
            presentations=value(int, header.get("presentations", 1), "presentations"),
        ),
        "encoding": made(Encoding, header["encoding"], "encoding"),
        "others": _others(header),
        "readout": value(str, header["readout"], "readout"),
        "probes": value(tuple[str, ...], header["probes"], "probes"),
        "source": None if header["source"] is None else from_plain(header["source"], found),
    }  # fmt: skip
    words = read_words(found, value(int, header["images"], "images"), config)
    if found:
        raise SpikeplaneError(f"it holds {shown(min(found))}, which no program has")
    return fields, words


def _later_plain(program: "Program") -> dict[str, Any]:
    """What the programs alone have in their header that have any of it."""
    found = {"others": {name: stated(one) for name, one in program.others.items()}} if program.others else {}
    times = program.network.presentations
    return {**found, **({"presentations": times} if times > 1 else {})}


def _others(header: dict[str, Any]) -> dict[str, Encoding]:
    """The encodings of further inputs, where they are not the first one's."""
    plain = header.get("others", {})
    if not is_object(plain) or len(plain) > _ITEMS:
        raise SpikeplaneError(f"others must be an object, not {shown(plain)}")
    return {
        value(str, name, "others"): made(Encoding, one, f"encoding of {shown(name)}")
        for name, one in plain.items()
    }


def encodings_of(header: dict[str, Any], inputs: list[str]) -> dict[str, Encoding]:
    """The encoding of each input of a program's header."""
    first = made(Encoding, header["encoding"], "encoding")
    others = _others(header)
    return {name: others.get(name, first) for name in inputs}


def _population(found: dict[str, Dataset], number: int, plain: Any) -> Population:
    arrays: dict[str, Any] = dict.fromkeys(_POPULATION_ARRAYS)
    population = made(Population, plain, f"population {number}", **arrays)
    for name in _POPULATION_ARRAYS:
        place = f"populations/{number}/{name}"
        if place in found:
            arrays[name] = _array(found.pop(place), place, 1, population.shape[0])
    return replace(population, **arrays)


def _projection(found: dict[str, Dataset], number: int, plain: Any) -> Projection:
    place = f"projections/{number}/weight"
    projection = made(Projection, plain, f"projection {number}", weight=np.zeros(0))
    if place not in found:
        raise SpikeplaneError(f"{place} is missing")
    return replace(projection, weight=_array(found.pop(place), place, projection.kind.rank))


def _array(dataset: Dataset, place: str, rank: int, channels: int | None = None) -> np.ndarray:
    """int64, looked at before it is unpacked: a few bytes may stand for any number of zeros. One axis more: by step."""
    shape = dataset.shape
    wrong = len(shape) - rank not in (0, 1) or channels not in (None, shape[-1])
    if dataset.dtype.kind != "i" or wrong:
        raise SpikeplaneError(f"{place} is {dataset.dtype} {dataset.shape}")
    return dataset.read().astype(np.int64)
