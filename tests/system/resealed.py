"""Program files that some other tool has changed and sealed again: seeded changes of header,
arrays, HDF5 structure and bytes.

    program ─▶ HDF5 ─▶ change ─▶ right checksum ─▶ what does loading make of it?

Changes go through h5py; the reader of program files is used only to build the memory words that belong to
a changed network.
"""

import copy
import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import h5py
import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.program import Program, seal
from spikeplane.program.file import from_bytes, to_bytes
from spikeplane.program.words import write_words

JUNK: list[Any] = [
    None, True, False, -1, 0, 1, 2, 3, 7, 8, 16, 255, 256, 1000, 65535, 65536, 1 << 31, -(1 << 31), 1 << 63, 10**30, 0.5, 3.0, 1e300,
    "", "in", "conv", "out", "x", "\n", "\ud800", "a" * 5000, "none", "hard", "soft", "multiply", "up", "direct", "planes", "sum",
    "[/x]", [], {}, [1], [1, 2],
    [0, 0, 0], [[[[[[[]]]]]]], {"a": {"b": [1, {"c": None}]}}, [None], ["conv"], [-1, 3], [1 << 40, 1],
]  # fmt: skip

NUMBERS = [
    -(1 << 62), -(1 << 31), -32768, -32767, -129, -128, -1, 0, 1, 127, 128, 32766, 32767, 32768, 131071, 1 << 31, 1 << 62,
]  # fmt: skip


def hdf5_changed(contents: bytes, change: Callable[[h5py.File], None]) -> bytes:
    """The file with another HDF5 part, sealed."""
    buffer = io.BytesIO(contents)
    with h5py.File(buffer, "r+") as file:
        change(file)
    return seal(buffer.getvalue())


