"""The words of a pair population's sweep, in order, become pairs of a word of V and a word of K.

```
    i (word) --K--> store of the token's K -----------------+
             --V--> each word of K in turn, if neither is 0 -+-> queue -> o (value, key, block)
```
A token is `pair_groups` words of K, then `value_groups` words of V; the sweep's other words are of the same form, so a
count says which is which. A block is where a pair's product goes: the next one for the next word of K, on over the
token's words of V, then back to the first for the next token; on from there for the next group of the sweep.
The queue is deep because pairs take from one cycle to as many as there are lanes, words one each.
Throughput: a word of K a cycle, a pair a cycle, a word of V that is 0 a cycle. Latency: 2 cycles.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import fifo, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.dynamic_tables import PAIR_BITS
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.dynamic.ports import block_bits, pair_layout
from spikeplane_gateware.core.soma.egress import item_layout
from spikeplane_gateware.structs import struct

PAIRS = 16  #: in the queue


class PairWords(wiring.Component):
    """Pairs a token's words.

    Parameters: config: a chip with `dynamic_depth`.

    Attributes: population: POPULATION word of the pair population, a level from `begin` (pulse) on until its last word is
    taken; i: all of its words (`item_layout`), also those that are 0; o: `pair_layout`; rests: no pair waits.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "population": In(struct(core_tables(config).population)),
                "begin": In(1),
                "i": In(stream.Signature(item_layout(config))),
                "o": Out(stream.Signature(pair_layout(config))),
                "rests": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, p, mask = Module(), self.population, self.i.payload.mask
        out, pairs = Signal(pair_layout(self.config), name="pair"), Signal(name="pairs")
        queue = self._queue(m, out, pairs)
        on_values, group, moves, ends = (
            Signal(name=name) for name in ("on_values", "group", "moves", "ends")
        )
        part, word = (Signal(PAIR_BITS, name=name) for name in ("part", "word"))  # of K; of V
        last_part, last_word, some = (Signal(name=name) for name in ("last_part", "last_word", "some"))
        key = self._keys(m, part, ~on_values)
        part_end, word_end = (Signal(PAIR_BITS, name=name) for name in ("part_end", "word_end"))
        m.d.sync += [part_end.eq(p.pair_groups - 1), word_end.eq(p.value_groups - 1)]
        m.d.comb += [
            last_part.eq(part == part_end),
            last_word.eq(word == word_end),
            some.eq(mask != 0),
            Cat(out.key, pairs).eq(Cat(key[:-1], self.i.valid & on_values & some & key[-1])),
            out.value.eq(mask),
        ]
        m.d.comb += [  # a word of K is met; the token's last
            moves.eq(self.i.valid & (~pairs | queue.w_rdy)),
            self.i.ready.eq(~on_values | (moves & (last_part | ~some))),
            ends.eq(on_values & self.i.ready & last_word),
        ]
        with m.If(moves):
            m.d.sync += part.eq(Mux(last_part | (on_values & ~some), 0, part + 1))
        with m.If(self.i.valid & ~on_values & last_part):
            m.d.sync += [on_values.eq(1), word.eq(0)]
        with m.If(moves & on_values & self.i.ready):
            m.d.sync += word.eq(word + 1)
        with m.If(moves & ends):
            m.d.sync += on_values.eq(0)
        with m.If(self.begin):
            m.d.sync += [on_values.eq(0), part.eq(0), group.eq(p.group_base[0])]
        opens = Signal()  # the first word of a group but the first
        m.d.comb += opens.eq(self.i.valid & ~on_values & (part == 0) & (self.i.payload.group[0] != group))
        with m.If(opens):
            m.d.sync += group.eq(~group)
        m.d.comb += out.block.eq(self._block(m, moves & on_values, ends, opens, some))
        return m

    def _queue(self, m: Module, pair: Signal, valid: Signal) -> fifo.SyncFIFOBuffered:
        """Pairs on their way out."""
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=len(pair.as_value()), depth=PAIRS)
        m.d.comb += [
            queue.w_data.eq(pair.as_value()),
            queue.w_en.eq(valid & ~(self.rests & self.o.ready)),
            queue.r_en.eq(self.o.ready),
            # past the queue if it is empty
            self.o.valid.eq(queue.r_rdy | (valid & self.rests)),
            self.o.payload.eq(Mux(self.rests, pair.as_value(), queue.r_data)),
            self.rests.eq(queue.level == 0),
        ]
        return queue

    def _keys(self, m: Module, part: Signal, stores: Signal) -> Signal:
        """The token's word of K at `part`, and above it whether it is none; from LUT RAM."""
        lanes, mask = self.config.lanes, self.i.payload.mask
        m.submodules.keys = keys = memory.Memory(shape=lanes + 1, depth=1 << PAIR_BITS, init=[])
        write, read = keys.write_port(), keys.read_port(domain="comb")
        m.d.comb += [
            write.en.eq(self.i.valid & stores),
            write.addr.eq(part),
            write.data.eq(Cat(mask, mask != 0)),
            read.addr.eq(part),
        ]
        return read.data

    def _block(self, m: Module, moves: Signal, ends: Signal, opens: Signal, some: Signal) -> Signal:
        """The block of the pair under way: `base` is the token's first, `beyond` what follows its last."""
        p, bits = self.population, block_bits(self.config)
        block, base, beyond, following = (
            Signal(bits, name=name) for name in ("block", "base", "beyond", "block_next")
        )
        m.d.comb += following.eq(block + Mux(some, 1, p.pair_groups))
        with m.If(moves):
            m.d.sync += block.eq(Mux(ends, base, following))
            with m.If(ends):
                m.d.sync += beyond.eq(following)
        with m.If(opens):
            m.d.sync += [block.eq(beyond), base.eq(beyond)]
        with m.If(self.begin):
            m.d.sync += [block.eq(p.row_base), base.eq(p.row_base)]
        return block
