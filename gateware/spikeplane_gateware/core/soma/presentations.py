"""How often a sample has been presented to each population that keeps its membranes from one presentation to the next.

```
    slot -> presentations so far -> as many as the population waits for? -> ends
    advance behind a `last` -> one more, or 0
```
Latency: 2 cycles.
"""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.structs import struct


class Presentations(wiring.Component):
    """The presentations of a core's populations.

    Parameters: config: a chip with more than one presentation.

    Attributes: active: the job under way, stable for two cycles before `advance`; population: its POPULATION word; advance: the
    job ends, or is to initialise; ends: a `last` of this job ends the sample, not a presentation only.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "active": In(JOB),
                "population": In(struct(core_tables(config).population)),
                "advance": In(1),
                "ends": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, width = Module(), bits_for(self.config.presentations)
        m.submodules.counts = counts = memory.Memory(
            shape=unsigned(width), depth=1 << len(self.active.slot), init=[]
        )
        write, read = counts.write_port(), counts.read_port(domain="comb")
        number = Signal(width)  # of the presentation, from 0 on
        m.d.sync += [number.eq(read.data), self.ends.eq(number == self.population.presentations_last)]
        m.d.comb += [
            read.addr.eq(self.active.slot),
            write.addr.eq(self.active.slot),
            write.data.eq(Mux(self.active.initial | self.ends, 0, number + 1)),
            write.en.eq(self.advance & (self.active.initial | self.active.last)),
        ]
        return m