def header_changed(contents: bytes, edit: Callable[[dict[str, Any]], None], *, digest: bool = True) -> bytes:
    """The file with another header, sealed; `digest`: with that of the header's configuration,
    where it is one."""

    def change(file: h5py.File) -> None:
        header = json.loads(np.asarray(file["header"]).tobytes())
        edit(header)
        with suppress(Exception):
            header["digest"] = ChipConfig.from_dict(header["config"]).digest if digest else header["digest"]
        del file["header"]
        file["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)

    return hdf5_changed(contents, change)


def rebuilt(contents: bytes) -> bytes:
    """The file with the memory words that its network compiles to, sealed; the same file where that is none
    that can run."""

    def without(file: h5py.File) -> None:
        if "images" in file:
            del file["images"]

    try:
        fields, _ = from_bytes(hdf5_changed(contents, without), "changed")
        program = Program(**fields)
        program.check()
    except Exception:  # noqa: BLE001 - whatever is wrong with it, loading has to say so
        return contents

    def change(file: h5py.File) -> None:
        without(file)
        for name, words in write_words(program.images, program.config).items():
            file.create_dataset(name, data=words, compression="gzip", shuffle=True)

    return hdf5_changed(contents, change)


class Change:
    """One seeded change of one program: `contents` is the file, sealed; `done` says what was changed."""

    def __init__(self, programs: list[Program], seed: int) -> None:
        self.random = random.Random(seed)
        self.contents = to_bytes(self.random.choice(programs))
        self.done: list[str] = []
        kinds: list[tuple[Callable[[], None], int]] = [
            (self._values, 40),
            (self._header, 25),
            (self._arrays, 15),
            (self._structure, 15),
            (self._bytes, 5),
        ]
        self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]()
        self.contents = seal(self.contents)
        if self.random.random() < 0.9:  # else the words are those of another network
            self.contents = rebuilt(self.contents)

    def _edit(self, edit: Callable[[dict[str, Any]], None]) -> None:
        self.contents = header_changed(self.contents, edit, digest=self.random.random() < 0.8)

    def _header(self) -> None:
        """Anything anywhere."""

        def edit(header: dict[str, Any]) -> None:
            for _ in range(self.random.choice([1, 1, 1, 2])):
                places = list(_places(header))
                container, key = self.random.choice(places)
                other, place = self.random.choice(places)
                kind = self.random.choice(["junk", "junk", "step", "remove", "add", "swap", "twice"])
                self.done.append(f"{kind} {key}")
                if kind == "junk":
                    container[key] = copy.deepcopy(self.random.choice(JUNK))
                elif kind == "step" and type(container[key]) is int:
                    container[key] += self.random.choice([-1, 1, 2, 10])
                elif kind == "remove":
                    del container[key]
                elif kind == "add" and isinstance(container, dict):
                    container[self.random.choice(["x", "weight", "theta", "shape"])] = 1
                elif kind == "swap":
                    container[key], other[place] = copy.deepcopy(other[place]), copy.deepcopy(container[key])
                elif kind == "twice" and isinstance(container, list):
                    container.append(copy.deepcopy(container[key]))

        self._edit(edit)

    def _values(self) -> None:
        """What might be meant: values of the right type."""

        def edit(header: dict[str, Any]) -> None:
            for _ in range(self.random.choice([1, 1, 1, 2])):
                self._value(header)

        self._edit(edit)

    def _value(self, header: dict[str, Any]) -> None:
        choose = self.random.choice
        neurons = [p for p in header["populations"] if p["neuron"]]
        names = [p["name"] for p in header["populations"]]
        population, projection, part = choose(neurons), choose(header["projections"]), choose(header["parts"])
        neuron = population["neuron"]
        changes: list[tuple[dict[str, Any], str, list[Any]]] = [
            (neuron, "reset", ["none", "hard", "soft"]),
            (neuron, "v_reset", [-40000, -32768, -32767, -5, 3, 32767, 32768]),
            (neuron, "strict", [True, False]),
            (neuron, "membrane_out", [True, False]),
            (neuron, "leak", ["none", "multiply", "memoryless", "shift", "linear"]),
            (neuron, "leak_value", [-1, 0, 1, 8, 128, 255, 256, 257, 32768, 50000, 65535, 65536, 65537]),
            (neuron, "floor", [True, False]),
            (population, "hold", [True, False]),
            (population, "window", [None, {"size": 2, "stride": 1, "padding": 1}]),
            (population, "value_bits", [1, 2, 8]),
            (population, "shape", [[12, 2, 3], [12, 3, 2], [20, 1, 1], [513, 1, 1]]),
            (header["populations"][0], "value_bits", [1, 3, 4, 8, 9]),
            (header["populations"][0], "name", ["conv", "input", ""]),
            (projection, "delay", [0, 1, 2]),
            (projection, "stride", [[1, 1], [2, 1], [1, 7], [0, 1]]),
            (projection, "pool", [[1, 1], [2, 2], [9, 9]]),
            (projection, "padding", [[0, 0], [1, 1], [-1, 1], [1025, 1]]),
            (projection, "aligned", [True, False]),
            (projection, "source", names),
            (projection, "target", names),
            (part, "slot", list(range(-1, 10))),
            (part, "core", [[0, 0], [0, 1], [1, 0], [-1, 0]]),
            (part, "first", [-1, 0, 1]),
            (part, "groups", [0, 1, 2, 3, 4]),
            (part, "population", names),
            (header, "output", names),
            (header, "readout", ["count", "last", "sum", "mean"]),
            (header, "probes", [names[1:], names[-1:], names, []]),
            (header, "steps", [1, 2, 3, 4, 5]),
            (header["encoding"], "kind", ["direct", "rate", "latency", "events", "planes", "video"]),
            (header["encoding"], "steps", [1, 3, 4]),
            (header["encoding"], "value_bits", [1, 3, 8, 9]),
            (header["encoding"], "seed", [-1, 5, 1 << 63]),
            (header["encoding"], "step_us", [0, 1, 1 << 24]),
            (header, "name", ["", "[bold]", "\x1b[31m", "a\nb"]),
            (header["config"], "populations", [1, 3, 8]),
            (header["config"], "acc_bits", [12, 14, 18]),
            (header["config"], "membrane_bits", [8, 16]),
            (header["config"], "weight_bits", [1, 2, 4]),
            (header["config"], "weight_depth", [16, 64, 2048]),
            (header["config"], "max_shift", [0, 2, 31]),
        ]
        changes += [(projection, "pre_shift", [-1, 0, 1, 3, 5, 40])] if "pre_shift" in projection else []
        changes += [(neuron, "leak_round", ["down", "up", "odd", "even"])] if "leak_round" in neuron else []
        where, key, values = choose(changes)
        where[key] = choose(values)
        self.done.append(f"{key} = {where[key]!r}")
        if key == "steps" and self.random.random() < 0.5:
            header["steps"] = header["encoding"]["steps"] = where[key]

    def _arrays(self) -> None:
        """Values, types and shapes of one array."""

        def change(file: h5py.File) -> None:
            name = self.random.choice([name for name in _datasets(file) if name != "header"])
            array = np.asarray(file[name]).astype(np.int64)
            kind = self.random.choice(["value", "value", "value", "all", "type", "shape", "remove"])
            self.done.append(f"{kind} of {name}")
            if kind == "value":
                array.flat[self.random.randrange(array.size)] = self.random.choice(NUMBERS)
            elif kind == "all":
                array[...] = self.random.choice(NUMBERS)
            elif kind == "type":
                types = ["f4", "f8", "u1", "u8", "c8", "S3", "?", ">i4", "i1", "i2"]
                array = array.astype(np.int8).astype(self.random.choice(types))
            elif kind == "shape":
                array = self.random.choice(
                    [array.T, array[:-1], array.reshape(-1), array[None], np.repeat(array, 2, 0)]
                )
            del file[name]
            if kind != "remove":
                file[name] = array

        self.contents = hdf5_changed(self.contents, change)

    def _structure(self) -> None:
        """What HDF5 can do and a program does not."""

        def change(file: h5py.File) -> None:
            name = self.random.choice(list(_datasets(file)))
            array, plain = np.asarray(file[name]), self.random.choice([True, False])
            kind = self.random.choice(sorted(STRUCTURES))
            self.done.append(f"{kind} for {name}")
            if plain:
                del file[name]
            STRUCTURES[kind](file, name if plain else "extra", array)

        self.contents = hdf5_changed(self.contents, change)

    def _bytes(self) -> None:
        """Bytes of the file, as they come."""
        changed = bytearray(self.contents)
        for _ in range(self.random.choice([1, 1, 5, 50])):
            place = self.random.choice(
                [self.random.randrange(512, len(changed)), self.random.randrange(512, 2600)]
            )
            changed[place] = self.random.choice(
                [0, 255, self.random.randrange(256), changed[place] ^ 1 << self.random.randrange(8)]
            )
        self.done.append("bytes")
        self.contents = bytes(changed)


