"""Gathers: the sum over lanes of weight times delta, lane by lane, and the queue of what is whole.

```
    weight[i], delta[i] --> mul16 --> decode --> + --(the source bit's last word)--> queue --> partial
```
Throughput: a word in lanes + LATENCY cycles, one at a time.
"""

from amaranth.hdl import Array, Module, Signal
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.training import VALUE_BITS
from spikeplane_gateware.core.synapses.accumulate import op_layout
from spikeplane_gateware.units.training.binary16 import DECODE_LATENCY, MUL_LATENCY, decode, mul16
from spikeplane_gateware.units.training.partial import partial_layout

LATENCY = MUL_LATENCY + DECODE_LATENCY + 1  #: cycles behind the last lane


class Gather(wiring.Component):
    """Gathered sums.

    Parameters: config: the chip.

    Attributes: start: pulse; op, weight, delta: stable until the pulse done; partial: the queue. It is as deep as neurons can
    send their windows here, so it never overflows. A sum of 0 is none.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config, self.training = config, config.training
        words = {name: In(config.lanes * VALUE_BITS) for name in ("weight", "delta")}
        queue = Out(stream.Signature(partial_layout(config)))
        super().__init__(
            {"start": In(1), "op": In(op_layout(config)), **words, "done": Out(1), "partial": queue}
        )

    def elaborate(self, platform: object) -> Module:
        m, lanes = Module(), self.config.lanes
        total, lane, runs = Signal(self.training.exact_bits), Signal(range(lanes)), Signal()
        m.d.sync += [runs.eq(self.start | (runs & (lane != lanes - 1)))]
        with m.If(runs):
            m.d.sync += lane.eq(lane + 1)
        a, b = (
            Array([word.word_select(i, VALUE_BITS) for i in range(lanes)])[lane]
            for word in (self.weight, self.delta)
        )
        product = mul16(m, "product", runs, a, b)
        found = decode(m, "addend", product.valid, product.number, exact_bits=self.training.exact_bits)
        added = Signal(range(lanes))
        m.d.sync += self.done.eq(found.valid & (added == lanes - 1))
        with m.If(found.valid):
            m.d.sync += [total.eq(total + found.word + found.carry), added.eq(added + 1)]
        with m.If(self.done & self.op.ends):
            m.d.sync += total.eq(0)
        self._queue(m, total)
        return m

    def _queue(self, m: Module, total: Signal) -> None:
        layout, op = partial_layout(self.config), self.op
        entry = Signal(layout)
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(
            width=layout.size, depth=self.training.partial_depth
        )
        m.d.comb += [
            entry.tag.eq(op.tag),
            entry.place.eq(op.place),
            entry.lane.eq(op.bit),
            entry.sum.eq(total),
            queue.w_en.eq(self.done & op.ends & total.any()),
            queue.w_data.eq(entry.as_value()),
            self.partial.valid.eq(queue.r_rdy),
            self.partial.payload.eq(queue.r_data),
            queue.r_en.eq(self.partial.ready),
        ]
