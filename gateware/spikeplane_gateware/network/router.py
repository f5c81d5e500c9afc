"""The mesh router: XY routing of single-flit packets, copied on the way to every tile of a rectangle.

```
                 i_north o_north
                     |    ^
    i_west -> [FIFO] +----+---- [register] -> o_east
    o_west <-        |    |            <-     i_east       local: the core of this tile
                     v    |
                 o_south i_south
```
First along x in the source's row; at each column of the rectangle a copy turns north, south or into the core. A copy leaves
when its output is free; the input moves on when all have left. `host` packets go to tile (0, 0) and there out of the west. The
only turns are from x into y (and at tile (0, 0) out to the host, which always drains), so nothing waits in a circle
as long as cores drain.

Ports: x, y; i_SIDE, o_SIDE for north, east, south, west, local. Latency 2 cycles, throughput one packet a cycle and output.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane_gateware.network.arbiter import Arbiter
from spikeplane_gateware.network.fifo import StreamFifo
from spikeplane_gateware.structs import packet_struct

SIDES = ("north", "east", "south", "west", "local")

#: For each output the inputs that can ask for it: x before y, and no way back.
SOURCES = {
    "north": ("south", "east", "west", "local"),
    "south": ("north", "east", "west", "local"),
    "east": ("west", "local"),
    "west": ("east", "local", "south"),
    "local": ("north", "south", "east", "west", "local"),
}


class Router(wiring.Component):
    """See the module's picture."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        packets = stream.Signature(packet_struct(config))
        streams = {f"i_{side}": In(packets) for side in SIDES} | {f"o_{side}": Out(packets) for side in SIDES}
        super().__init__({"x": In(bits_for(config.cols)), "y": In(bits_for(config.rows)), **streams})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heads, wants = {}, {}
        for side in SIDES:
            m.submodules[f"fifo_{side}"] = fifo = StreamFifo(packet_struct(self.config))
            wiring.connect(m, wiring.flipped(getattr(self, f"i_{side}")), fifo.i)
            heads[side], wants[side] = fifo.o, self._route(m, side, fifo.o)
        grants = {side: self._output(m, side, heads, wants) for side in SIDES}
        for side in SIDES:
            self._release(m, side, heads[side], wants[side], grants)
        return m

    def _route(self, m: Module, side: str, head: stream.Interface) -> dict[str, Value]:
        """The outputs that the packet at this input still needs, as one signal per possible output."""
        p = head.payload
        column = (p.x0 <= self.x) & (self.x <= p.x1)
        row = (p.y0 <= self.y) & (self.y <= p.y1)
        turns = column if side in ("east", "west", "local") else 1
        here = turns & row
        conditions = {
            "north": turns & (p.y0 < self.y),
            "south": turns & (p.y1 > self.y),
            "east": p.x1 > self.x,
            "west": (p.x0 < self.x) & (side in ("east", "local")) | (here & p.host),
            "local": here & ~p.host,
        }
        sent = {o: Signal(name=f"sent_{side}_{o}") for o in SIDES if side in SOURCES[o]}
        wants = {}
        for o, done in sent.items():
            wants[o] = Signal(name=f"want_{side}_{o}")
            m.d.comb += wants[o].eq(head.valid & conditions[o] & ~done)
        self._sent = {**getattr(self, "_sent", {}), side: sent}
        return wants

    def _output(self, m: Module, side: str, heads: dict, wants: dict) -> dict[str, Value]:
        """The register of one output and its arbiter; returns who was let through in this cycle."""
        sources = SOURCES[side]
        m.submodules[f"arbiter_{side}"] = arbiter = Arbiter(len(sources))
        out = getattr(self, f"o_{side}")
        free = Signal(name=f"free_{side}")
        chosen: Value = heads[sources[0]].payload.as_value()
        for i, source in enumerate(sources[1:], 1):
            chosen = Mux(arbiter.grant[i], heads[source].payload.as_value(), chosen)
        m.d.comb += [
            free.eq(~out.valid | out.ready),
            arbiter.requests.eq(Cat(*[wants[source][side] for source in sources])),
            arbiter.take.eq(free),
        ]
        with m.If(free):
            m.d.sync += [out.valid.eq(arbiter.requests != 0), out.payload.eq(chosen)]
        return {source: arbiter.grant[i] & free for i, source in enumerate(sources)}

    def _release(self, m: Module, side: str, head: stream.Interface, wants: dict, grants: dict) -> None:
        """Take the packet off the input when its last copy leaves; till then remember which have left."""
        left = {o: want & ~grants[o][side] for o, want in wants.items()}
        m.d.comb += head.ready.eq(~Cat(*left.values()).any())
        for o, sent in self._sent[side].items():
            m.d.sync += sent.eq(Mux(head.ready, 0, sent | (wants[o] & grants[o][side])))