def _virtual(file: h5py.File, name: str, array: np.ndarray) -> None:
    layout = h5py.VirtualLayout(array.shape, array.dtype)
    layout[...] = h5py.VirtualSource("elsewhere.h5", "x", array.shape)
    file.create_virtual_dataset(name, layout)


def _bomb(file: h5py.File, name: str, array: np.ndarray) -> None:
    made = file.create_dataset(
        name, (1 << 16, 1 << 10, 8, 8)[: array.ndim or 1], array.dtype, chunks=True, compression="gzip"
    )
    made[(slice(0, 1),) * made.ndim] = 1


def _attribute(file: h5py.File, name: str, array: np.ndarray) -> None:
    file[name] = array
    file[name].attrs["note"] = "x"


def _links(file: h5py.File, name: str, array: np.ndarray) -> None:
    file[f"{name}-end"] = array
    file[name] = file[f"{name}-end"]


STRUCTURES: dict[str, Callable[[h5py.File, str, np.ndarray], Any]] = {
    "virtual": _virtual,
    "bomb": _bomb,
    "attribute": _attribute,
    "two links": _links,
    "soft link": lambda file, name, array: file.__setitem__(name, h5py.SoftLink("/projections/0/weight")),
    "link to itself": lambda file, name, array: file.__setitem__(name, h5py.SoftLink(f"/{name}")),
    "external link": lambda file, name, array: file.__setitem__(name, h5py.ExternalLink("elsewhere.h5", "x")),
    "external": lambda file, name, array: file.create_dataset(
        name, array.shape, array.dtype, external=[("elsewhere.h5", 0, h5py.h5f.UNLIMITED)]
    ),
    "lzf": lambda file, name, array: file.create_dataset(name, data=np.atleast_1d(array), compression="lzf"),
    "checksum": lambda file, name, array: file.create_dataset(
        name, data=np.atleast_1d(array), fletcher32=True
    ),
    "scale": lambda file, name, array: file.create_dataset(name, data=np.atleast_1d(array), scaleoffset=0),
    "grows": lambda file, name, array: file.create_dataset(
        name, data=array, maxshape=(None,) * array.ndim, chunks=True
    ),
    "plain": lambda file, name, array: file.__setitem__(name, array),
    "compressed": lambda file, name, array: file.create_dataset(
        name, data=array, compression="gzip", compression_opts=9
    ),
    "no values": lambda file, name, array: file.__setitem__(name, h5py.Empty(array.dtype)),
    "group": lambda file, name, array: file.create_group(name),
    "round": lambda file, name, array: file.create_group(name).__setitem__("round", file["/"]),
    "type": lambda file, name, array: file.__setitem__(name, np.dtype("i2")),
    "reference": lambda file, name, array: file.create_dataset(name, (3,), h5py.ref_dtype),
    "compound": lambda file, name, array: file.create_dataset(
        name, (3,), np.dtype([("a", "i1"), ("b", "f4")])
    ),
    "holes": lambda file, name, array: file.create_dataset(
        name, array.shape, array.dtype, chunks=(1,) * array.ndim
    ),
}


def _places(plain: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) below a value; of a chip's fields as many as of a layer's."""
    items = list(plain.items()) if isinstance(plain, dict) else list(enumerate(plain))
    for key, item in items:
        yield plain, key
        if isinstance(item, dict | list):
            yield from _places(item)


def _datasets(file: h5py.File) -> list[str]:
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found
