"""The maximum of the accumulators in a window, a part of the lanes at a time, and its membranes beside it.

```
    data --> [word] --> part + bias --> [drive] --> maximum <-> table of best --> [current]
    words of membranes --> [u] ------------------------------------------------> u
```
Throughput: a part a cycle. Latency: 3 cycles from a part's turn in stage 1 to its current.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane_gateware.core.soma.sweep.part_table import part_table


class NarrowMaximum(wiring.Component):
    """The window's maximum of a part's lanes.

    Parameters: config: a chip with `sweep_lanes`.

    Attributes: data: a word of accumulators, of an element if valid; inside, fresh: the element lies there, and is its window's
    first that does; words: of membranes, of a part whose window ends if loads; bias: of the part in its stage; bias_at, best_at:
    parts that take their bias and their maximum, if adds and compares; u, current: of each lane of the part.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        number, lanes = In(bits_for(config.sweep_turns)), config.swept_lanes
        super().__init__(
            {
                **dict.fromkeys(("valid", "inside", "fresh", "loads", "adds", "compares"), In(1)),
                **dict.fromkeys(("bias_at", "best_at"), number),
                "data": In(config.acc_bits).array(config.lanes),
                "words": In(config.membrane_bits).array(lanes),
                "bias": In(config.acc_bits).array(lanes),
                "u": Out(config.membrane_bits).array(lanes),
                "current": Out(config.acc_bits).array(lanes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c, lanes = Module(), self.config, range(self.config.swept_lanes)
        word = Signal(c.lanes * c.acc_bits, reset_less=True)
        # of the element: it lies inside, and is the first of its window that does
        now, then = Signal(2, name="element_is"), Signal(2, name="element_was")
        m.d.sync += then.eq(now)
        with m.If(self.valid):
            m.d.sync += [now.eq(Cat(self.inside, self.fresh)), word.eq(Cat(self.data))]
        write, found = part_table(m, c, "best", c.acc_bits, self.best_at)
        part = word.word_select(self.bias_at, len(lanes) * c.acc_bits)
        best = [
            self._lane(m, lane, part[lane * c.acc_bits :][: c.acc_bits], found[lane], then) for lane in lanes
        ]
        m.d.comb += [write.en.eq(self.compares), write.addr.eq(self.best_at), write.data.eq(Cat(best))]
        return m

    def _lane(self, m: Module, lane: int, new: Value, old: Value, flags: Signal) -> Value:
        """One lane of the part: `new` its accumulator, `old` its maximum so far. Returns what that becomes."""
        c = self.config
        u = Signal(c.membrane_bits, name=f"u_{lane}", reset_less=True)
        drive, current, best = (
            Signal(c.acc_bits, name=f"{name}_{lane}", reset_less=True)
            for name in ("drive", "current", "best")
        )
        with m.If(self.loads):
            m.d.sync += u.eq(self.words[lane])
        with m.If(self.adds):
            m.d.sync += drive.eq(new + self.bias[lane])
        takes = flags[0] & (flags[1] | (old.as_signed() < drive.as_signed()))
        m.d.comb += best.eq(Mux(takes, drive, old))
        with m.If(self.compares):
            m.d.sync += current.eq(best)
        m.d.comb += [self.u[lane].eq(u), self.current[lane].eq(current)]
        return best
