"""Gathered products of all lanes to one exact sum, and sums that wait to be sent.

```
    word, carry of each lane --> +, +, + ... (a level a cycle) --> total += --> with `ends`: sum, some --> Queue
                                                                    ^ 0 behind one that ends
```
A lane's addend is word + carry. Of L carries the L - 1 adders of the levels take one each, as the carry that comes
into them, and the total takes the last.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import bits_for
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.units.training.stage import stage


def tree_latency(lanes: int) -> int:
    """Cycles from the last addends of a source to its sum: the levels, the total, and whether it is 0."""
    return bits_for(lanes) + 2


class Tree(wiring.Component):
    """Adds up the addends of all lanes over the visits of a source: one exact sum for each.

    Throughput: a visit a cycle, those of the next source right behind. Latency: `tree_latency`.

    Parameters
    ----------
    lanes : int
        L, a power of two.
    exact_bits : int
        Bits of a word.
    id_bits : int
        Bits of what goes with a sum.

    Attributes
    ----------
    valid, words, carries : In(1), In(L * exact_bits), In(L)
        A visit: of each lane word + carry, lane 0 lowest.
    ends, id : In(1), In(id_bits)
        It is the last visit of its source, which is called so.
    out_valid, sum, some, out_id : Out(1), Out(exact_bits), Out(1), Out(id_bits)
        What a source's visits add up to, modulo 2^exact_bits, whether that is not 0, and whose it is.
    """

    def __init__(self, *, lanes: int, exact_bits: int, id_bits: int) -> None:
        self.lanes, self.exact_bits, self.id_bits = lanes, exact_bits, id_bits
        visit = {"words": In(lanes * exact_bits), "carries": In(lanes), "ends": In(1), "id": In(id_bits)}
        sums = {"out_valid": Out(1), "sum": Out(exact_bits), "some": Out(1), "out_id": Out(id_bits)}
        super().__init__({"valid": In(1), **visit, **sums})

    def elaborate(self, platform: object) -> Module:
        m, bits = Module(), self.exact_bits
        valid, ends, whose, left = self.valid, self.ends, self.id, self.carries
        words = [self.words.word_select(i, bits) for i in range(self.lanes)]
        for level in range(bits_for(self.lanes)):
            pairs = zip(words[::2], words[1::2], left[::2], strict=True)
            sums = {f"sum_{i}": (a + b + carry)[:bits] for i, (a, b, carry) in enumerate(pairs)}
            s = stage(m, f"level_{level}", valid, **sums, left=left[1::2], ends=ends, id=whose)
            words = [getattr(s, name) for name in sums]
            valid, ends, whose, left = s.valid, s.ends, s.id, s.left
        total, fresh = Signal(bits, reset_less=True), Signal(init=1)
        with m.If(valid):
            m.d.sync += [total.eq(Mux(fresh, 0, total) + words[0] + left), fresh.eq(ends)]
        t = stage(m, "total", valid & ends, id=whose)
        s = stage(m, "found", t.valid, sum=total, some=total.any(), id=t.id)
        m.d.comb += [
            self.out_valid.eq(s.valid),
            self.sum.eq(s.sum),
            self.some.eq(s.some),
            self.out_id.eq(s.id),
        ]
        return m


class Queue(wiring.Component):
    """Words that wait, in a block RAM: first in, first out.

    Throughput: in, a word a cycle; out, a word every second cycle. Latency: 3 cycles.

    Parameters
    ----------
    width, depth : int
        Bits of a word, and how many wait at most. Who writes has to know that there is room: the queue does not say.

    Attributes
    ----------
    write, word : In(1), In(width)
        A word in.
    o : Out(stream.Signature(width))
        The words out.
    empty : Out(1)
        None waits, nor is one on offer.
    """

    def __init__(self, *, width: int, depth: int) -> None:
        self.width, self.depth = width, depth
        ports = {"write": In(1), "word": In(width), "empty": Out(1)}
        super().__init__({**ports, "o": Out(stream.Signature(width))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.ram = ram = Ram(width=self.width, depth=self.depth)
        into, out, waiting = (
            Signal(range(self.depth)),
            Signal(range(self.depth)),
            Signal(range(self.depth + 1)),
        )
        fetch, coming = Signal(), Signal()
        m.d.comb += [
            fetch.eq((waiting != 0) & ~coming & (~self.o.valid | self.o.ready)),
            ram.write_en.eq(self.write),
            ram.write_address.eq(into),
            ram.write_data.eq(self.word),
            ram.read_en.eq(fetch),
            ram.read_address.eq(out),
            self.empty.eq((waiting == 0) & ~coming & ~self.o.valid),
        ]
        m.d.sync += [coming.eq(fetch), waiting.eq(waiting + self.write - fetch)]
        with m.If(self.write):
            m.d.sync += into.eq(Mux(into == self.depth - 1, 0, into + 1))
        with m.If(fetch):
            m.d.sync += out.eq(Mux(out == self.depth - 1, 0, out + 1))
        with m.If(coming):
            m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(ram.read_data)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m
