"""What a job and its population's word say all through a sweep, in registers of one bit.

```
    active, population --> clears, single
    active, population --> [Presentations] --> ends      (chips with more than one presentation)
```
Latency: 1 cycle.
"""

from amaranth.hdl import Const, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.soma.presentations import Presentations
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.structs import struct


class JobFlags(wiring.Component):
    """The flags of the job under way.

    Parameters: config: the chip.

    Attributes: active: the job; population: its POPULATION word; advance: the job ends, or is to initialise; single: no
    window, every word is an element; clears: accumulators are cleared; ends: membranes are 0 behind it.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "active": In(JOB),
                "population": In(struct(core_tables(config).population)),
                "advance": In(1),
                **dict.fromkeys(("single", "clears", "ends"), Out(1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, p = Module(), self.population
        m.d.sync += [
            self.ends.eq(self.active.initial | self._ends(m)),
            self.clears.eq(
                Const(1) if self.config.fused else self.active.initial | self.active.last | ~p.hold
            ),
            self.single.eq(p.window_last == 0),
        ]
        return m

    def _ends(self, m: Module) -> Value:
        """Whether the step ends a sample, not a presentation only."""
        if self.config.presentations == 1:
            return self.active.last
        m.submodules.presentations = presentations = Presentations(self.config)
        m.d.comb += [
            presentations.active.eq(self.active),
            presentations.population.eq(self.population),
            presentations.advance.eq(self.advance),
        ]
        return self.active.last & presentations.ends
