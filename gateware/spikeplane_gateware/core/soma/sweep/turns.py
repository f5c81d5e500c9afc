"""The turns of a word: the parts of its lanes that a narrow sweep computes in one cycle each.

```
    an element comes --> part 0, 1, 2 ... of it, one a cycle --> [number] -> [number] -> ... by the stages that it has passed
                            or one when the last is done
```
Throughput: a part a cycle. Latency: the first part is in stage 0 in the cycle behind its element.
"""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for

STAGES = 6  #: from a part's beginning until its threshold is compared
BIAS, BEST = 2, 3  #: the stages in which a part takes its bias, and its window's maximum so far


def parts_of(config: ChipConfig, words: Value) -> Value:
    """As many words of membranes, or the place of this one, in the parts that are swept in a cycle."""
    return Value.cast(Cat(Const(0, bits_for(config.sweep_turns)), words)) if config.sweep_turns > 1 else words


class Turns(wiring.Component):
    """Which part is in which stage.

    Parameters: config: a chip with `sweep_lanes`.

    Attributes: begins: an element's parts begin in the next cycle; ends: it is its window's last; waits: such a one waits with
    each part until done: pulse, the one before is; at[n]: number of the part that is in stage n; runs[n], last[n]: a part is
    there, and its element is its window's last.
    """

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(
            {
                **dict.fromkeys(("begins", "ends", "waits", "done"), In(1)),
                "at": Out(bits_for(config.sweep_turns)).array(STAGES + 1),
                "runs": Out(1).array(4),
                "last": Out(1).array(3),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left, held = Signal(name="turns_left"), Signal(name="turn_held")
        m.d.comb += self.runs[0].eq(left & ~held)
        for row in (self.at, self.runs, self.last):
            m.d.sync += [row[n + 1].eq(row[n]) for n in range(len(row) - 1)]
        with m.If(self.begins):
            m.d.sync += [left.eq(1), self.at[0].eq(0), self.last[0].eq(self.ends)]
        with m.Elif(self.runs[0]):
            m.d.sync += [left.eq(~self.at[0].all()), self.at[0].eq(self.at[0] + 1)]
        with m.If(self.runs[0] & self.last[0] & self.waits):
            m.d.sync += held.eq(1)
        with m.Elif(self.done):
            m.d.sync += held.eq(0)
        return m
