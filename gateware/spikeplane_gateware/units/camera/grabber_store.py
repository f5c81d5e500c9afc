"""The words that wait in the FIFO, in the order in which they came.

```
    write, i -> words, marks (memories: a ring of places) -> o
                  ^ [fill]     [level] -> fetch -> [drain] ^   [valid]
```
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane_gateware.ram import Ram


def stored(bits: int) -> data.StructLayout:
    """What a store keeps: a word of `bits` bits, and whether it is an image's first, its last."""
    return data.StructLayout({"word": bits, "first": 1, "last": 1})


class WordStore(wiring.Component):
    """A FIFO. Marks lie in a memory of their own, near the logic that looks at them. The memory's own
    register holds the word that is offered: a block RAM's output is late, little may hang on it.

    Throughput: a word in and a word out a cycle. Latency: 3 cycles from `write` to `o`, so that an
    image's number (`ImageNumbers`) is there before its first word.

    Parameters
    ----------
    bits : int
        Of a word.
    depth : int
        Places. Whoever writes knows that one is free.

    Attributes
    ----------
    write, i : In(1), In(stored(bits))
        Write a word.
    flush : In(1)
        Forget all words, the one that is offered too; `write` is 0 then.
    fetch : Out(1)
        A word goes from its place to the output: the place is free.
    o : Out(stream of stored(bits))
        The words.
    """

    def __init__(self, bits: int, depth: int) -> None:
        self.bits, self.depth = bits, depth
        given = {"write": In(1), "i": In(stored(bits)), "flush": In(1)}
        super().__init__({**given, "fetch": Out(1), "o": Out(stream.Signature(stored(bits)))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.words = words = Ram(width=self.bits, depth=self.depth)
        m.submodules.marks = marks = Ram(width=2, depth=self.depth)
        fill, drain = (Signal(range(self.depth), name=name) for name in ("fill", "drain"))
        level = Signal(range(self.depth + 1))
        written = Signal()
        free = Signal()
        m.d.comb += [free.eq(~self.o.valid | self.o.ready), self.fetch.eq(free & (level != 0))]
        for memory in (words, marks):
            m.d.comb += [memory.write_en.eq(self.write), memory.write_address.eq(fill)]
            m.d.comb += [memory.read_en.eq(self.fetch), memory.read_address.eq(drain)]
        m.d.comb += [
            words.write_data.eq(self.i.word),
            marks.write_data.eq(Cat(self.i.first, self.i.last)),
            self.o.payload.word.eq(words.read_data),
            Cat(self.o.payload.first, self.o.payload.last).eq(marks.read_data),
        ]
        with m.If(self.write):
            m.d.sync += fill.eq(Mux(fill == self.depth - 1, 0, fill + 1))
        with m.If(self.fetch):
            m.d.sync += drain.eq(Mux(drain == self.depth - 1, 0, drain + 1))
        # a cycle late: the number is there first
        m.d.sync += [written.eq(self.write), level.eq(level + written - self.fetch)]
        with m.If(free):
            m.d.sync += self.o.valid.eq(self.fetch)
        with m.If(self.flush):
            m.d.sync += [signal.eq(0) for signal in (fill, drain, written, level, self.o.valid)]
        return m
