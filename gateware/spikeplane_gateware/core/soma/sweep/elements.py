"""The elements of a sweep that are under way: asked for, and their words not yet taken into a window's maximum.

```
    element --> [stage 0] --> [1] --> [2] --> [3] --> the word is at the port's data; fresh
```
Latency: stage n is n + 1 cycles behind.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.structure import SWEEP_LATENCY

#: An element is there; it lies inside the input; it is its window's first, and last.
ELEMENT = data.StructLayout({"valid": 1, "inside": 1, "first": 1, "last": 1})
STAGES = 1 + SWEEP_LATENCY  #: in which elements are


class Elements(wiring.Component):
    """The elements under way.

    Attributes: i: an element; stages: those of the cycles before; fresh: the last one's window has none that lies inside before it.
    """

    def __init__(self) -> None:
        super().__init__({"i": In(ELEMENT), "stages": Out(ELEMENT).array(STAGES), "fresh": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        some = Signal()  # an element of this window lay inside
        m.d.sync += [
            after.eq(before) for before, after in zip((self.i, *self.stages), self.stages, strict=False)
        ]
        valid, inside, first = (self.stages[-1][name] for name in ("valid", "inside", "first"))
        with m.If(valid):
            m.d.sync += some.eq(inside | (some & ~first))
        m.d.comb += self.fresh.eq(first | ~some)
        return m
