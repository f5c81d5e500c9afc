"""Where an op's weights come from: the weight memory, or on a chip with a dynamic memory a row of that.

```
    op --fetch--> DynamicMemory --words of both banks--+
       -------> weight memory --found------------------+-> weight register --+-> a lane's weight
       -- dynamic, bank, two cycles on (chosen) -------+-> high register ----+
```
Both come out of their RAMs in the same cycle, and the one that is meant goes into the register behind the weight memory. What
a number of a row has beyond `weight_bits`, and its sign, stands in a register of its own.
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.copies import copies
from spikeplane_gateware.core.dynamic.ports import ReadPort, row_bits


def dynamic_port(config: ChipConfig) -> dict[str, Any]:
    """The port of the accumulate pipeline to the dynamic memory, where there is one."""
    return {"dynamic": Out(ReadPort(config))} if config.dynamic_depth else {}


def operand_bits(config: ChipConfig) -> int:
    """Bits of a weight in two's complement, whichever memory it comes from."""
    return max(config.weight_bits, 2 if config.weight_bits == 1 else 0, config.dynamic_bits + 1)


class Operand:
    """The choice of an op's weights. Not a module of its own.

    Parameters: m, owner: of the accumulate pipeline; taken: its op is; stages: (valid, op) from the addresses' stage on.
    """

    def __init__(self, m: Module, owner: Any, taken: Value, stages: list) -> None:
        self.m, self.config = m, owner.config
        c, (valid, first), op = self.config, stages[0], owner.op
        self.spare = operand_bits(c) - c.weight_bits  #: bits of the high register, a lane
        if not c.dynamic_depth:
            return
        self.port = owner.dynamic
        flags = Cat(valid & first.dynamic & ~first.is_event, first.bank)
        self.chosen = copies(m, flags, c.lanes, "dynamic_chosen")
        self.high = Signal(c.lanes * self.spare, name="weight_high", reset_less=True)
        # a stored weight of one bit is its sign only: what is lower is 1
        self.rows = copies(m, self.chosen[0][0], c.lanes, "weight_is_row") if c.weight_bits == 1 else []
        m.d.comb += [
            self.port.fetch.eq(taken & op.dynamic & ~op.is_event),
            self.port.bank.eq(op.bank),
            self.port.row.eq(op.weight_address[: row_bits(c)]),
        ]

    def source(self, found: Value, loads: Value) -> Value:
        """What the weight register takes: `found`, or the low bits of a row's numbers. `loads`: it does."""
        c = self.config
        if not c.dynamic_depth:
            return found
        low, high = [], []
        for lane in range(c.lanes):
            chosen, stored = self.chosen[lane], found[lane * c.weight_bits :][: c.weight_bits]
            place = slice(lane * c.dynamic_bits, (lane + 1) * c.dynamic_bits)
            number = Mux(chosen[1], self.port.words[1][place], self.port.words[0][place])
            low.append(Mux(chosen[0], number[: c.weight_bits], stored))
            sign = stored[-1].replicate(self.spare)
            high.append(Mux(chosen[0], number[c.weight_bits :], sign)[: self.spare])
        with self.m.If(loads):
            self.m.d.sync += self.high.eq(Cat(*high))
        return Value.cast(Cat(*low))

    def weight(self, lane: int, word: Value) -> Value:
        """A lane's weight, signed, of which `word`, the weight register, has what the weight memory stores."""
        c = self.config
        stored = word[lane * c.weight_bits : (lane + 1) * c.weight_bits]
        if not c.dynamic_depth:
            return Cat(1, stored).as_signed() if c.weight_bits == 1 else stored.as_signed()
        low = stored | ~self.rows[lane] if c.weight_bits == 1 else stored
        return Cat(low, self.high[lane * self.spare :][: self.spare]).as_signed()
