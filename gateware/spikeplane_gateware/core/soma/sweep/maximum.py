"""The maximum of the accumulators in a window, lane by lane, and its membranes beside it: what the neurons take.

```
    data --> [best, if larger or fresh] --> current
    words of membranes --> [u] -----------> u
```
Throughput: a word a cycle. Latency: 1 cycle; u comes two cycles before its current, as NeuronArray wants it.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig


class Maximum(wiring.Component):
    """The window's maximum of all lanes.

    Parameters: config: the chip.

    Attributes: data: a word of accumulators, of an element that lies inside if takes; fresh: it is its window's first that does;
    current: of each lane, until the next; words: of membranes, of a window if loads; u: the same (none on chips with fused words).
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        currents, membranes = ((bits, config.lanes) for bits in (config.acc_bits, config.membrane_bits))
        beside = {
            "loads": In(1),
            "words": In(membranes[0]).array(membranes[1]),
            "u": Out(membranes[0]).array(membranes[1]),
        }
        super().__init__(
            {
                **dict.fromkeys(("takes", "fresh"), In(1)),
                "data": In(currents[0]).array(currents[1]),
                **({} if config.fused else beside),
                "current": Out(currents[0]).array(currents[1]),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        for lane in range(c.lanes):
            best, new = Signal(c.acc_bits, name=f"best_{lane}", reset_less=True), self.data[lane]
            if not c.fused:
                u = Signal(c.membrane_bits, name=f"u_{lane}", reset_less=True)
                with m.If(self.loads):
                    m.d.sync += u.eq(self.words[lane])
                m.d.comb += self.u[lane].eq(u)
            with m.If(self.takes), m.If(self.fresh | (best.as_signed() < new.as_signed())):
                m.d.sync += best.eq(new)
            m.d.comb += self.current[lane].eq(best)
        return m
