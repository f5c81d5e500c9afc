"""Where a sweep is: one word of a population after the other, pixel by pixel and group by group."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.structs import struct


class Walk(wiring.Component):
    """The words of a population in their order in memory.

    Parameters: config: the chip.

    Attributes: population: its word, a level; begin: pulse, to the first word; step: pulse, to the next; offset: words
    before this one; group (from 0), y, x: its place; opens: it is a group's first; last: none follows.
    """

    def __init__(self, config: ChipConfig) -> None:
        coordinate, group = config.coord_bits, config.group_bits
        super().__init__(
            {
                "population": In(struct(core_tables(config).population)),
                "begin": In(1),
                "step": In(1),
                "offset": Out(bits_for(config.acc_depth)),
                "group": Out(group),
                "y": Out(coordinate),
                "x": Out(coordinate),
                "opens": Out(1),
                "last": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, p = Module(), self.population
        end_x, end_y = Signal(), Signal()
        m.d.comb += [
            end_x.eq(self.x == p.x_last),
            end_y.eq(self.y == p.y_last),
            self.opens.eq((self.x == 0) & (self.y == 0)),
            self.last.eq(end_x & end_y & (self.group == p.group_last)),
        ]
        with m.If(self.begin):
            m.d.sync += [value.eq(0) for value in (self.offset, self.group, self.y, self.x)]
        with m.Elif(self.step):
            m.d.sync += [self.offset.eq(self.offset + 1), self.x.eq(self.x + 1)]
            with m.If(end_x):
                m.d.sync += [self.x.eq(0), self.y.eq(self.y + 1)]
                with m.If(end_y):
                    m.d.sync += [self.y.eq(0), self.group.eq(self.group + 1)]
        return m
