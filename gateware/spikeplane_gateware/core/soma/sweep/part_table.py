"""A small table with a word for each part of a word of neurons, for sweeps of a few lanes at a time."""

from typing import Any

from amaranth.hdl import Module, Value, unsigned
from amaranth.lib import memory

from spikeplane.config import ChipConfig


def part_table(m: Module, config: ChipConfig, name: str, width: int, place: Value) -> tuple[Any, list[Value]]:
    """A submodule `name` with `width` bits for each lane of a part: its write port, and what each lane has at `place`."""
    lanes = config.swept_lanes
    table = memory.Memory(shape=unsigned(width * lanes), depth=config.sweep_turns, init=[])
    m.submodules[name] = table
    write, read = table.write_port(), table.read_port(domain="comb")
    m.d.comb += read.addr.eq(place)
    return write, [read.data[lane * width :][:width] for lane in range(lanes)]
