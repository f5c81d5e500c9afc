"""The counters of a core's schedule: what is still missing until a population may be swept.

```
    event  -> register -> SCHEDULE word - 1, written back in the same cycle -> 0? -> mark
    loader -> SCHEDULE word ------------^                               ready? ----^
```
One counter for each population, parity, and tokens or credits, in distributed memory. Throughput: an
event a cycle, never lost. Latency: the mark stands one cycle after its event.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, SLOT_BITS
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.interfaces import EventLayout, WriteBus
from spikeplane_gateware.core.reads import ReadBus, table_word
from spikeplane_gateware.structs import struct

#: What the counter of (slot, credit, parity) says: `sets`, all have come; `ends`, and the token was a
#: sample's last.
MARK = data.StructLayout({"parity": 1, "credit": 1, "slot": SLOT_BITS, "sets": 1, "ends": 1})


class Counters(wiring.Component):
    """Tokens and credits counted down, by population and parity.

    Parameters: config: the chip.

    Attributes: write, read, read_data: the memory SCHEDULE, on the buses of the loader and of the
    read-back (only while the core is stopped, so that they never meet an event); event_valid, event: a
    token or a credit, at most one a cycle; mark: see `MARK`.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "event_valid": In(1),
                "event": In(EventLayout),
                "mark": Out(MARK),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, tables = Module(), core_tables(self.config)
        layout, count = struct(tables.schedule), tables.depth(Memory.SCHEDULE)
        m.submodules.store = store = memory.Memory(shape=layout, depth=count, init=[])
        read, write = store.read_port(domain="comb"), store.write_port()
        valid, loading, last, complete = (
            Signal(name=name) for name in ("valid", "loading", "last", "complete")
        )
        at, word, incoming = Signal(range(count)), read.data, Signal(layout)
        writes = self.write.valid & (self.write.memory == Memory.SCHEDULE)
        fetches = writes | self.read.fetch  # both buses have the same address
        m.d.sync += [valid.eq(self.event_valid), loading.eq(writes)]
        with m.If(self.event_valid | fetches):
            event = Cat(self.event.parity, self.event.credit, self.event.slot)
            m.d.sync += [
                at.eq(Mux(fetches, self.write.address, event)),
                last.eq(self.event.last),
                incoming.eq(self.write.data),
            ]
        m.d.comb += [
            read.addr.eq(at),
            write.addr.eq(at),
            write.en.eq(valid | loading),
            self.read_data.eq(table_word(self.read, Memory.SCHEDULE, tables, word.as_value())),
            write.data.expected.eq(word.expected),
            write.data.left.eq(Mux(complete, word.expected, word.left - 1)),
            Cat(self.mark.parity, self.mark.credit, self.mark.slot).eq(at),
            self.mark.sets.eq((valid & complete) | (loading & incoming.ready)),
            self.mark.ends.eq(valid & last),
        ]
        with m.If(loading):
            m.d.comb += write.data.eq(incoming)
        becomes = Mux(loading, incoming.left == 1, Mux(complete, word.expected == 1, word.left == 2))
        m.d.comb += complete.eq(self._ones(m, at, write.en, becomes))
        return m

    def _ones(self, m: Module, at: Signal, writes: Signal, becomes: Value) -> Value:
        """Whether `left` of the word at `at` is 1: known as it is written, because its mark waits for it."""
        depth = core_tables(self.config).depth(Memory.SCHEDULE)
        m.submodules.ones = ones = memory.Memory(shape=1, depth=depth, init=[])
        read, write = ones.read_port(domain="comb"), ones.write_port()
        m.d.comb += [read.addr.eq(at), write.addr.eq(at), write.en.eq(writes), write.data.eq(becomes)]
        return read.data
