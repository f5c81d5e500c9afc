"""The lookup of a core whose tables share memories: a projection's word lies in three parts behind the entries of ROW,
COLUMN and GROUP, in block RAMs that would be half empty. A part is a chunk and a third of what is behind the three: the bus
shows the single chunk of an entry in the places of all three, so that a memory's data are the same for either.

```
  packet -> tag, if it is not the last packet's --+-> [ROW    | part 0] -+-> projection (stage 2), kept
                                                  +-> [COLUMN | part 1] -+-> entries (stage 5)
            base + coordinate of stage 3 ---------+-> [GROUP  | part 2] -+
   stage 0                                           1 or 4
```
A packet that brings another tag waits while one at stage 3 reads its entries. Throughput: a packet a cycle of one
projection; where each has another tag than the one before, at least one in two. Latency: as `Lookup`.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.narrow_tables import SHARED, part_bits, shared_size
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import Memory
from spikeplane_gateware.core.reads import clears, output_register
from spikeplane_gateware.core.synapses.lookup import Lookup
from spikeplane_gateware.ram import Ram

_PIECES = slice(0, CHUNK_BITS), slice(CHUNK_BITS, None)  #: of a part


class NarrowLookup(Lookup):
    """The lookup of a core with `narrow_tables`.

    Parameters: config: the chip.

    Attributes: as `Lookup`.
    """

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(config)
        self.part = part_bits(config)
        self.busy = Signal()  # the memories are read for the packet at stage 3, or its entries by the host
        self.fetches = Signal()  # they are read for the packet at stage 0
        self.fetched = Signal()  # they have been, for the packet at stage 1
        self.parts = [Signal(self.part, name=f"part_{k}") for k in range(len(SHARED))]
        self.tag = Signal(range(config.projections), name="tag_at")

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        host = clears(self.read, Memory.PROJECTION, self.tables).all()
        m.d.comb += self.busy.eq(self.valids[3 + self.late] | host)
        return m

    def _enters(self, m: Module) -> Value:
        """One of the last packet's projection, or while nobody reads entries."""
        incoming = Signal(self._spike(), name="entering")
        last, known, same = Signal.like(incoming.tag), Signal(), Signal()
        enters = self.i.valid & (same | ~self.busy)
        m.d.comb += [
            incoming.eq(self.i.payload.payload),
            same.eq(known & (incoming.tag == last)),
            self.i.ready.eq(self.advance & (same | ~self.busy)),
            self.fetches.eq(self.advance & enters & ~same),
        ]
        with m.If(self.advance & enters):
            m.d.sync += [last.eq(incoming.tag), known.eq(1), self.fetched.eq(~same)]
        with m.If(self.write.valid | self.read.access):
            m.d.sync += known.eq(0)
        return enters

    def _ram(
        self, m: Module, name: str, memory: Memory, address: object, shape: data.StructLayout, stage: int
    ) -> tuple[Signal, Value]:
        """The word of a table, as in `Lookup`; PROJECTION has no memory of its own."""
        word = Signal(shape, name=f"{name}_word", reset_less=True)
        if memory == Memory.PROJECTION:
            m.d.comb += self.tag.eq(address)
            chunks, thirds = (Cat(part[at] for part in self.parts) for at in _PIECES)
            source, loads = Cat(chunks, thirds)[: self.tables.projection.width], self._moves(1) & self.fetched
        else:
            source, loads = self._shared(m, name, memory, address, self._moves(stage)), self._moves(stage + 1)
        return word, output_register(m, self.read, memory, self.tables, word, source, loads | self.read.load)

    def _shared(self, m: Module, name: str, memory: Memory, address: object, reads: Value) -> Value:
        """The memory of a coordinate table and, behind its entries, a part of the projections."""
        number, width = SHARED.index(memory), self.tables.width(memory)
        bits = bits_for(self.tables.depth(memory))
        words, wide = shared_size(self.config, memory)
        ram = Ram(width=wide, depth=words)
        m.submodules[name] = ram
        bus, third = self.write.data, len(SHARED) * CHUNK_BITS + number * (self.part - CHUNK_BITS)
        chunk, behind = bus.word_select(number, CHUNK_BITS), bus[third : third + self.part - CHUNK_BITS]
        part = Value.cast(Cat(chunk, behind))
        own, shared = (self.write.memory == one for one in (memory, Memory.PROJECTION))
        m.d.comb += [
            ram.read_en.eq(reads | self.fetches | self.read.access),
            ram.read_address.eq(Mux(self.busy, address, Cat(Value.cast(self.tag) | Const(0, bits), 1))),
            ram.write_en.eq(self.write.valid & (own | shared)),
            ram.write_address.eq(Cat(self.write.address[:bits], shared)),
            ram.write_data.eq(part if width <= CHUNK_BITS else Mux(shared, part, bus[:width])),
            self.parts[number].eq(ram.read_data),
        ]
        return ram.read_data[:width]
