"""The ready bits of a core's schedule, one of each kind for a population and parity.

```
    mark -> decoded in one cycle, set in the next -> tokens, credits, last -> ready, last
    given (one-hot) -> cleared     stop -> all cleared     clear -> last cleared
```
A bit decoded and set in two cycles costs one table. Latency: 2 cycles from the mark.
"""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane_gateware.core.soma.counters import MARK


class ReadyBits(wiring.Component):
    """Which populations have their tokens and credits, and whose token was a sample's last.

    Parameters: slots: populations of the core.

    Attributes: mark: what a counter says; given: the population whose job is given, one-hot, by
    parity; stop: forget everything; clear: forget what was a sample's last; ready, last: a bit for
    each population, by parity.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        super().__init__(
            {
                "mark": In(MARK),
                "given": In(slots).array(2),
                "stop": In(1),
                "clear": In(1),
                "ready": Out(slots).array(2),
                "last": Out(slots).array(2),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, mark = Module(), self.mark
        hot = Signal(self.slots)
        m.d.sync += hot.eq(1 << mark.slot)
        for q in range(2):
            tokens, credits = (Signal(self.slots, name=f"{name}_{q}") for name in ("tokens", "credits"))
            mine = mark.parity if q else ~mark.parity
            kinds = {
                "tokens": (tokens, ~mark.credit & mark.sets),
                "credits": (credits, mark.credit & mark.sets),
                "last": (self.last[q], ~mark.credit & mark.ends),
            }
            for name, (bits, chosen) in kinds.items():
                put = Signal(name=f"put_{name}_{q}")
                m.d.sync += put.eq(mine & chosen)
                self._keep(m, bits, self.given[q], Mux(put, hot, 0))
            m.d.comb += self.ready[q].eq(tokens & credits)
            with m.If(self.clear):
                m.d.sync += self.last[q].eq(0)
        return m

    def _keep(self, m: Module, bits: Value, given: Value, put: Value) -> None:
        """One register of bits: what is given goes, what is put comes."""
        m.d.sync += bits.eq((bits & ~given) | put)
        with m.If(self.stop):
            m.d.sync += bits.eq(0)
