"""A round-robin arbiter: of the requests it grants the first one after the last that was granted.

Ports: requests, grant (one-hot or 0, same cycle), take (the grant is used: it goes to the back of the queue).
A request that stays is granted within `count` takes.
"""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Arbiter(wiring.Component):
    """`count` requesters."""

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
