"""Flags and escapes: where a frame begins and ends on the byte line.

```
    i (bytes and flags) -> escape -> o (line bytes)                           Stuff
    i (line bytes) -> unescape -> strobe, data | end, broken                  Unstuff
```
A FLAG on the line is always a frame's edge, so after any garbage the next flag is a fresh start.
Throughput: a line byte a cycle; an escaped byte takes two. Latency: 2 cycles in Stuff, 1 in Unstuff.
Layout: `spikeplane.formats.frame`.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.frame import ESCAPE, FLAG, TWIST

#: What Stuff takes: a byte, or (flag = 1) the edge of a frame.
SYMBOL = data.StructLayout({"byte": 8, "flag": 1})


class Stuff(wiring.Component):
    """Flags and bytes of frames become bytes of the line.

    What is to be escaped is known from a register, so that `i.ready` hangs on registers and `o.ready`
    alone.

    Attributes: i: bytes of frames and their edges (`SYMBOL`); o: bytes of the line.
    """

    def __init__(self) -> None:
        super().__init__({"i": In(stream.Signature(SYMBOL)), "o": Out(stream.Signature(8))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        waits = Signal()  # a symbol goes next
        special = Signal()  # it takes an escape
        byte = Signal(8)
        free = Signal()
        escaped = Signal()
        incoming = Mux(self.i.payload.flag, FLAG, self.i.payload.byte)
        m.d.comb += [
            free.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(~waits | (free & (~special | escaped))),
        ]
        with m.If(free):
            m.d.sync += [self.o.valid.eq(waits), escaped.eq(waits & special & ~escaped)]
            m.d.sync += self.o.payload.eq(Mux(special, Mux(escaped, byte ^ TWIST, ESCAPE), byte))
        with m.If(self.i.ready):
            m.d.sync += [waits.eq(self.i.valid), byte.eq(incoming)]
            m.d.sync += special.eq(~self.i.payload.flag & ((incoming == FLAG) | (incoming == ESCAPE)))
        return m


class Unstuff(wiring.Component):
    """Bytes of the line become bytes of frames.

    Attributes: i: bytes of the line, always ready; strobe, data: a byte of a frame; end: pulse, a flag
    has come; broken: with end, it stood behind an ESCAPE.
    """

    def __init__(self) -> None:
        super().__init__(
            {"i": In(stream.Signature(8)), "strobe": Out(1), "data": Out(8), "end": Out(1), "broken": Out(1)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        escaped = Signal()
        flag, escape = self.i.payload == FLAG, self.i.payload == ESCAPE
        m.d.comb += self.i.ready.eq(1)
        m.d.sync += [
            self.strobe.eq(self.i.valid & ~flag & ~escape),
            self.end.eq(self.i.valid & flag),
            self.broken.eq(escaped),
            self.data.eq(self.i.payload ^ Mux(escaped, TWIST, 0)),
        ]
        with m.If(self.i.valid):
            m.d.sync += escaped.eq(escape)
        return m
