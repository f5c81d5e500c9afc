"""The bits of integer spikes, the highest first, one a cycle for all lanes of a word.

```
    a word arrives:   rest = v + theta / 2     step = -(theta << n - 1)
    n cycles:         rest + step >= 0 ?  the bit is 1, rest += step      step >>= 1
    behind them:      u' = rest + step = rest - theta / 2
```
Each is one addition in the adder of the resets. A rest of exactly one step lies half way between two levels: the higher
one is even but in the lowest bit, where it is odd, so there the rest has to be larger. Not modules of their own.
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed

from spikeplane.formats.tables import LEVEL_BITS


class LevelSteps:
    """The count of the bits, which all lanes share; settings: of the population; parted: a word's lanes come in parts, whose
    amounts follow each other.

    word: a word arrives that has levels; leaves: in the next cycle a word's neurons are done; runs: its bits are found, which
    begins with `first` and ends with `lowest`; takes: what is left is being reset.
    """

    def __init__(self, settings: Any, parted: bool) -> None:
        self.settings, self.capped, self.parted = settings, settings.capped, parted
        self.left = Signal(LEVEL_BITS.bit_length(), name="level_bits_left")
        self.busy, self.first = Signal(name="level_busy"), Signal(name="level_first")
        self.word, self.leaves = Signal(name="level_word"), Signal(name="level_leaves")
        self.runs, self.takes = self.busy & (self.left != 0), self.busy & (self.left == 0)
        self.lowest = self.left == 1

    def count(self, m: Module, arrives: Signal) -> None:
        """`arrives`: a word of neurons is compared."""
        has = self.settings.levels != 0
        m.d.comb += [self.word.eq(arrives & has), self.leaves.eq((arrives & ~has) | self.takes)]
        m.d.sync += self.first.eq(self.word)
        with m.If(self.word):
            m.d.sync += [self.busy.eq(1), self.left.eq(self.settings.levels)]
        with m.Elif(self.takes):
            m.d.sync += self.busy.eq(0)
        with m.Elif(self.busy):
            m.d.sync += self.left.eq(self.left - 1)

    def lane(self, m: Module, lane: int, rest: Signal, begins: Value, amount: Value, level: Signal) -> Value:
        """One lane: `rest` is a register that a word `begins` with; amount: what a reset adds. Fills `level`, and returns the
        sum that a reset leaves."""
        step = Signal(signed(len(amount)), name=f"step_{lane}", reset_less=True)
        full = Signal(name=f"full_{lane}", reset_less=True)  # the top level has no lower bits
        over, total = Signal(name=f"reached_{lane}"), Signal(signed(len(rest)), name=f"left_{lane}")
        added = Mux(self.busy, step, amount) if self.parted else step
        m.d.comb += [
            total.eq(rest + added),
            over.eq(~total[-1] & ~(self.lowest & nothing_left(rest, added)) & ~full),
        ]
        m.d.sync += step.eq(amount)
        with m.If(self.word):
            m.d.sync += [rest.eq(begins), level.eq(0), full.eq(0)]
        with m.Elif(self.runs):
            m.d.sync += [step.eq(step >> 1), level.eq(Cat(over, level))]
            with m.If(over):
                m.d.sync += [rest.eq(total), full.eq(self.first & self.capped)]
        return total


def nothing_left(one: Value, other: Value) -> Value:
    """Whether the sum of two signed values, in the width of `one`, is 0: beside its carries, not behind them, whose way is long.
    It is where each place's sum bit is met by what the place below carries or adds."""
    width = len(one)
    return Value.cast((one ^ other)[:width] == ((one | other) << 1)[:width])
