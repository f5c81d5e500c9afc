"""The queue of a sweep's items before the ends that take them.

```
    i --> queue --+--> item
    to_outer -->  +--> outer      words of pairs; on such a chip words go past the queue if it is empty
```
Throughput: an item a cycle. Latency: 2 cycles; past the queue: 0.
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.structure import SWEEP_ITEMS
from spikeplane_gateware.core.soma.egress import item_layout


class ItemQueue(wiring.Component):
    """The queue of items.

    Parameters: config: the chip.

    Attributes: i: items; level: those that wait; item: in their order. On a chip with a dynamic memory also to_outer: the item
    is a word of pairs, which goes to outer and not to item; spikes: there is one, a mask of spikes; drained: no word of pairs goes, and
    all that waited have gone.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        items = stream.Signature(item_layout(config))
        outer = {**dict.fromkeys(("to_outer", "spikes"), In(1)), "drained": Out(1), "outer": Out(items)}
        super().__init__(
            {
                "i": In(items),
                "level": Out(range(SWEEP_ITEMS + 1)),
                "item": Out(items),
                **(outer if config.dynamic_depth else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, tags = Module(), [self.to_outer] if self.config.dynamic_depth else []
        width = item_layout(self.config).size + len(tags)
        m.submodules.items = items = fifo.SyncFIFOBuffered(width=width, depth=SWEEP_ITEMS)
        m.d.comb += [
            items.w_data.eq(Cat(self.i.payload.as_value(), *tags)),
            self.i.ready.eq(items.w_rdy),
            self.level.eq(items.level),
        ]
        if self.config.dynamic_depth:
            self._two_ends(m, items, self._vacant(m, items))
        else:
            m.d.comb += [
                items.w_en.eq(self.i.valid),
                items.r_en.eq(self.item.ready),
                self.item.payload.eq(items.r_data),
                self.item.valid.eq(items.r_rdy),
            ]
        return m

    def _vacant(self, m: Module, items: Any) -> Signal:
        """Whether the queue is empty, a register: the way from its level to the ends is long."""
        vacant = Signal(name="vacant", init=1)
        comes, goes = items.w_en & items.w_rdy, items.r_en & items.r_rdy
        with m.If(comes & ~goes):
            m.d.sync += vacant.eq(0)
        with m.Elif(goes & ~comes):
            m.d.sync += vacant.eq(items.level == 1)
        return vacant

    def _two_ends(self, m: Module, items: Any, vacant: Signal) -> None:
        """By the mark in the queue. Planes of values do not pass it: whether one is 0 is known late."""
        mark, shown = items.r_data[-1], Mux(vacant, items.w_data, items.r_data)[:-1]
        spikes = self.spikes & ~self.to_outer
        taken = (self.to_outer & self.outer.ready) | (spikes & self.item.ready)
        m.d.comb += [
            items.w_en.eq(self.i.valid & ~(vacant & taken)),
            items.r_en.eq(Mux(mark, self.outer.ready, self.item.ready)),
            self.item.payload.eq(shown),
            self.item.valid.eq(Mux(vacant, spikes, items.r_rdy & ~mark)),
            self.outer.payload.eq(shown),
            self.outer.valid.eq(Mux(vacant, self.i.valid & self.to_outer, items.r_rdy & mark)),
            self.drained.eq(~(self.i.valid & self.to_outer) & (vacant | (items.r_rdy & ~mark))),
        ]
