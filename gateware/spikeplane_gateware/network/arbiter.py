"""A round-robin arbiter: of the requests it grants the first one after the last that was granted.

```
    requests -> those behind the last one, or all -> the first of them -> grant
                       [mask] <- grant, when `take`
```
A request that stays is granted within `count` takes. Throughput: a grant a cycle. Latency: 0 cycles.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Arbiter(wiring.Component):
    """The arbiter of `count` requesters.

    Parameters: count: requesters, 1 or more.

    Attributes: requests: a bit of each, level; grant: one-hot, or 0 without requests; take (in): the
    grant is used, and its requester goes to the back of the queue.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__({"requests": In(count), "grant": Out(count), "take": In(1)})

    def elaborate(self, platform: object) -> Module:
        m, n = Module(), self.count
        mask = Signal(n)  # the requesters behind the last one granted
        upper = Signal(n)
        m.d.comb += upper.eq(self.requests & mask)
        chosen = Signal(n)
        with m.If(upper != 0):
            m.d.comb += chosen.eq(upper)
        with m.Else():
            m.d.comb += chosen.eq(self.requests)
        # Spelt out: a carry chain would be slower than these few gates.
        m.d.comb += self.grant.eq(Cat(*[chosen[i] & ~chosen[:i].any() for i in range(n)]))
        with m.If(self.take):
            m.d.sync += mask.eq(Cat(*[self.grant[:i].any() for i in range(n)]))
        return m
