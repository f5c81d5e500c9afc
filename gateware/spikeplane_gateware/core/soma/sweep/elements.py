"""The elements of a sweep that are under way: asked for, and their words not yet taken into a window's maximum.

```
    element --> [] --> [stage 0] --> [1] --> [2] --> the word is at the port's data; fresh
```
Latency: stage n is n + 2 cycles behind; in the cycle before stage 0 an element waits for its membrane.
"""

from itertools import pairwise

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.structure import SWEEP_LATENCY

#: An element is there; it lies inside the input; it is its window's first, and last.
ELEMENT = data.StructLayout({"valid": 1, "inside": 1, "first": 1, "last": 1})
STAGES = SWEEP_LATENCY  #: in which somebody looks at elements


class Elements(wiring.Component):
    """The elements under way.

    Attributes: i: an element; stages: those of two cycles before and more;
    fresh: the last one's window has none that lies inside before it.
    """

    def __init__(self) -> None:
        super().__init__({"i": In(ELEMENT), "stages": Out(ELEMENT).array(STAGES), "fresh": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        some = Signal()  # an element of this window lay inside
        asked = Signal(ELEMENT)
        stages = (self.i, asked, *self.stages)
        m.d.sync += [after.eq(before) for before, after in pairwise(stages)]
        valid, inside, first = (self.stages[-1][name] for name in ("valid", "inside", "first"))
        with m.If(valid):
            m.d.sync += some.eq(inside | (some & ~first))
        m.d.comb += self.fresh.eq(first | ~some)
        return m
