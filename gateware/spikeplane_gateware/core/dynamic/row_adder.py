"""Rows are set to 0 as a pair population's sweep begins, then a word of V is added to one a cycle. On a chip with gates rows of
values are written, each in the place of a row that was read, with nothing added, and counted where others are cleared.

```
  cycle  c                  c+1                         c+2
  row -> read (may wait) -> RAM out -> word --+
         number of the bit -> lanes of its head -> adds -> word + adds -> write
                                              clearing: next row, 0 ---^ (in cycles without a sum)
```
Throughput: a row a cycle. A row may be read again three cycles after it was read (see RowScan). Clearing takes the
cycles in which nothing is added; rows that it has not reached yet are not given by RowScan.
"""

from functools import reduce
from operator import and_, or_

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.dynamic.ports import (
    RowPort,
    block_bits,
    lane_index_bits,
    row_bits,
    row_width,
    values_port,
)
from spikeplane_gateware.core.dynamic.row_scan import row_layout
from spikeplane_gateware.structs import struct


class RowAdder(wiring.Component):
    """Clears rows and adds to them.

    Parameters: config: a chip with `dynamic_depth`.

    Attributes: population: POPULATION word of the pair population; begin: pulse, its rows are cleared from now on; i:
    `row_layout`; row_valid, row: instead, the rows of a gate population; cleared, all_cleared, writing: for RowScan; port: to
    the memory, but for its bank; quiet: nothing is under way, and all is cleared.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "population": In(struct(core_tables(config).population)),
                "begin": In(1),
                "i": In(stream.Signature(row_layout(config))),
                **values_port(config),
                "cleared": Out(block_bits(config)),
                "all_cleared": Out(1),
                "writing": Out(config.lanes),
                "port": Out(RowPort(config)),
                "quiet": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c, port = Module(), self.config, self.port
        row = self.i.payload
        following = Signal(row_bits(c))  # the row to clear next; to write, of a gate population
        at_read, at_write = (
            Signal(row_bits(c), name=name, reset_less=True) for name in ("at_read", "at_write")
        )
        # the row is in the RAM's output; its sum is written
        reading, adding = (Signal(name=name) for name in ("reading", "adding"))
        number = Signal(lane_index_bits(c))
        value, adds = (Signal(c.lanes, name=name, reset_less=True) for name in ("value", "adds"))
        m.d.comb += [
            number.eq(Cat(reduce(or_, [row.hot[i] for i in range(c.lanes) if i >> bit & 1])
                          for bit in range(len(number)))),
            port.read_valid.eq(self.i.valid),
            port.read_row.eq(Cat(number, row.block)),
            self.i.ready.eq(port.read_ready),
        ]  # fmt: skip
        taken = self.i.valid & port.read_ready
        writes, word = self._found(m, reading, at_write, following)
        m.d.sync += [reading.eq(taken), adding.eq(writes), self.writing.eq(Mux(taken, row.hot, 0))]
        with m.If(taken):
            m.d.sync += [at_read.eq(port.read_row), value.eq(row.value)]
        # 0 where nothing is added, so that clearing needs no multiplexer
        m.d.sync += adds.eq(Mux(reading, value & self._in_head(m, at_read), 0))
        with m.If(reading):
            m.d.sync += at_write.eq(at_read)
        bits = c.dynamic_bits
        m.d.comb += port.write_word.eq(
            Cat((word[lane * bits :][:bits] + adds[lane])[:bits] for lane in range(c.lanes))
        )
        self._clear(m, adding, at_write, following)
        m.d.comb += self.quiet.eq(~reading & ~adding & self.all_cleared & ~self.begin)
        return m

    def _found(self, m: Module, reading: Signal, at_write: Signal, following: Signal) -> tuple[Value, Value]:
        """Whether a row is written in the next cycle, and then what it has before something is added: what was read, or values.
        Each has a register, because a RAM's output is late."""
        word = Signal(row_width(self.config), name="word", reset_less=True)
        m.d.sync += word.eq(Mux(reading, self.port.word, 0))
        if not self.config.gates:
            return reading, word
        values = Signal.like(word, name="values")
        m.d.sync += values.eq(Mux(self.row_valid, self.row, 0))
        with m.If(self.row_valid):
            m.d.sync += at_write.eq(following)
        return reading | self.row_valid, word | values

    def _in_head(self, m: Module, row: Signal) -> Signal:
        """The lanes of the head of the bit that `row` ends with: those whose numbers differ below bit `head` only."""
        c, head, bits = self.config, self.population.head, lane_index_bits(self.config)
        agrees = []
        for bit in range(bits):
            low = Signal(name=f"low_{bit}")  # of a lane's number in its head
            m.d.comb += low.eq(bit < head)
            agrees.append((low | ~row[bit], low | row[bit]))
        found = Signal(c.lanes, name="in_head")
        m.d.comb += found.eq(
            Cat(
                reduce(and_, [agrees[bit][lane >> bit & 1] for bit in range(bits)]) for lane in range(c.lanes)
            )
        )
        return found

    def _clear(self, m: Module, adding: Signal, at_write: Signal, following: Signal) -> None:
        """Sums first; in other cycles the next row to clear."""
        c, p, port, lanes = self.config, self.population, self.port, lane_index_bits(self.config)
        left = Signal(row_bits(c) + 1)  # rows to clear
        some = Signal(name="some_left")  # a register, because RowScan waits for it
        m.d.comb += [
            self.all_cleared.eq(~some),
            self.cleared.eq(following[lanes:]),
            port.write_valid.eq(adding | ~self.all_cleared),
            port.write_row.eq(Mux(adding, at_write, following)),
        ]
        with m.If(~adding & ~self.all_cleared):
            m.d.sync += [following.eq(following + 1), left.eq(left - 1), some.eq(left != 1)]
        if c.gates:
            with m.If(self.row_valid):
                m.d.sync += following.eq(following + 1)
        with m.If(self.begin):
            m.d.sync += [
                following.eq(p.row_base << lanes),
                left.eq(p.row_blocks << lanes),
                some.eq(p.row_blocks != 0),
            ]
            if c.gates:
                with m.If(p.sink == Sink.ROWS):
                    m.d.sync += some.eq(0)
