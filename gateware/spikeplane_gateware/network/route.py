"""The routing rule: which outputs of a tile a packet needs that comes in by one of its sides.

    packet, x, y -> comparisons -> wants

Along x first; in each column of the rectangle a copy turns north, south or into the core. Latency: 0 cycles.
"""

from amaranth.hdl import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.structure import SOURCES
from spikeplane_gateware.structs import packet_struct


class Route(wiring.Component):
    """The rule for packets from one side.

    Parameters: config: the chip; side: where they come in; outputs: those of the tile that may ask for.

    Attributes: x, y: column and row of the tile, constant; packet: of this side; wants: a bit for each of
    `outputs`, in their order.
    """

    def __init__(self, config: ChipConfig, side: str, outputs: tuple[str, ...]) -> None:
        self.side, self.outputs = side, outputs
        place = {"x": In(bits_for(config.cols)), "y": In(bits_for(config.rows))}
        super().__init__({**place, "packet": In(packet_struct(config)), "wants": Out(len(outputs))})

    def elaborate(self, platform: object) -> Module:
        m, p, side = Module(), self.packet, self.side
        column = (p.x0 <= self.x) & (self.x <= p.x1)
        row = (p.y0 <= self.y) & (self.y <= p.y1)
        turns = column if side in ("east", "west", "local") else 1
        here = turns & row
        rule: dict[str, Value] = {
            "north": turns & (p.y0 < self.y),
            "south": turns & (p.y1 > self.y),
            "east": p.x1 > self.x,
            "west": (p.x0 < self.x) & (side in ("east", "local")) | (here & p.host),
            "local": here & ~p.host,
        }
        m.d.comb += [self.wants[k].eq(rule[output]) for k, output in enumerate(self.outputs)]
        return m


def outputs_of(side: str, sides: tuple[str, ...]) -> tuple[str, ...]:
    """The outputs, of a tile with these sides, that a packet from `side` may ask for."""
    return tuple(output for output in sides if side in SOURCES[output])
