"""The lookup of a core whose tables lie in two memories (chips with `fused` and `narrow_tables`): ROW and COLUMN in one, which a packet
reads one after the other; GROUP, the parts of the projections and those of the populations in the other.

```
  packet -> its tag is the last one's? -> [ROW    | COLUMN ] -> ROW, then COLUMN --+-> sums -> request
            no: its parts, one a cycle -> [GROUP | PROJECTION | POPULATION] -------+
   stage 0                                     3 and 4       -> 5, 6                  6, 7, 8
```
Throughput: a packet of one projection in two cycles; one of another than the last takes six, in which that is read. A part of a
population's word is read in any cycle between. Latency: 8 cycles.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.shared_tables import column_place, entries_size, groups_size, part_bits, parts_place
from spikeplane.formats.tables import Memory
from spikeplane_gateware.core.interfaces import part_port
from spikeplane_gateware.core.reads import asked_part, clears, output_register
from spikeplane_gateware.core.synapses.lookup import Lookup
from spikeplane_gateware.ram import Ram

ENTRIES = (Memory.ROW, Memory.COLUMN, Memory.GROUP)  #: of a packet, the first a stage before the others
READS = 3  #: the stage in which it is


class SharedLookup(Lookup):
    """The lookup of a core with `fused` and `narrow_tables`.

    Parameters: config: the chip.

    Attributes: as `Lookup`; slots: see PartPort.
    """

    between = 1

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(config)
        self.at = {
            one: Signal(range(self.tables.depth(one)), name=f"{one.name.lower()}_read_at") for one in ENTRIES
        }
        self.tag = Signal(range(config.projections), name="tag_at")
        self.entry = Signal(entries_size(config)[1], name="entry")  # what the memories show
        self.part = Signal(groups_size(config)[1], name="part")
        # no packet at stage 1, or 1 and 2; GROUP is read for one, or what was read not yet taken
        self.spaced, self.drained, self.busy = (Signal(name=name) for name in ("spaced", "drained", "busy"))
        self.fetches = Signal(name="fetches")  # a part of a projection is read
        last = self.tables.chunks(Memory.PROJECTION) - 1
        self.left = Signal(range(last + 1), init=last, name="parts_left")

    def _ports(self) -> dict[str, Any]:
        return {**super()._ports(), **part_port(self.config, In)}

    def elaborate(self, platform: object) -> Module:
        m, stages = super().elaborate(platform), self.valids
        m.d.comb += [
            self.spaced.eq(~stages[1]),
            self.drained.eq(~stages[1] & ~stages[2]),
            self.busy.eq(self._moves(READS + 1) | (stages[READS + 2] & ~self.advance)),
            self.slots.ready.eq(~self.busy),
            self.slots.data.eq(self.part),
        ]
        self._entries(m)
        self._parts(m)
        return m

    def _enters(self, m: Module) -> Value:
        """One of the last packet's projection, or a credit, which needs none."""
        incoming = Signal(self._spike(), name="entering")
        last, known, same = Signal.like(incoming.tag), Signal(name="known"), Signal(name="same")
        m.d.comb += [
            incoming.eq(self.i.payload.payload),
            same.eq((known & (incoming.tag == last)) | self._has_slot(self.i.payload.kind)),
            self.i.ready.eq(self.advance & same & self.spaced),
            self.fetches.eq(self.i.valid & ~same & self.drained & ~self.busy & ~self.slots.valid),
        ]
        with m.If(self.fetches):
            m.d.sync += self.left.eq(self.left - 1)
            with m.If(self.left == 0):
                m.d.sync += [self.left.eq(self.left.init), last.eq(incoming.tag), known.eq(1)]
        with m.If(self.write.valid | self.read.access):
            m.d.sync += [known.eq(0), self.left.eq(self.left.init)]
        return self.i.valid & same & self.spaced

    def _ram(
        self, m: Module, name: str, memory: Memory, address: object, shape: data.StructLayout, stage: int
    ) -> tuple[Signal, Value]:
        """The word of a table, as in `Lookup`."""
        word = Signal(shape, name=f"{name}_word", reset_less=True)
        if memory == Memory.PROJECTION:
            m.d.comb += self.tag.eq(address)
            return word, self._projection(m, word.as_value())
        m.d.comb += self.at[memory].eq(address)
        source = self.part if memory == Memory.GROUP else self.entry
        loads = self._moves(stage + 1 if memory == Memory.ROW else stage + 2) | self.read.load
        source = source[: self.tables.width(memory)]
        return word, output_register(m, self.read, memory, self.tables, word, source, loads)

    def _projection(self, m: Module, word: Value) -> Value:
        """The word moves up by a part, of which the highest comes first. The lowest is what is read back."""
        takes, hidden = Signal(name="takes"), clears(self.read, Memory.PROJECTION, self.tables).all()
        m.d.sync += takes.eq(self.fetches | self.read.access)
        with m.If(hidden):
            m.d.sync += word[:CHUNK_BITS].eq(0)
        with m.Elif(takes):
            m.d.sync += word[:CHUNK_BITS].eq(self.part)
        with m.If(takes):
            m.d.sync += word[CHUNK_BITS:].eq(word)
        return Value.cast(word[:CHUNK_BITS])

    def _asked(self, memory: Memory) -> Value:
        """The host reads a word of it back."""
        return self.read.access & ~clears(self.read, memory, self.tables).all()

    def _entries(self, m: Module) -> None:
        """The memory of ROW and COLUMN."""
        words, bits = entries_size(self.config)
        m.submodules.entries = ram = Ram(width=bits, depth=words)
        place = bits_for(column_place(self.config))
        second, chosen = Signal(name="at_column"), self.write.memory == Memory.COLUMN
        at = Mux(second, self.at[Memory.COLUMN], self.at[Memory.ROW]) | Const(0, place)
        m.d.comb += [
            second.eq(self.valids[READS + 1] | self._asked(Memory.COLUMN)),
            ram.read_en.eq(self._moves(READS) | self._moves(READS + 1) | self.read.access),
            ram.read_address.eq(Cat(at[:place], second)),
            ram.write_en.eq(self.write.valid & (chosen | (self.write.memory == Memory.ROW))),
            ram.write_address.eq(Cat(self.write.address[:place], chosen)),
            ram.write_data.eq(self.write.data),
            self.entry.eq(ram.read_data),
        ]

    def _parts(self, m: Module) -> None:
        """The memory of GROUP, and of the parts of projections and populations."""
        words, bits = groups_size(self.config)
        m.submodules.parts = ram = Ram(width=bits, depth=words)
        write, tag = self.write, self._place(Memory.PROJECTION, self._number(), self.tag)
        chosen = {one: write.memory == one for one in (Memory.PROJECTION, Memory.POPULATION)}
        puts = Mux(
            chosen[Memory.PROJECTION],
            *(self._place(one, write.chunk, write.place) for one in chosen),
        )
        own = write.valid & (write.memory == Memory.GROUP)
        slot = parts_place(self.config, Memory.POPULATION) | self.slots.address
        theirs = Mux(self.slots.valid & ~self._asked(Memory.PROJECTION), slot, tag)
        groups = self._moves(READS + 1) | self._asked(Memory.GROUP)
        m.d.comb += [
            ram.read_en.eq(groups | self.fetches | self.read.access | (self.slots.valid & ~self.busy)),
            ram.read_address.eq(Mux(groups, self.at[Memory.GROUP], theirs)),
            ram.write_en.eq(own | (write.puts & (chosen[Memory.PROJECTION] | chosen[Memory.POPULATION]))),
            ram.write_address.eq(Mux(own, write.address[: bits_for(self.config.group_depth)], puts)),
            ram.write_data.eq(Mux(own, write.data[:bits], write.part)),
            self.part.eq(ram.read_data),
        ]

    def _place(self, memory: Memory, number: Value, address: Value) -> Value:
        """Where a part lies."""
        width = bits_for(self.tables.depth(memory))
        at = Cat(number[: part_bits(self.config, memory)], (address | Const(0, width))[:width])
        return parts_place(self.config, memory) | Value.cast(at)

    def _number(self) -> Value:
        """Of the projection's part that is read: the host's, or the next one."""
        others = clears(self.read, Memory.PROJECTION, self.tables)
        return Mux(self.read.access, asked_part(others), self.left)
