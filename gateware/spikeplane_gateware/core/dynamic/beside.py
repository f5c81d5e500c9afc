"""An op beside a word of a sweep in the same cycle, on a chip with a dynamic memory: its ops are few for each word that is swept.

```
    op of the same word as the op before it --> needs no word of memory --> goes beside a request of the sweep
                                   that one --> needs no write, as this one writes the same word a cycle later
    request with `clear` --> writes clear_word itself; an op beside it that writes comes first, then the clear is late
```
Ops of a bit of the same word of Q follow each other on one accumulator word, so that port and write are free most of the
time. Without a dynamic memory an op waits for every request, and a clear passes the adder (see Accumulate).
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.copies import copies


def again_field(config: ChipConfig) -> dict[str, Any]:
    """What an op of a chip with a dynamic memory says besides: it goes to the word of the op before it, which was taken in the
    cycle before."""
    return {"again": 1} if config.dynamic_depth else {}


class Beside:
    """The accumulate pipeline's way with requests of the sweep. Not a module of its own.

    Parameters: owner: the accumulate pipeline.

    At most one clear is late: an op that goes beside a request follows, without a gap, one that goes alone and does not write.
    """

    def __init__(self, owner: Any) -> None:
        self.owner, self.config = owner, owner.config
        self.blank: list[Signal] = []  # by lane: a clear is written
        if self.config.dynamic_depth:
            self.late = Signal(name="clear_is_late")
            self.own = Signal(name="writes_sum")
            place = Cat(owner.sweep.address, owner.sweep.bank)
            self.late_at = Signal(len(place), name="clear_late_at", reset_less=True)

    def stall(self) -> Value:
        """The op has to wait."""
        owner = self.owner
        if not self.config.dynamic_depth:
            return owner.sweep.valid
        return (owner.sweep.valid & ~owner.op.again) | owner.held

    def stale(self, forwarded: Value, slot: Value) -> Value:
        """Whether the word of the memory is left out: of an op whose sum comes from another one's. `slot`: the request."""
        return forwarded & ~slot.valid if self.config.dynamic_depth else forwarded

    def late_clears(self, m: Module, stages: list, slot: Value, one_ago: Value) -> None:
        """What is written for stage 3. `one_ago`: the op at stage 2 goes to the same word."""
        if not self.config.dynamic_depth:
            return
        (valid, op), (next_valid, following) = stages[3], stages[2]
        self.blank.extend(copies(m, ~self.own, self.config.lanes, "writes_clear"))
        clears = slot.valid & slot.clear
        replaced = one_ago & next_valid & ~following.is_event
        m.d.comb += self.own.eq(valid & ~op.is_event & ~replaced)
        m.d.sync += self.late.eq(Mux(self.own, self.late | clears, self.late & clears))
        with m.If(self.own & clears):
            m.d.sync += self.late_at.eq(Cat(slot.address, slot.bank))
        m.d.comb += [self.owner.sweep.late.eq(self.late), self.owner.sweep.soon.eq(self.owner.soon)]

    def writes(self, own: Value, slot: Value) -> Value:
        """Whether anything is."""
        clears = slot.valid & slot.clear
        return self.own | clears | self.late if self.config.dynamic_depth else own | clears

    def write_at(self, own: Value, place: Value, slot: Value) -> Value:
        """Where: the op's word or the request's."""
        if not self.config.dynamic_depth:
            return Mux(slot.valid, place, own)
        return Mux(self.own, own, Mux(slot.valid & slot.clear, place, self.late_at))

    def enable(self, busy: Value) -> Value:
        """Whether `write_at` is taken."""
        return busy | self.late if self.config.dynamic_depth else busy

    def quiet(self, rests: Value) -> Value:
        """Whether nothing is under way."""
        return rests & ~self.late if self.config.dynamic_depth else rests

    def written(self, lane: int, total: Value) -> Value:
        """The lane's number that is written."""
        if not self.config.dynamic_depth:
            return total
        return Mux(self.blank[lane], self.owner.sweep.clear_word[lane], total)
