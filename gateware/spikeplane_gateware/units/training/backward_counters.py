"""The counters of the backward: READY and back tokens by population, replay tokens by projection; no parity.

```
    event -> BACKWARD word - 1, written in the same cycle; at 0 its `ready` is set, and left is as at first
    at    -> BACKWARD word -> word        take -> `ready` cleared
```
Throughput: an event a cycle, never lost; in its cycle nothing is looked at.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, SLOT_BITS
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training import Phase
from spikeplane.formats.training_tables import TrainingMemory, backward_layout
from spikeplane_gateware.core.interfaces import WriteBus, event_layout
from spikeplane_gateware.core.reads import ReadBus, table_word
from spikeplane_gateware.structs import struct


class BackwardCounters(wiring.Component):
    """READYs and tokens of the backward, counted down.

    Parameters: config: the chip.

    Attributes: write, read, read_data: the memory BACKWARD; event_valid, event: an event, of whatever kind; at: which word is
    looked at; seen: its word stands at word, and may be taken; take: its `ready` is used up.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        self.depth = core_tables(config).depth(TrainingMemory.BACKWARD)
        super().__init__(
            {
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "event_valid": In(1),
                "event": In(event_layout(config)),
                "at": In(range(self.depth)),
                "seen": Out(1),
                "word": Out(struct(backward_layout(config, SLOT_BITS))),
                "take": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, tables = Module(), core_tables(self.config)
        layout, event = struct(backward_layout(self.config, SLOT_BITS)), self.event
        m.submodules.store = store = memory.Memory(shape=layout, depth=self.depth, init=[])
        read, write = store.read_port(domain="comb"), store.write_port()
        mine, place, asked = Signal(), Signal(range(self.depth)), Signal(range(self.depth))
        first = 2 * self.config.populations  # of the tags
        writes, shown = Signal(), Signal(layout.size)
        with m.If(self.read.fetch):
            m.d.sync += asked.eq(self.read.address)
        with m.If(self.read.access):
            m.d.sync += shown.eq(read.data.as_value())
        m.d.comb += [
            mine.eq(self.event_valid & (event.ready | (event.phase != Phase.FORWARD))),
            place.eq(Mux(event.phase == Phase.REPLAY, first + event.tag, Cat(~event.ready, event.slot))),
            writes.eq(self.write.valid & (self.write.memory == TrainingMemory.BACKWARD)),
            read.addr.eq(Mux(mine, place, Mux(self.read.access, asked, self.at))),
            self.word.eq(read.data),
            self.seen.eq(~mine & ~writes),
            self.read_data.eq(table_word(self.read, TrainingMemory.BACKWARD, tables, shown)),
            write.addr.eq(Mux(writes, self.write.address, read.addr)),
            write.en.eq(writes | mine | self.take),
            write.data.eq(read.data),
        ]
        with m.If(writes):
            m.d.comb += write.data.eq(self.write.data)
        with m.Elif(mine):
            last = read.data.left == 1
            m.d.comb += [
                write.data.left.eq(Mux(last, read.data.expected, read.data.left - 1)),
                write.data.ready.eq(last),
            ]
        with m.Else():
            m.d.comb += write.data.ready.eq(0)
        return m
