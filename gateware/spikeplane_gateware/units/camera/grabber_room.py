"""Whether an image is taken: all of its words have a place in the FIFO, or it is dropped.

```
    words, full -> [fits] <- [places] <- take: less `words`; fetch: one more; end: and what was not needed
    start, due -----> take, dropped
```
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.camera import EVERY_BITS


class Room(wiring.Component):
    """Reserves the places of a whole region at an image's start; one by one they come back as they
    are read.

    Throughput: an image every 3 cycles. Latency: 0 cycles from `start` to `take`, 2 from a place that
    comes back until an image may have it.

    Parameters
    ----------
    depth : int
        Places of the FIFO.

    Attributes
    ----------
    words : In(EVERY_BITS)
        Places that an image needs; 0: no image is taken.
    full : In(1)
        There is no room for one more image, whatever its words.
    start, due : In(1)
        An image begins; it is wanted.
    fetch : In(1)
        A word is read: its place is free.
    end, unused : In(1), In(range(depth + 1))
        An image ends and leaves so many of its places empty.
    flush : In(1)
        All places are free.
    take : Out(1)
        The image that begins has its places.
    dropped : Out(1)
        It is wanted and has none.
    """

    def __init__(self, depth: int) -> None:
        self.depth = depth
        pulses = {name: In(1) for name in ("full", "start", "due", "fetch", "end", "flush")}
        super().__init__(
            {
                "words": In(EVERY_BITS),
                **pulses,
                "unused": In(range(depth + 1)),
                "take": Out(1),
                "dropped": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        places = Signal(range(self.depth + 1), init=self.depth)
        fits = Signal()
        taken = Signal.like(places)  # what an image reserves, a cycle late
        back = Signal.like(places)  # what it does not need after all, a cycle late
        wanted = self.start & self.due
        m.d.comb += [self.take.eq(wanted & fits), self.dropped.eq(wanted & ~fits)]
        m.d.sync += [
            fits.eq((places >= self.words) & ~self.full & (self.words != 0)),
            taken.eq(Mux(self.take, self.words, 0)),
            back.eq(Mux(self.end, self.unused, 0)),
            places.eq(places + self.fetch + back - taken),
        ]
        with m.If(self.flush):
            m.d.sync += [places.eq(self.depth), taken.eq(0), back.eq(0)]
        return m
