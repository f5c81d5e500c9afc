"""Which parameter word a sweep reads: three of a group, one after the other, then its leaks; on a chip with a dynamic memory the
leaks first, because its walks begin before the words have come, and a neuron needs its leak first.

```
    opening --> parameter_base --> + 1, + 1, + 1 at each group --+-> address
            --> leak_base -------> + 1 or + 0 behind each -------+
```
Throughput: a word a cycle. Latency: 1 cycle. Without multipliers there are no words of leaks.
"""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.structs import struct

LAST = 5  #: of the cycles in which a group's words come


def leaks_first(config: ChipConfig) -> bool:
    """Whether a group's leaks come before its other words."""
    return bool(config.dynamic_depth and config.leak_multiplier)


class ParameterPointer(wiring.Component):
    """The address of the memory PARAMETER.

    Parameters: config: the chip.

    Attributes: population: POPULATION word, a level; read: the bus of the read-back; opening: pulse, a
    population begins; loading: level, a group's words are read; count: the cycles since then, up to LAST;
    address: in cycles 0 to 2 of the group's words, from 3 on of its leaks; where leaks come first in cycle 0 of
    these, and in 1 to 3 of the words. Of a chip with thresholds by step also offset: of the step's words.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "population": In(struct(core_tables(config).population)),
                "read": In(ReadBus(config)),
                "opening": In(1),
                "loading": In(1),
                "count": In(range(LAST + 1)),
                "address": Out(bits_for(config.parameter_depth)),
                **({"offset": In(bits_for(config.parameter_depth))} if config.step_bits else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, p = Module(), self.population
        words, leaks = Signal.like(self.address, name="words"), Signal.like(self.address, name="leaks")
        at_leaks = Signal()
        ahead = leaks_first(self.config)
        with m.If(self.read.fetch):
            m.d.sync += words.eq(self.read.address)
        with m.Elif(self.opening):
            m.d.sync += words.eq(self._of_step(p.parameter_base))
        with m.Elif(self.loading & (~at_leaks & (self.count < 4) if ahead else self.count < 3)):
            m.d.sync += words.eq(words + 1)
        m.d.comb += self.address.eq(words)
        if self.config.leak_multiplier:
            if ahead:
                with m.If(self.loading | self.opening | self.read.fetch):
                    m.d.sync += at_leaks.eq((self.opening | (self.count == LAST)) & ~self.read.fetch)
            else:
                m.d.sync += at_leaks.eq(self.loading & (self.count >= 2))
            m.d.comb += self.address.eq(Mux(at_leaks, leaks, words))
            with m.If(self.opening):
                m.d.sync += leaks.eq(self._of_step(p.leak_base))
            with m.Elif(self.loading & (self.count == LAST)):
                m.d.sync += leaks.eq(leaks + p.leak_each)
        return m

    def _of_step(self, base: Value) -> Value:
        return base + self.offset if self.config.step_bits else base
