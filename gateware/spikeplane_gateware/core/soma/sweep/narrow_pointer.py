"""Which parameter word is read in parts: those of a group, part by part, and then the leaks of the part that is wanted.

```
    opening --> parameter_base --> + 1 for each part of -theta, -amount and bias --+-> address
            --> leak_base -------> + 1 or + 0 at the next group, and the part -----+
```
Throughput: a word a cycle. Latency: 1 cycle. Without multipliers there are no words of leaks.
"""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import Memory, core_tables, parameter_parts
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.structs import struct


class NarrowPointer(wiring.Component):
    """The address of the memory PARAMETER on a chip whose words lie in parts.

    Parameters: config: the chip.

    Attributes: population: POPULATION word, a level; read: the bus of the read-back; opening: pulse, a population begins;
    asks: level, the group's words are read; onward: pulse, the leaks from now on are the next group's; sweeps, turn: the leaks of
    this part are read; address. Of a chip with thresholds by step also offset: of the step's words.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, tables = config, core_tables(config)
        super().__init__(
            {
                "population": In(struct(tables.population)),
                "read": In(ReadBus(config)),
                "opening": In(1),
                "asks": In(1),
                "onward": In(1),
                "sweeps": In(1),
                "turn": In(bits_for(parameter_parts(config))),
                "address": Out(bits_for(tables.depth(Memory.PARAMETER))),
                **({"offset": In(bits_for(config.parameter_depth))} if config.step_bits else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, p = Module(), self.population
        words = Signal.like(self.address, name="words")
        leaks = Signal(bits_for(self.config.parameter_depth), name="leaks")
        with m.If(self.read.fetch):
            m.d.sync += words.eq(self.read.address)
        with m.Elif(self.opening):
            m.d.sync += words.eq(Cat(Const(0, len(self.turn)), self._of_step(p.parameter_base)))
        with m.Elif(self.asks):
            m.d.sync += words.eq(words + 1)
        m.d.comb += self.address.eq(words)
        if self.config.leak_multiplier:
            with m.If(self.sweeps):
                m.d.comb += self.address.eq(Cat(self.turn, leaks))
            with m.If(self.opening):
                m.d.sync += leaks.eq(self._of_step(p.leak_base))
            with m.Elif(self.onward):
                m.d.sync += leaks.eq(leaks + p.leak_each)
        return m

    def _of_step(self, base: Value) -> Value:
        return (base + self.offset)[: len(base)] if self.config.step_bits else base
