"""Reads memory words of a core that rests back to the host, 32 bits at a time.

```
    begin, words --> words left --> quiet? --> [fetch -> access -> load] -> word (to Replies)
    memory, chunk (of the loader) ---------------^  bus to every memory      |
      ^--------------- step: the next chunk, or the next word's first <------+
```
Throughput: a chunk in 5 cycles while Replies takes it. Latency: 6 cycles from `begin` to the first
chunk, besides what the spikes on their way need; those that come meanwhile wait in front of the core.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import ADDRESS_BITS, MEMORY_BITS, READ_BITS
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.reads import ReadBus, chunk_places


class Readback(wiring.Component):
    """The reader of a core's memories: it asks for one chunk of a word after the other.

    Parameters: config: the chip, whose tables say how many chunks a word has.

    Attributes: begin, words: pulse, and how many words are to be read (0: none); memory, chunk, last
    (in): the chunk that is read now, and whether it is its word's last, levels of the loader; address
    (in): of the word, a cycle behind chunk; quiet (in): no spike is on its way through the core; busy:
    spikes have to wait, from begin until the last chunk is taken; bus: to every memory; valid, ready:
    the chunk stands at the memories' `read_data`, until it is taken; step: pulse, it has been taken,
    and the loader goes on.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.tables = core_tables(config)
        super().__init__(
            {
                "begin": In(1),
                "words": In(READ_BITS),
                "memory": In(MEMORY_BITS),
                "chunk": In(bits_for(self.tables.most_chunks)),
                "last": In(1),
                "address": In(ADDRESS_BITS),
                "quiet": In(1),
                "busy": Out(1),
                "bus": Out(ReadBus(config)),
                "valid": Out(1),
                "ready": In(1),
                "step": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, bus = Module(), self.bus
        left = Signal(READ_BITS)
        some = Signal()  # words are left; a register, because every packet waits for it
        still = Signal()  # quiet in the cycle before, when new spikes had to wait already
        reads = Signal()  # a chunk is under way
        m.d.comb += [
            self.busy.eq(self.begin | some),
            self.step.eq(self.valid & self.ready),
            bus.address.eq(self.address),
            reads.eq(bus.fetch | bus.access | bus.load | self.valid),
        ]
        m.d.sync += [
            still.eq(self.quiet),
            bus.fetch.eq(some & still & ~reads),  # the address has followed the chunk meanwhile
            bus.access.eq(bus.fetch),
            bus.load.eq(bus.access),
            self.valid.eq(bus.load | (self.valid & ~self.ready)),
            bus.clear.eq(Mux(reads, self._others(), 0)),
        ]
        with m.If(self.begin):
            m.d.sync += [left.eq(self.words), some.eq(self.words != 0)]
        with m.Elif(self.step & self.last):
            m.d.sync += [left.eq(left - 1), some.eq(left != 1)]
        return m

    def _others(self) -> Value:
        """A bit for every chunk that is not the one asked for."""
        others = []
        for memory, number in chunk_places(self.tables):
            other, count = self.memory != memory, self.tables.chunks(memory)
            if count > 1:
                other = other | (self.chunk[: bits_for(count)] != number)
            others.append(other)
        return Value.cast(Cat(*others))
