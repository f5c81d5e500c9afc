"""The spike scanner: one item per set bit of a visit's mask, lowest first.

```
    i (visit, lanes = mask) -> remaining mask -> lowest bit -> o (visit, bit, lanes to accumulate into)
```
Throughput: a set bit a cycle, no gap between visits. Latency: 2 cycles. An aligned visit is one item with the mask as its
lanes; an event is one item.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.visit import visit_layout


class Scanner(wiring.Component):
    """Ports: i, o: `visit_layout` streams; taken: a set bit (or, aligned, a mask) has been passed on (pulse)."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        layout = visit_layout(config)
        super().__init__({"i": In(stream.Signature(layout)), "o": Out(stream.Signature(layout)), "taken": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m, lanes = Module(), self.config.lanes
        have, visit = Signal(), Signal(visit_layout(self.config), reset_less=True)
        remaining, rest, bit = Signal(lanes), Signal(lanes), Signal(range(lanes))
        whole, advance, done = Signal(), Signal(), Signal()
        m.d.comb += [
            whole.eq(visit.is_event | visit.aligned),
            rest.eq(remaining & (remaining - 1)),
            done.eq(whole | (rest == 0)),
            advance.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(~have | (advance & done)),
        ]
        for lane in reversed(range(lanes)):
            with m.If(remaining[lane]):
                m.d.comb += bit.eq(lane)
        with m.If(advance):
            m.d.sync += [
                self.o.valid.eq(have),
                self.o.payload.eq(visit),
                self.o.payload.bit.eq(Mux(whole, 0, bit)),
                self.o.payload.lanes.eq(Mux(whole, remaining, (1 << lanes) - 1)),
            ]
            m.d.sync += remaining.eq(rest)
        m.d.comb += self.taken.eq(advance & have & ~visit.is_event)
        with m.If(self.i.ready):
            m.d.sync += [have.eq(self.i.valid), visit.eq(self.i.payload), remaining.eq(self.i.payload.lanes)]
        return m
