"""The turns of a word: the parts of its lanes that a narrow sweep computes in one cycle each.

```
    an element comes --> part 0, 1, 2 ... of it, one a cycle --> [number] -> [number] -> ... by the stages that it has passed
                            or one when the last is done
```
"""

from typing import Any

from amaranth.hdl import Module, Signal, Value

from spikeplane.config import ChipConfig, bits_for

STAGES = 6  #: from a part's beginning until its threshold is compared


class Turns:
    """Which part is in which stage. Not a module of its own.

    Parameters: config: a chip with `sweep_lanes`.

    at[n]: number of the part that is in stage n; runs[n], last[n]: a part is there, and its element is its window's last.
    """

    def __init__(self, config: ChipConfig) -> None:
        bits = bits_for(config.sweep_turns)
        self.at = [Signal(bits, name=f"turn_{n}") for n in range(STAGES + 1)]
        self.runs = [Signal(name=f"turn_runs_{n}") for n in range(4)]
        self.last = [Signal(name=f"turn_last_{n}") for n in range(3)]

    def count(self, m: Module, element: Any, waits: Value, done: Value) -> None:
        """`element`: flags of what begins in the next cycle. `waits`: a window's last one waits with each part until the
        one before is done."""
        begins, _, _, last = element
        left, held = Signal(name="turns_left"), Signal(name="turn_held")
        m.d.comb += self.runs[0].eq(left & ~held)
        for row in (self.at, self.runs, self.last):
            m.d.sync += [after.eq(before) for before, after in zip(row, row[1:], strict=False)]
        with m.If(begins):
            m.d.sync += [left.eq(1), self.at[0].eq(0), self.last[0].eq(last)]
        with m.Elif(self.runs[0]):
            m.d.sync += [left.eq(~self.at[0].all()), self.at[0].eq(self.at[0] + 1)]
        with m.If(self.runs[0] & self.last[0] & waits):
            m.d.sync += held.eq(1)
        with m.Elif(done):
            m.d.sync += held.eq(0)
