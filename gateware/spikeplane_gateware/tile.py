"""A tile: one core and its router. All tiles of a chip are this module; position comes in by ports.

```
             north
               |
    west -- Router -- east
             |   |
           Core  south
```
"""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane_gateware.core.core import Core
from spikeplane_gateware.network.router import SIDES as ROUTER_SIDES
from spikeplane_gateware.network.router import Router
from spikeplane_gateware.structs import packet_struct

SIDES = tuple(side for side in ROUTER_SIDES if side != "local")


class Tile(wiring.Component):
    """The tile: it connects core and router.

    Parameters: config: the chip.

    Attributes: x, y: column and row of the tile, constant; i_SIDE, o_SIDE: packets from and to the
    neighbour on that side: north, east, south or west.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        packets = stream.Signature(packet_struct(config))
        sides = {f"i_{side}": In(packets) for side in SIDES} | {f"o_{side}": Out(packets) for side in SIDES}
        super().__init__({"x": In(bits_for(config.cols)), "y": In(bits_for(config.rows)), **sides})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.router = router = Router(self.config)
        m.submodules.core = core = Core(self.config)
        m.d.comb += [router.x.eq(self.x), router.y.eq(self.y), core.x.eq(self.x), core.y.eq(self.y)]
        for side in SIDES:
            wiring.connect(m, getattr(router, f"i_{side}"), wiring.flipped(getattr(self, f"i_{side}")))
            wiring.connect(m, wiring.flipped(getattr(self, f"o_{side}")), getattr(router, f"o_{side}"))
        wiring.connect(m, router.o_local, core.i)
        wiring.connect(m, core.o, router.i_local)
        return m
