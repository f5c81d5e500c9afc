"""Which of the ops before an op wrote to the same word: what the sums are told to forward.

```
  cycle  c     c+1                                         c+2                        c+3
  op --> op_1 -- compare with 1 to 4 ago --> forwarded     two, older, third, clears  one
```
Found at the first stage; the lanes use all of it from registers, a cycle later.
"""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for

STAGES = 6
FLAGS = ("forwarded", "two", "older", "third", "clears", "one")


def touch_layout(config: ChipConfig) -> data.StructLayout:
    """An op on one word. `touches`: it is one; `writes`: it writes the sum, or 0 where it `clears`; `gradient`: to D at a
    weight's place, else to X at {accumulator word, bank}."""
    place = max(bits_for(config.acc_depth) + 1, bits_for(config.weight_depth))
    return data.StructLayout({"touches": 1, "writes": 1, "clears": 1, "gradient": 1, "place": place})


class Matches(wiring.Component):
    """The ops under way, and what each has to do with those before it.

    Parameters
    ----------
    config : ChipConfig
        A chip that learns.

    Attributes
    ----------
    op : In(touch_layout)
        An op.
    valid, last : Out(6), Out(touch_layout)
        An op is 1 to 6 cycles old; the op of four cycles.
    forwarded, two, older, third, clears, one : Out(1)
        The word in memory is stale (a cycle after the op); the op two before wrote it; or else one three or four before
        did, and that was the third; the word becomes 0 (2 cycles); the op just before wrote it, and it does not
        become 0 (3).
    """

    def __init__(self, config: ChipConfig) -> None:
        self.layout = touch_layout(config)
        flags = {name: Out(1) for name in FLAGS}
        super().__init__({"op": In(self.layout), "valid": Out(STAGES), "last": Out(self.layout), **flags})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        ops = [self.op, *(Signal(self.layout, name=f"op_{i}", reset_less=True) for i in range(5))]
        m.d.sync += [after.eq(before) for before, after in zip(ops, ops[1:], strict=False)]
        m.d.sync += self.valid.eq(Cat(self.op.touches, self.valid[:-1]))
        m.d.comb += self.last.eq(ops[4])
        same = self._same(m, ops)
        near = Signal(4)  # of stage 1: one, two, older, third
        one = Signal(name="one_2")
        m.d.sync += near.eq(Cat(same[0], same[1], ~same[1] & (same[2] | same[3]), same[2]))
        m.d.sync += one.eq(near[0] & ~ops[2].clears)
        flags = (Cat(*same[1:]).any(), near[1], near[2], near[3], ops[2].clears, one)
        for name, flag in zip(FLAGS, flags, strict=True):
            m.d.comb += getattr(self, name).eq(flag)
        return m

    def _same(self, m: Module, ops: list) -> list[Value]:
        """Whether the op of 1, 2, 3 and 4 before wrote the word of the one at stage 0."""
        now, found = ops[1], []
        for number, before in enumerate(ops[2:], 1):
            equal = Signal(name=f"equal_{number}")
            wrote = self.valid[number] & before.writes
            place = (before.place == now.place) & (before.gradient == now.gradient)
            m.d.comb += equal.eq(self.valid[0] & wrote & place)
            found.append(equal)
        return found
