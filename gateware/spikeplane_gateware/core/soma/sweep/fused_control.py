"""The control of a sweep on a chip with fused words, which the next step's spikes wait for: without a window groups follow each other,
and a group's parameters come while it is walked.

```
    PARAMETERS --> WALK --> TURN --> WALK --> TURN ... WALK --> SETTLE --> FINISH
                              | 3 cycles, and 2 more to the word of -theta: the group before has left each register by then
                              +-> fetches
```
A group takes its words and 3 cycles besides, at least 4 together; where parameters lie in halves 4 besides, at least 8 together. Sweeps
of values, or behind windows, take those of `Control`.
"""

from typing import Any

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import parameter_parts
from spikeplane_gateware.core.soma.sweep.control import Control

#: By the parts of a parameter word: cycles between a group's last word and the next one's first, and from the last of them to the
#: first part of its parameters.
TURN = {1: (3, 2), 2: (4, 0)}


class FusedControl(Control):
    """The states of a sweep.

    Parameters: config: a chip with fused words.

    Attributes: as `Control`; free: see FusedParameters; turns: pulse, the next group's walk is set.
    """

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(config)
        self.cycles, later = TURN[parameter_parts(config)]
        self.turned = Signal(range(self.cycles))  # cycles of TURN so far
        #: a group is walked from the next cycle on; by how long ago, until its parameters are asked for
        self.begins = Signal(later + 1)

    def _ports(self) -> dict[str, Any]:
        return {**super()._ports(), "free": In(1), "turns": Out(1)}

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        m.d.sync += self.begins[1:].eq(self.begins)
        with m.If(self.begins[-1]):
            m.d.comb += self.fetches.eq(1)
        return m

    def _walked(self, m: Module) -> None:
        p = self.population
        super()._walked(m)
        with m.If(self.single & ~p.membrane_out & (self.group != p.group_last)):
            m.d.sync += self.group.eq(self.group + 1)
            m.next = "TURN"

    def _cleared(self, m: Module) -> None:
        """Nothing is set beside the accumulators."""

    def _behind(self, m: Module, ends: Value) -> None:
        with m.State("TURN"):
            ends = self.turned == self.cycles - 1
            m.d.comb += self.turns.eq(ends & self.free)
            with m.If(~ends):
                m.d.sync += self.turned.eq(self.turned + 1)
            with m.Elif(self.free):
                m.d.sync += self.turned.eq(0)
                m.d.comb += self.begins[0].eq(1)
                m.next = "WALK"
