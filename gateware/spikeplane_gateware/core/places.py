"""Where a sweep is: walks the output pixels of a group, and at each the window of accumulators in front of it.

Ports: population (level), begin (pulse: start a group at `start`), step (take the element); address (of the element), inside
(it lies inside the input), first, last (of its window), final (last element of the group), each a short compare.
Throughput: an element a cycle. Without a window every pixel is one element that is first and last.
"""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.structs import struct


class Places(wiring.Component):
    """See the module's docstring. Pointers are kept, never multiplied, but for two products set once per population."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        acc = bits_for(config.acc_depth)
        super().__init__(
            {
                "population": In(struct(core_tables(config).population)),
                "begin": In(1),
                "start": In(acc),
                "step": In(1),
                "address": Out(acc),
                **{name: Out(1) for name in ("inside", "first", "last", "final")},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, p = Module(), self.population
        bits, acc = self.config.coord_bits + 5, bits_for(self.config.acc_depth)
        top, left = Signal(signed(bits)), Signal(signed(bits))  # the window's first row and column
        row, column = Signal(4), Signal(4)  # inside the window
        y, x = Signal(bits), Signal(bits)  # of the output
        here, line, pixel, pixels = (Signal(acc, name=name) for name in ("here", "line", "pixel", "pixels"))
        corner, pitch = Signal(acc), Signal(acc)
        i, j = Signal(signed(bits)), Signal(signed(bits))
        m.d.sync += [corner.eq(p.padding * (p.input_width + 1)), pitch.eq(p.stride * p.input_width)]
        end_column, end_row = column == p.window - 1, row == p.window - 1
        end_x, end_y = x == p.width - 1, y == p.height - 1
        m.d.comb += [
            i.eq(top + row),
            j.eq(left + column),
            self.address.eq(here),
            self.inside.eq((i >= 0) & (j >= 0) & (i < p.input_height) & (j < p.input_width)),
            self.first.eq((row == 0) & (column == 0)),
            self.last.eq(end_row & end_column),
            self.final.eq(self.last & end_x & end_y),
        ]
        with m.If(self.begin):
            origin = self.start - corner
            m.d.sync += [s.eq(origin) for s in (here, line, pixel, pixels)]
            m.d.sync += [s.eq(0) for s in (row, column, y, x)] + [s.eq(-p.padding) for s in (top, left)]
        with m.Elif(self.step):
            with m.If(~end_column):
                m.d.sync += [column.eq(column + 1), here.eq(here + 1)]
            with m.Elif(~end_row):
                down = line + p.input_width
                m.d.sync += [column.eq(0), row.eq(row + 1), here.eq(down), line.eq(down)]
            with m.Elif(~end_x):
                right = pixel + p.stride
                m.d.sync += [column.eq(0), row.eq(0), x.eq(x + 1), left.eq(left + p.stride)]
                m.d.sync += [s.eq(right) for s in (here, line, pixel)]
            with m.Else():
                down = pixels + pitch
                m.d.sync += [column.eq(0), row.eq(0), x.eq(0), y.eq(y + 1), left.eq(-p.padding), top.eq(top + p.stride)]
                m.d.sync += [s.eq(down) for s in (here, line, pixel, pixels)]
        return m
