"""Which images are wanted: every n-th one, and one after each trigger.

```
    arm, start (of an image) -> [phase] -+-> [due]
    trigger ------------------> [wanted] +
```
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.camera import EVERY_BITS


class Due(wiring.Component):
    """Counts images. `due` comes from a register: it changes at first words only, which are far apart.

    Throughput: an image every other cycle. Latency: 2 cycles from an image's start, or a pulse, to
    what it means for the next image.

    Attributes
    ----------
    every : In(EVERY_BITS)
        Every n-th image is due; 0: none but those of triggers.
    arm : In(1)
        A pulse: the next image is the first of every n.
    trigger : In(1)
        A pulse: the next image is due as well.
    flush : In(1)
        A trigger that has had no image is forgotten.
    start : In(1)
        An image begins; `due` is about it.
    due : Out(1)
        The image that begins now or next is wanted.
    """

    def __init__(self) -> None:
        pulses = {name: In(1) for name in ("arm", "trigger", "flush", "start")}
        super().__init__({"every": In(EVERY_BITS), **pulses, "due": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        phase = Signal(EVERY_BITS)
        wanted = Signal()
        every = self.every
        m.d.sync += self.due.eq(wanted | ((every != 0) & (phase == 0)))
        with m.If(self.arm):
            m.d.sync += phase.eq(0)
        with m.Elif(self.start):
            m.d.sync += phase.eq(Mux(phase == 0, every - (every != 0), phase - 1))
        with m.If(self.trigger):
            m.d.sync += wanted.eq(1)
        with m.Elif(self.flush | (self.start & self.due)):
            m.d.sync += wanted.eq(0)
        return m
