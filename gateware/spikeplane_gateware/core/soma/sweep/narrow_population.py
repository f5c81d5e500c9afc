"""The memory POPULATION in parts of a chunk, and the word of the population whose job is under way.

```
    write: chunk by chunk -----> POPULATION --part--> [part 0] -> [part 1] ... --> population
    slot, number of the part -------^         asks --> stands          +--> read_data
```
A wide memory of few words takes a block RAM for every 36 bits; this one is a chunk wide. Parts are read from the highest on and
pass the word's register, which moves by a part. Latency: a cycle for each part, and one, from `asks` on.
"""

from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.narrow_tables import population_parts, population_size
from spikeplane.formats.packet import CHUNK_BITS, SLOT_BITS
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus, clears
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.structs import struct


class NarrowPopulation(wiring.Component):
    """The populations of a core with `narrow_tables`.

    Parameters: config: the chip.

    Attributes: write, read, read_data: the memory, on the buses of the loader and of the read-back; slot: of the job that
    waits; asks: level until stands, the word of this slot is read; stands: pulse, it stands in the next cycle; population: the
    word, a level but while it is read.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables = config, core_tables(config)
        self.parts = population_parts(config)
        super().__init__(self._ports())

    def _ports(self) -> dict[str, Any]:
        return {
            "write": In(WriteBus(self.config)),
            "read": In(ReadBus(self.config)),
            "read_data": Out(CHUNK_BITS),
            "slot": In(SLOT_BITS),
            "asks": In(1),
            "stands": Out(1),
            "population": Out(struct(self.tables.population)),
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal(range(self.parts), init=self.parts - 1)  # the part that is read
        takes = Signal()  # wide registers are enabled by registers: the way to all of their bits is long
        asks = self.asks & ~self.stands
        reads = self._granted(asks)
        m.d.sync += [takes.eq(reads | self.read.access), self.stands.eq(reads & (left == 0))]
        with m.If(reads):
            m.d.sync += left.eq(Mux(left == 0, self.parts - 1, left - 1))
        others = clears(self.read, Memory.POPULATION, self.tables)
        place = Mux(
            self.read.access,
            self._place(self._number(others), self.read.address),
            self._place(left, self.slot),
        )
        self._shift(m, self._table(m, place, asks), takes, others.all())
        return m

    def _granted(self, asks: Value) -> Value:
        """Whether a part that is asked for is read."""
        return asks

    def _table(self, m: Module, place: Value, asks: Value) -> Value:  # noqa: ARG002 - where others read the memory too
        """The memory; returns the part whose place was asked for in the cycle before."""
        words, bits = population_size(self.config)
        m.submodules.table = table = Ram(width=bits, depth=words)
        write = self.write
        chosen = write.memory == Memory.POPULATION
        m.d.comb += [
            table.read_en.eq(1),
            table.read_address.eq(place),
            table.write_en.eq(write.puts & chosen),
            table.write_address.eq(self._place(write.chunk, write.place)),
            table.write_data.eq(write.part),
        ]
        return table.read_data

    def _shift(self, m: Module, part: Value, takes: Signal, hidden: Value) -> None:
        """The word moves up by a part. The lowest is what is read back; `hidden`: another memory is."""
        word = self.population.as_value()
        with m.If(hidden):
            m.d.sync += word[:CHUNK_BITS].eq(0)
        with m.Elif(takes):
            m.d.sync += word[:CHUNK_BITS].eq(part)
        with m.If(takes):
            m.d.sync += word[CHUNK_BITS:].eq(word)
        m.d.comb += self.read_data.eq(word[:CHUNK_BITS])

    def _place(self, number: Value, slot: Value) -> Value:
        """Where a part lies."""
        return Value.cast(Cat(number[: bits_for(self.parts)], slot))

    def _number(self, others: Value) -> Value:
        """The part whose bit in `others` is 0; 0 if there is none."""
        bits = range(bits_for(self.parts))
        asked = [[~others[n] for n in range(self.parts) if n >> bit & 1] for bit in bits]
        return Value.cast(Cat(*[reduce(or_, each) for each in asked]))
