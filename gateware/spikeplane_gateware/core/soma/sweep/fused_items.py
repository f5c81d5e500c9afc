"""The items of a sweep on a chip with fused words: one group's words may leave while the next one's are asked for, so groups are
counted as words leave.
"""

from typing import Any

from amaranth.hdl import Module, Signal

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.soma.sweep.items import Items


class FusedItems(Items):
    """The queue of items.

    Parameters: config: a chip with fused words.

    Attributes: as `Items`; begin: pulse, a population begins; group: not looked at.
    """

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(config)
        self.number = Signal.like(self.group, name="group_number")

    def _place(self, m: Module, item: Any, number: Signal) -> tuple[Signal, Signal]:
        p = self.population
        y, x = super()._place(m, item, self.number)
        with m.If(self.begin):
            m.d.sync += self.number.eq(0)
        with m.Elif(self.load & self.moves & (x == p.x_last) & (y == p.y_last)):
            m.d.sync += [y.eq(0), self.number.eq(self.number + 1)]
        return y, x
