"""The image that is being written: how many of its words are still to come.

```
    start, take, words -> [left, open, fresh] -> open, first, last, unused
    write (a word), end -----^
```
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.camera import EVERY_BITS


class TakenImage(wiring.Component):
    """Counts the words of an image down; it ends with its last one, or where the image does.

    Throughput: a word a cycle. Latency: 1 cycle.

    Parameters
    ----------
    depth : int
        Words of an image at most.

    Attributes
    ----------
    start, take : In(1)
        An image begins; it is taken. The image before it is over in any case.
    words : In(EVERY_BITS)
        Words of an image that is taken.
    write : In(1)
        One of its words is written.
    end : In(1)
        The image's last word has passed, written or not.
    flush : In(1)
        It is over.
    open : Out(1)
        Words of it are still to be written.
    first, last : Out(1)
        The next of them is its first one, its last one.
    unused : Out(range(depth + 1))
        Words still to be written after this cycle.
    """

    def __init__(self, depth: int) -> None:
        self.depth = depth
        pulses = {name: In(1) for name in ("start", "take", "write", "end", "flush")}
        marks = {name: Out(1) for name in ("open", "first", "last")}
        super().__init__({**pulses, "words": In(EVERY_BITS), **marks, "unused": Out(range(depth + 1))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal(range(self.depth + 1))
        m.d.comb += [self.last.eq(left == 1), self.unused.eq(left - self.write)]
        m.d.sync += left.eq(self.unused)
        with m.If((self.write & self.last) | self.end):
            m.d.sync += [self.open.eq(0), left.eq(0)]
        with m.If(self.start):
            m.d.sync += [self.open.eq(self.take), left.eq(Mux(self.take, self.words, 0)), self.first.eq(1)]
        with m.Elif(self.write):
            m.d.sync += self.first.eq(0)
        with m.If(self.flush):
            m.d.sync += [self.open.eq(0), left.eq(0)]
        return m
