"""Counts the words of planes as the pipeline takes them.

```
    valid, restart -> take    [word] -> word, first, last    [fresh] -> fresh
```
"""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.camera.config import CameraConfig
from spikeplane.config import bits_for


class WordCount(wiring.Component):
    """Says of the word that comes in which one of its plane it is.

    Throughput: a word a cycle. Latency: 0 cycles.

    Parameters
    ----------
    config : CameraConfig
        The sensor: its words a plane.

    Attributes
    ----------
    valid : In(1)
        A word comes in.
    restart : In(1)
        The next word is the first of plane 0; a word in the same cycle is not taken.
    take : Out(1)
        The word is taken.
    word : Out(bits_for(config.words))
        Its number in its plane.
    first, last : Out(1)
        It is its plane's first, its last.
    fresh : Out(1)
        It is one of plane 0: no state of its pixels is known.
    """

    def __init__(self, config: CameraConfig) -> None:
        self.config = config
        marks = {name: Out(1) for name in ("take", "first", "last")}
        super().__init__(
            {
                "valid": In(1),
                "restart": In(1),
                **marks,
                "word": Out(bits_for(config.words)),
                "fresh": Out(1, init=1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += [
            self.take.eq(self.valid & ~self.restart),
            self.first.eq(self.word == 0),
            self.last.eq(self.word == self.config.words - 1),
        ]
        with m.If(self.restart):
            m.d.sync += [self.word.eq(0), self.fresh.eq(1)]
        with m.Elif(self.valid):
            m.d.sync += self.word.eq(self.word + 1)
            with m.If(self.last):
                m.d.sync += [self.word.eq(0), self.fresh.eq(0)]
        return m
