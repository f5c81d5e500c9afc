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

from spikeplane.config import ChipConfig
from spikeplane.formats.structure import SWEEP_LATENCY

#: An element is there; it lies inside the input; it is its window's first, and last.
ELEMENT = data.StructLayout({"valid": 1, "inside": 1, "first": 1, "last": 1})
STAGES = SWEEP_LATENCY  #: in which somebody looks at elements


def stages_shown(config: ChipConfig) -> int:
    """Stages that are ports: a sweep of a few lanes at a time looks at the first and the last, because parts have stages of their own;
    one of fused words at the last, because a word brings its membrane."""
    return 1 if config.fused else 2 if config.sweep_lanes else STAGES


class Elements(wiring.Component):
    """The elements under way.

    Parameters: config: the chip.

    Attributes: i: an element; stages: those of two cycles before and more, with `sweep_lanes` the first and the last of them, with
    fused words the last;
    fresh: the last one's window has none that lies inside before it.
    """

    def __init__(self, config: ChipConfig) -> None:
        shown = stages_shown(config)
        super().__init__({"i": In(ELEMENT), "stages": Out(ELEMENT).array(shown), "fresh": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        some = Signal()  # an element of this window lay inside
        asked = Signal(ELEMENT)
        between = [Signal(ELEMENT, name=f"between_{n}") for n in range(STAGES - len(self.stages))]
        stages = (self.i, asked, *self.stages[:-1], *between, self.stages[-1])
        m.d.sync += [after.eq(before) for before, after in pairwise(stages)]
        valid, inside, first = (self.stages[-1][name] for name in ("valid", "inside", "first"))
        with m.If(valid):
            m.d.sync += some.eq(inside | (some & ~first))
        m.d.comb += self.fresh.eq(first | ~some)
        return m
