"""A two-word stream FIFO of registers: cuts every path between its ends and still moves a word a cycle.

```
    i -> [spare] -> [head] -> o
```
`i.ready` and `o.valid` come from registers. Throughput: a word a cycle. Latency: 1 cycle.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class StreamFifo(wiring.Component):
    """A FIFO of two words; nothing lost, duplicated or reordered (tests/formal).

    Parameters: shape: of a word.

    Attributes: i, o: words in, words out.
    """

    def __init__(self, shape: object) -> None:
        self.shape = shape
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        head, spare = (Signal(self.shape, name=name, reset_less=True) for name in ("head", "spare"))
        spare_valid = Signal()
        head_valid = Signal()
        m.d.comb += [self.i.ready.eq(~spare_valid), self.o.valid.eq(head_valid), self.o.payload.eq(head)]
        with m.If(self.i.ready & self.i.valid):
            m.d.sync += spare.eq(self.i.payload)
        with m.If(~head_valid | self.o.ready):
            m.d.sync += [spare_valid.eq(0), head_valid.eq(spare_valid | self.i.valid)]
            with m.If(spare_valid):
                m.d.sync += head.eq(spare)
            # words that nobody sends stay where they are: less to switch, less to simulate
            with m.Elif(self.i.valid):
                m.d.sync += head.eq(self.i.payload)
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += spare_valid.eq(1)
        return m
