"""The mesh router: XY routing of single-flit packets, copied on the way to every tile of a rectangle.

```
                 i_north o_north
                     |    ^
    i_west -> [FIFO] +----+---- [register] -> o_east
    o_west <-        |    |            <-     i_east       local: the core of this tile
                     v    |
                 o_south i_south
```
First along x in the source's row; at each column of the rectangle a copy turns north, south or into
the core. A copy leaves when its output is free; the input moves on when all have left. `host`
packets go to tile (0, 0) and there out of the west. The only turns are from x into y (and at tile
(0, 0) out to the host, which always drains), so nothing waits in a circle as long as cores drain.

Throughput: a packet a cycle and output. Latency: 3 cycles. In a mesh of one row nothing goes north or south,
in one of one column nothing east: these ports are there, and rest.
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.structure import SOURCES
from spikeplane_gateware.network.arbiter import Arbiter
from spikeplane_gateware.network.fifo import StreamFifo
from spikeplane_gateware.structs import packet_struct

SIDES = ("north", "east", "south", "west", "local")


def sides(config: ChipConfig) -> tuple[str, ...]:
    """The sides on which a tile of this mesh can have a neighbour; west, where the host is, and its
    core always."""
    absent = {"north", "south"} if config.rows == 1 else set()
    if config.cols == 1:
        absent.add("east")
    return tuple(side for side in SIDES if side not in absent)


class Router(wiring.Component):
    """The router of one tile.

    Parameters: config: the chip.

    Attributes: x, y: column and row of the tile, constant; i_SIDE, o_SIDE: packets from and to the
    neighbour on that side: north, east, south, west, or local, the core; sides: names of those that
    packets can pass in this mesh.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.sides = config, sides(config)
        packets = stream.Signature(packet_struct(config))
        streams = {f"i_{side}": In(packets) for side in SIDES} | {f"o_{side}": Out(packets) for side in SIDES}
        super().__init__({"x": In(bits_for(config.cols)), "y": In(bits_for(config.rows)), **streams})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        heads, wants, loads = {}, {}, {}
        for side in self.sides:
            heads[side], wants[side], loads[side] = self._head(m, side)
        grants = {side: self._output(m, side, heads, wants) for side in self.sides}
        for side in self.sides:
            self._release(m, side, wants[side], grants, loads[side])
        absent = [side for side in SIDES if side not in self.sides]
        m.d.comb += [getattr(self, f"i_{side}").ready.eq(1) for side in absent]
        return m

    def _head(self, m: Module, side: str) -> tuple[Value, dict[str, Signal], Signal]:
        """The packet at this input and the outputs that it still needs, both from registers;
        `load`: it is replaced."""
        m.submodules[f"fifo_{side}"] = fifo = StreamFifo(packet_struct(self.config))
        wiring.connect(m, wiring.flipped(getattr(self, f"i_{side}")), fifo.i)
        head = Signal(packet_struct(self.config), name=f"head_{side}", reset_less=True)
        load = Signal(name=f"load_{side}")
        conditions = self._route(side, fifo.o.payload)
        wants = {o: Signal(name=f"want_{side}_{o}") for o in self.sides if side in SOURCES[o]}
        m.d.comb += fifo.o.ready.eq(load)
        with m.If(load):
            m.d.sync += [want.eq(0) for want in wants.values()]
            with m.If(fifo.o.valid):
                m.d.sync += [head.eq(fifo.o.payload), *[want.eq(conditions[o]) for o, want in wants.items()]]
        return head.as_value(), wants, load

    def _route(self, side: str, p: Any) -> dict[str, Value]:
        """The outputs that a packet from this side needs."""
        column = (p.x0 <= self.x) & (self.x <= p.x1)
        row = (p.y0 <= self.y) & (self.y <= p.y1)
        turns = column if side in ("east", "west", "local") else 1
        here = turns & row
        return {
            "north": turns & (p.y0 < self.y),
            "south": turns & (p.y1 > self.y),
            "east": p.x1 > self.x,
            "west": (p.x0 < self.x) & (side in ("east", "local")) | (here & p.host),
            "local": here & ~p.host,
        }

    def _output(self, m: Module, side: str, heads: dict, wants: dict) -> dict[str, Value]:
        """The register of one output and its arbiter; returns who was let through in this cycle."""
        sources = [source for source in SOURCES[side] if source in self.sides]
        m.submodules[f"arbiter_{side}"] = arbiter = Arbiter(len(sources))
        out = getattr(self, f"o_{side}")
        free = Signal(name=f"free_{side}")
        chosen: Value = heads[sources[0]]
        for i, source in enumerate(sources[1:], 1):
            chosen = Mux(arbiter.grant[i], heads[source], chosen)
        m.d.comb += [
            free.eq(~out.valid | out.ready),
            arbiter.requests.eq(Cat(*[wants[source][side] for source in sources])),
            arbiter.take.eq(free),
        ]
        with m.If(free):
            m.d.sync += out.valid.eq(arbiter.requests != 0)
            with m.If(arbiter.requests != 0):
                m.d.sync += out.payload.eq(chosen)
        return {source: arbiter.grant[i] & free for i, source in enumerate(sources)}

    def _release(self, m: Module, side: str, wants: dict[str, Signal], grants: dict, load: Signal) -> None:
        """What is granted is no longer wanted; when nothing is, the next packet comes."""
        left = {o: want & ~grants[o][side] for o, want in wants.items()}
        m.d.comb += load.eq(~Cat(*left.values()).any())
        with m.If(~load):
            m.d.sync += [want.eq(left[o]) for o, want in wants.items()]
