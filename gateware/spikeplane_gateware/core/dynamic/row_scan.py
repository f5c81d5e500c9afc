"""The set bits of a word of K, one a cycle, but none whose row is still being written.

```
    i (value, key, block) -> remaining bits --(less those under way)--> the lowest, as a mask of one bit -> o
                                  ^------------- without it -------------------'
```
A row takes RowAdder two cycles more before it can be read again. A bit that one of the two rows ahead had, in whatever block, therefore
waits and the others go first; only if there are no others the cycle is lost. So no sum is forwarded, which would
cost a multiplexer for each bit of a row.
Throughput: a row a cycle, no gap between pairs. Latency: 2 cycles.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.dynamic.ports import block_bits, pair_layout


def row_layout(config: ChipConfig) -> data.StructLayout:
    """A row to be added to: its bit in the word of K (one-hot), its block, and the word of V."""
    return data.StructLayout({"hot": config.lanes, "block": block_bits(config), "value": config.lanes})


class RowScan(wiring.Component):
    """Finds the rows of pairs.

    Parameters: config: a chip with `dynamic_depth`.

    Attributes: i: `pair_layout`; cleared, all_cleared: the blocks below `cleared`, or all, may be added to (levels);
    writing: bits of the row read in the cycle before, one-hot or 0; o: `row_layout`; quiet: nothing is under way.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "i": In(stream.Signature(pair_layout(config))),
                "cleared": In(block_bits(config)),
                "all_cleared": In(1),
                "writing": In(config.lanes),
                "o": Out(stream.Signature(row_layout(config))),
                "quiet": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, lanes, out = Module(), self.config.lanes, self.o.payload
        have = Signal()
        remaining, free, hot = (Signal(lanes, name=name) for name in ("remaining", "free", "hot"))
        value = Signal(lanes, reset_less=True)
        block = Signal(block_bits(self.config), reset_less=True)
        sends, room, final = (Signal(name=name) for name in ("sends", "room", "final"))
        m.d.comb += [
            # `o` can take a row; one bit is left
            room.eq(~self.o.valid | self.o.ready),
            free.eq(remaining & ~Mux(self.o.valid, out.hot, 0) & ~self.writing),
            hot.eq(free & -free),
            sends.eq(room & (free != 0) & (self.all_cleared | (block < self.cleared))),
            final.eq((remaining & (remaining - 1)) == 0),
            self.i.ready.eq(~have | (sends & final)),
            self.quiet.eq(~have & ~self.o.valid),
        ]
        with m.If(sends):
            m.d.sync += remaining.eq(remaining & ~hot)
        with m.If(self.i.ready):
            m.d.sync += have.eq(self.i.valid)
            with m.If(self.i.valid):
                m.d.sync += [
                    remaining.eq(self.i.payload.key),
                    value.eq(self.i.payload.value),
                    block.eq(self.i.payload.block),
                ]
        with m.If(room):
            m.d.sync += self.o.valid.eq(sends)
        with m.If(sends):
            m.d.sync += [out.hot.eq(hot), out.block.eq(block), out.value.eq(value)]
        return m
