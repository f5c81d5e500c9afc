"""Small blocks as Verilated, side by side in one library: rows of inputs in, rows of outputs out, in a
compiled loop.

```
    components -> ports in two words, given and found -> Verilog -> Verilator -> one shared library -> Blocks
```
"""

import ctypes
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.hdl import Module, Shape, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane_gateware.ram import memory_modules
from spikeplane_gateware.verilog.convert import convert
from spikeplane_gateware.verilog.waivers import waivers
from spikeplane_sim.board.build import build_library, compiler

HARNESS = Path(__file__).with_name("block_harness.cpp")
_VERILATOR = (
    "verilator", "--cc", "--exe", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert",
    "--top-module", "block", "--prefix", "Vblock", "-Mdir", "obj",
    *compiler("1"), "-LDFLAGS", "-shared", "block.vlt", "block.v", "block_harness.cpp",
)  # fmt: skip
_LEAST = 65  #: bits from which Verilator keeps a port in words of 32: one layout for all


class Packed(wiring.Component):
    """Components whose inputs are slices of one word, `given`, and whose outputs are slices of another, `found`.

    `inputs`, `outputs`: for each "component.port" its first bit and its width.
    """

    def __init__(self, components: Mapping[str, Any]) -> None:
        self.components = components
        self.inputs: dict[str, tuple[int, int]] = {}
        self.outputs: dict[str, tuple[int, int]] = {}
        totals = {wiring.Flow.In: 0, wiring.Flow.Out: 0}
        for name, component in components.items():
            for path, member, _ in component.signature.flatten(component):
                places = self.inputs if member.flow == wiring.Flow.In else self.outputs
                width = Shape.cast(member.shape).width
                places[".".join(map(str, (name, *path)))] = (totals[member.flow], width)
                totals[member.flow] += width
        self.in_bits, self.out_bits = (max(_LEAST, total) for total in totals.values())
        super().__init__({"given": In(self.in_bits), "found": Out(self.out_bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        ports: Any = self
        for name, component in self.components.items():
            m.submodules[name] = component
            for path, member, port in component.signature.flatten(component):
                key, value = ".".join(map(str, (name, *path))), Value.cast(port)
                if member.flow == wiring.Flow.In:
                    first, width = self.inputs[key]
                    m.d.comb += value.eq(ports.given[first : first + width])
                else:
                    first, width = self.outputs[key]
                    m.d.comb += ports.found[first : first + width].eq(value)
        return m


class Blocks:
    """Those components, simulated; their state stays between calls."""

    def __init__(self, components: Mapping[str, Any]) -> None:
        self.packed = Packed(components)
        self._library = _load(_build(self.packed))
        self._handle = self._library.block_open()
        weakref.finalize(self, self._library.block_close, self._handle)

    def run(self, given: Mapping[str, np.ndarray], cycles: int) -> dict[str, np.ndarray]:
        """Outputs by "component.port", an integer a cycle (uint64, of wide ports objects), of inputs so named: an
        integer for each of so many `cycles`; what is not named is 0."""
        rows = np.zeros((cycles, _bytes(self.packed.in_bits) * 8), np.uint8)
        for key, values in given.items():
            first, width = self.packed.inputs[key]
            rows[: len(values), first : first + width] = _bits(np.asarray(values), width)
        packed = np.packbits(rows, axis=1, bitorder="little")
        found = np.zeros((cycles, _bytes(self.packed.out_bits)), np.uint8)
        self._library.block_run(
            self._handle, packed.ctypes.data, packed.shape[1], found.ctypes.data, found.shape[1], cycles
        )
        bits = np.unpackbits(found, axis=1, bitorder="little")
        return {
            key: _numbers(bits[:, first : first + width])
            for key, (first, width) in self.packed.outputs.items()
        }


def _bytes(bits: int) -> int:
    """Of a port of more than 64 bits."""
    return -(-bits // 32) * 4


def _bits(values: np.ndarray, width: int) -> np.ndarray:
    """uint8 (n, width) of n integers, negative ones as complements."""
    if values.dtype == object:
        size = -(-width // 8)
        data = b"".join((int(v) & ((1 << width) - 1)).to_bytes(size, "little") for v in values)
        return np.unpackbits(np.frombuffer(data, np.uint8).reshape(-1, size), axis=1, bitorder="little")[
            :, :width
        ]
    wide = values.astype(np.int64) if values.dtype != np.uint64 else values
    return np.unpackbits(wide.view(np.uint8).reshape(-1, 8), axis=1, bitorder="little", count=width)


def _numbers(bits: np.ndarray) -> np.ndarray:
    packed = np.packbits(bits, axis=1, bitorder="little")
    if bits.shape[1] > 64:
        return np.array([int.from_bytes(row.tobytes(), "little") for row in packed], object)
    wide = np.zeros((len(bits), 8), np.uint8)
    wide[:, : packed.shape[1]] = packed
    return wide.view("<u8")[:, 0]


def _build(packed: Packed) -> Path:
    design = convert(packed, "block")
    verilog = f"{memory_modules(design)}\n{design}"
    sources = {
        "block.v": verilog.encode(),
        "block.vlt": waivers("*block.v").encode(),
        HARNESS.name: HARNESS.read_bytes(),
    }
    return build_library("block", sources, _VERILATOR)


def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    pointer, size = ctypes.c_void_p, ctypes.c_uint64
    library.block_open.restype = pointer
    library.block_close.argtypes = [pointer]
    library.block_run.argtypes = [pointer, pointer, size, pointer, size, size]
    return library
