"""The signatures between the parts of a core: the loader's write bus, events, and the sweep's port
to the accumulators."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import ADDRESS_BITS, CHUNK_BITS, MEMORY_BITS, SLOT_BITS, tag_bits
from spikeplane.formats.shared_tables import part_bits, shares_tables
from spikeplane.formats.tables import AnyMemory, CoreTables, Memory, core_tables
from spikeplane.formats.training import PHASE_BITS
from spikeplane_gateware.core.copies import copies

#: A token or a credit that has come out of the accumulate pipeline.
EventLayout = data.StructLayout({"slot": SLOT_BITS, "credit": 1, "parity": 1, "last": 1})


def event_layout(config: ChipConfig) -> data.StructLayout:
    """The same of a chip that learns: also what a token ends, and its tag; `ready`: it is a READY."""
    if not config.training:
        return EventLayout
    more = {"phase": PHASE_BITS, "ready": 1, "tag": tag_bits(config)}
    return data.StructLayout({**EventLayout.members, **more})


def write_width(config: ChipConfig) -> int:
    """Bits of the widest memory word."""
    return max(map(core_tables(config).width, core_tables(config).memories))


class WriteBus(wiring.Signature):
    """One memory word a cycle, from the loader to whichever memory has the id. Never stalls. On a chip with `narrow_tables` also
    its chunks as they come: puts, with chunk, its number; place, its word's address; part, its bits."""

    def __init__(self, config: ChipConfig) -> None:
        chunks = {
            "puts": Out(1),
            "chunk": Out(bits_for(core_tables(config).most_chunks)),
            "place": Out(ADDRESS_BITS),
            "part": Out(CHUNK_BITS),
        }
        super().__init__(
            {
                "valid": Out(1),
                "memory": Out(MEMORY_BITS),
                "address": Out(ADDRESS_BITS),
                "data": Out(write_width(config)),
                **(chunks if config.narrow_tables else {}),
            }
        )


@dataclass(frozen=True)
class LateWrite:
    """What `late_write` returns: for each lane that shares the memory a write strobe and an
    address, and the word."""

    valid: list[Signal]
    address: list[Signal]
    data: Signal


def late_write(
    m: Module, bus: wiring.PureInterface, memory: AnyMemory, tables: CoreTables, lanes: int
) -> LateWrite:
    """The bus as the lanes' parts of a wide `memory` see it, one cycle later: they lie far from the
    loader, and registers halve the way."""
    chosen, name = bus.valid & (bus.memory == memory), memory.name.lower()
    address = bus.address[: bits_for(tables.depth(memory))]
    late = LateWrite(
        copies(m, chosen, lanes, f"{name}_writes"),
        copies(m, address, lanes, f"{name}_write_at", chosen),
        Signal(tables.width(memory), name=f"{name}_data", reset_less=True),
    )
    with m.If(chosen):
        m.d.sync += late.data.eq(bus.data)
    return late


class PartPort(wiring.Signature):
    """Parts of population words out of a memory of the synapse stage (chips with `fused` and `narrow_tables`): valid, address, taken
    when ready; data in the cycle behind."""

    def __init__(self, config: ChipConfig) -> None:
        address = bits_for(config.populations) + part_bits(config, Memory.POPULATION)
        super().__init__({"valid": Out(1), "address": Out(address), "ready": In(1), "data": In(CHUNK_BITS)})


def part_port(config: ChipConfig, direction: Any) -> dict[str, Any]:
    """`slots`, a PartPort, of chips that have one."""
    return {"slots": direction(PartPort(config))} if shares_tables(config) else {}


def connect_slots(m: Module, config: ChipConfig, outer: Any, inner: Any) -> None:
    """Makes `slots` of a component inside another the other's, of chips that have it."""
    if shares_tables(config):
        wiring.connect(m, inner.slots, wiring.flipped(outer.slots))


class SweepPort(wiring.Signature):
    """The sweep's read-and-set port to the accumulators, seen from the sweep. It is served in every cycle.

    valid, bank, address, clear, clear_word (stable for 8 cycles after); `data` with `data_valid`
    follows SWEEP_LATENCY cycles later, and the word is set to `clear_word` if `clear`. On a chip with a dynamic memory also
    late: a word is still to be set; soon: a request of the next cycle would hold up an op that reads a row. On a chip with fused words
    there is one bank, and a request that clears does so to the word at write_address, with the clear_word of SWEEP_LATENCY cycles later.
    """

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(
            {
                "valid": Out(1),
                "bank": Out(1),
                "address": Out(bits_for(config.acc_depth)),
                "clear": Out(1),
                "clear_word": Out(config.acc_bits).array(config.lanes),
                "data": In(config.acc_bits).array(config.lanes),
                "data_valid": In(1),
                **({"late": In(1), "soon": In(1)} if config.dynamic_depth else {}),
                **({"write_address": Out(bits_for(config.acc_depth))} if config.fused else {}),
            }
        )
