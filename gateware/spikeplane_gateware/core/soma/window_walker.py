"""Where a sweep is: walks the output pixels of a group, and at each the window of accumulators in
front of it.

```
    begin, start -> [address] -> + 1, acc_down, acc_right or acc_across at each step
                    [window's corner], [row, column in it] -> inside, first, last, final
```
Throughput: an element a cycle. Latency: 1 cycle from `begin` to the first element. Without a window
every pixel is one element that is first and last. The pointer only ever adds one of four steps, three of
them from the population's word. Ends are registers: a count is compared a step ahead, because `last` and `final`
enable much of the sweep.
"""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.structs import struct


class WindowWalker(wiring.Component):
    """The walker of the sweep: it gives the address of one accumulator word, an element, after the
    other.

    Parameters: config: the chip.

    Attributes: population: POPULATION word, a level; begin: pulse, a group begins, whose first
    accumulator word is at start; step: the element is taken, the next one follows. Of the element:
    address; inside: it lies inside the input and not in its padding; first, last: of its window; final:
    of its group.
    """

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
        # Input coordinates begin at -padding: two's complement, a negative one is larger than any
        # input when read unsigned.
        bits = max(self.config.coord_bits, 5) + 2
        top = Signal(bits)  # the window's first row and column
        left = Signal(bits)
        row = Signal(4)  # inside the window
        column = Signal(4)
        y = Signal(self.config.coord_bits)  # of the output
        x = Signal(self.config.coord_bits)
        i = Signal(bits)
        j = Signal(bits)
        ends = self._ends(
            m,
            {
                "column": (column, p.window_last),
                "row": (row, p.window_last),
                "x": (x, p.x_last),
                "y": (y, p.y_last),
            },
        )
        end_column, end_row, end_x, end_y = ends
        m.d.comb += [
            i.eq(top + row),
            j.eq(left + column),
            self.inside.eq((i < p.input_height) & (j < p.input_width)),
            self.first.eq((row == 0) & (column == 0)),
            self.last.eq(end_row & end_column),
            self.final.eq(self.last & end_x & end_y),
        ]
        on = Mux(~end_column, 1, Mux(~end_row, p.acc_down, Mux(~end_x, p.acc_right, p.acc_across)))
        with m.If(self.begin):
            m.d.sync += [self.address.eq(self.start - p.corner), top.eq(-p.padding), left.eq(-p.padding)]
        with m.Elif(self.step):
            m.d.sync += self.address.eq(self.address + on)
            with m.If(self.last):
                m.d.sync += left.eq(Mux(end_x, -p.padding, left + p.stride))
                with m.If(end_x):
                    m.d.sync += top.eq(top + p.stride)
        return m

    def _ends(self, m: Module, counts: dict[str, tuple[Signal, Value]]) -> list[Signal]:
        """Whether each count is at its last, innermost first. A count moves when all within it are at theirs."""
        ends: list[Signal] = []
        inner: Value = Const(1)
        for name, (count, last) in counts.items():
            end = Signal(name=f"end_{name}")
            with m.If(self.begin):
                m.d.sync += [count.eq(0), end.eq(last == 0)]
            with m.Elif(self.step & inner):
                m.d.sync += [
                    count.eq(Mux(end, 0, count + 1)),
                    end.eq(Mux(end, last == 0, count + 1 == last)),
                ]
            ends.append(end)
            inner = inner & end
        return ends
