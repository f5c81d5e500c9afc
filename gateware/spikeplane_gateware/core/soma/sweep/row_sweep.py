"""Of sweeps whose words become rows, on a chip with a dynamic memory: when one begins, and when its tokens and its job may go.

```
    opening, engaged --> begins --> [pairing] until its last group has left
    element, left, group --> few? --> [early] until done          done --> [sent] until over
```
Latency: 1 cycle; begins and waits come in the cycle of opening.
"""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.soma.sweep.pace import URGENT, left_range
from spikeplane_gateware.structs import struct

EARLY = URGENT + 24  #: words left when such a sweep's tokens go, so that they have passed the walker before


class RowSweep(wiring.Component):
    """The flags of such sweeps; the egress, which may end before the sweep does, and the outer engine see them.

    Parameters: config: a chip with a dynamic memory.

    Attributes: population: POPULATION word under way; initial: the job only initialises; opening: pulse, the population begins;
    engaged: the outer engine is another sweep's; begins: pulse, it becomes this one's; waits: pulse, the opening has to come again;
    element: pulse, a word is asked for, without a window; left: words of the group, this one included; group; last: pulse, the last
    group has left; done: pulse, the egress has sent all; over: pulse, the job ends; opens: level, a sweep is under way, until done;
    early: level, few of its words are left (see EARLY), until done; pairing: level, words are to become rows; sent: done has come.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        inputs = ("initial", "opening", "engaged", "element", "last", "done", "over")
        super().__init__(
            {
                "population": In(struct(core_tables(config).population)),
                **dict.fromkeys(inputs, In(1)),
                "left": In(left_range(config)),
                "group": In(config.group_bits + 1),
                **dict.fromkeys(("begins", "waits", "opens", "early", "pairing", "sent"), Out(1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, p = Module(), self.population
        becomes = p.sink != Sink.EGRESS if self.config.gates else p.sink == Sink.OUTER
        rows = self.opening & becomes & p.valid & ~self.initial
        few = max(1, EARLY // self.config.sweep_turns)  # words that take as long
        m.d.comb += [self.begins.eq(rows & ~self.engaged), self.waits.eq(rows & self.engaged)]
        with m.If(self.done):
            m.d.sync += [self.opens.eq(0), self.early.eq(0), self.sent.eq(1)]
        with m.If(self.opening):
            m.d.sync += self.opens.eq(p.valid & ~self.initial)
        with m.If(self.element):
            m.d.sync += self.early.eq(
                (self.left <= few) & (self.group == p.group_last) & (p.sink != Sink.EGRESS)
            )
        with m.If(self.begins):
            m.d.sync += self.pairing.eq(1)
        with m.If(self.last):
            m.d.sync += self.pairing.eq(0)
        with m.If(self.over):
            m.d.sync += self.sent.eq(0)
        return m
