"""Whose turn it is: the routes of a feed, one after another.

```
    next -> [route] -> target (of routes 0 .. last_route), is_last
```
"""

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.camera import ROUTES
from spikeplane_gateware.units.camera.registers import FEED_ROUTE


class RouteTurn(wiring.Component):
    """Counts through the routes.

    Throughput: a route a cycle. Latency: 1 cycle from `next` to the next target.

    Attributes
    ----------
    route_K : In(FEED_ROUTE)
        Tag and rectangle of cores of route K = 0 .. ROUTES - 1.
    last_route : In(range(ROUTES))
        Routes 0 to this one have turns.
    next : In(1)
        The present route has had its turn. After the last one comes route 0.
    clear : In(1)
        Route 0 is next, whatever `next` says.
    target : Out(FEED_ROUTE)
        The route whose turn it is.
    is_last : Out(1)
        It is `last_route`.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                **{f"route_{k}": In(FEED_ROUTE) for k in range(ROUTES)},
                "last_route": In(range(ROUTES)),
                "next": In(1),
                "clear": In(1),
                "target": Out(FEED_ROUTE),
                "is_last": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        route = Signal(range(ROUTES))
        routes = Array([getattr(self, f"route_{k}").as_value() for k in range(ROUTES)])
        m.d.comb += [self.target.eq(routes[route]), self.is_last.eq(route == self.last_route)]
        with m.If(self.next):
            m.d.sync += route.eq(Mux(self.is_last, 0, route + 1))
        with m.If(self.clear):
            m.d.sync += route.eq(0)
        return m
