"""The mesh router: XY routing of single-flit packets, copied on the way to every tile of a rectangle.

```
                 i_north o_north
                     |    ^
    i_west -> entry -+----+---- output -> o_east
    o_west <-        |    |            <- i_east       local: the core of this tile
                     v    |
                 o_south i_south
```
An entry (entry.py) keeps two packets and which outputs the one in front still needs (route.py); an output (output.py)
lets one of the entries that ask through, in turn.

First along x in the source's row; at each column of the rectangle a copy turns north, south or into
the core. A copy leaves when its output is free; the entry moves on when all have left. `host`
packets go to tile (0, 0) and there out of the west. The only turns are from x into y (and at tile
(0, 0) out to the host, which always drains), so nothing waits in a circle as long as cores drain.

Throughput: a packet a cycle and output. Latency: 2 cycles. In a mesh of one row nothing goes north or south,
in one of one column nothing east: these ports are there, and rest.
"""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.structure import SOURCES
from spikeplane_gateware.network.entry import Entry
from spikeplane_gateware.network.output import Output
from spikeplane_gateware.network.route import outputs_of
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
        m, config = Module(), self.config
        entries: dict[str, Any] = {}
        for side in self.sides:
            m.submodules[f"entry_{side}"] = entry = Entry(config, side, outputs_of(side, self.sides))
            connect(m, flipped(getattr(self, f"i_{side}")), entry.i)
            m.d.comb += [entry.x.eq(self.x), entry.y.eq(self.y)]
            entries[side] = entry
        for side in self.sides:
            sources = [source for source in SOURCES[side] if source in self.sides]
            m.submodules[f"output_{side}"] = output = Output(config, len(sources))
            connect(m, output.o, flipped(getattr(self, f"o_{side}")))
            for number, source in enumerate(sources):
                entry = entries[source]
                bit = entry.outputs.index(side)
                m.d.comb += [
                    getattr(output, f"packet_{number}").eq(entry.packet),
                    output.requests[number].eq(entry.wants[bit]),
                    entry.granted[bit].eq(output.granted[number]),
                ]
        absent = [side for side in SIDES if side not in self.sides]
        m.d.comb += [getattr(self, f"i_{side}").ready.eq(1) for side in absent]
        return m
