"""Which parameter word a sweep of fused words reads: of a group -theta and -amount, its leaks, and the bias, which is needed last; of
each, where they lie in parts, one part after the other.

```
    opening --> parameter_base --> + 1 for each part but of leaks --------+-> address
            --> leak_base -------> + 1 or + 0 behind each group, the part -+
```
Throughput: a word a cycle. Latency: 1 cycle. Without multipliers nothing is looked at of what is read in the place of leaks.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import Memory, core_tables, parameter_parts
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.structs import struct

WORDS = ("theta", "amount", "leaks", "bias")  #: in the order in which they are read


class FusedPointer(wiring.Component):
    """The address of the memory PARAMETER.

    Parameters: config: a chip with fused words.

    Attributes: population: POPULATION word, a level; read: the bus of the read-back; opening: pulse, a population begins;
    loading: level, a group's words are read; count: the cycles since then, a part of a word each; address.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, tables = config, core_tables(config)
        self.parts = parameter_parts(config)
        super().__init__(
            {
                "population": In(struct(tables.population)),
                "read": In(ReadBus(config)),
                "opening": In(1),
                "loading": In(1),
                "count": In(range(len(WORDS) * self.parts)),
                "address": Out(bits_for(tables.depth(Memory.PARAMETER))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, p, parts = Module(), self.population, self.parts
        words, at_leaks = Signal.like(self.address, name="words"), Signal(name="at_leaks")
        leaks = Signal(bits_for(self.config.parameter_depth), name="leaks")
        part = bits_for(parts) if parts > 1 else 0
        first, behind = 2 * parts, 3 * parts
        with m.If(self.read.fetch):
            m.d.sync += words.eq(self.read.address)
        with m.Elif(self.opening):
            m.d.sync += words.eq(Cat(Const(0, part), p.parameter_base))
        with m.Elif(self.loading & ((self.count < first) | (self.count >= behind))):
            m.d.sync += words.eq(words + 1)
        m.d.comb += self.address.eq(words)
        if self.config.leak_multiplier:
            m.d.sync += at_leaks.eq(self.loading & (self.count >= first - 1) & (self.count < behind - 1))
            m.d.comb += self.address.eq(Mux(at_leaks, Cat(self.count[:part], leaks), words))
            with m.If(self.opening):
                m.d.sync += leaks.eq(p.leak_base)
            with m.Elif(self.loading & (self.count == len(WORDS) * parts - 1)):
                m.d.sync += leaks.eq(leaks + p.leak_each)
        return m
