"""Where an op's weights come from: the weight memory, or on a chip with a dynamic memory a row of that.

```
    op --fetch--> DynamicMemory --words of both banks--> row register -----+
       -------> weight memory --found------------------> weight register --+-> a lane's weight
       -- dynamic, three cycles on (is_row) --------------------------------^
```
Both come out of their RAMs in the same cycle, late in it: each goes straight into a register beside it, and the one that is
meant is chosen behind them. Where an op may have two spikes, its two weights are added in front of the weight register, because they
share shift and sign; what their sum has beyond `weight_bits` stands in a register of its own.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.copies import copies
from spikeplane_gateware.core.dynamic.ports import ReadPort, row_bits, row_width


def dynamic_port(config: ChipConfig) -> dict[str, Any]:
    """The port of the accumulate pipeline to the dynamic memory, where there is one."""
    return {"dynamic": Out(ReadPort(config))} if config.dynamic_depth else {}


def operand_bits(config: ChipConfig) -> int:
    """Bits of a weight in two's complement, whichever memory it comes from."""
    return max(_sum_bits(config), config.dynamic_bits + 1)


def _sum_bits(config: ChipConfig) -> int:
    """Of a stored weight, or of the sum of two."""
    return max(config.weight_bits, 2) + config.spikes_per_cycle - 1


class Operand:
    """The choice of an op's weights. Not a module of its own.

    Parameters: m, owner: of the accumulate pipeline; taken: its op is; stages: (valid, op) from the addresses' stage on.
    """

    def __init__(self, m: Module, owner: Any, taken: Value, stages: list) -> None:
        self.m, self.config = m, owner.config
        c, (valid, first), op = self.config, stages[0], owner.op
        if c.spikes_per_cycle == 2:
            self.both = copies(m, valid & first.both & ~first.is_event, c.lanes, "adds_second")
            # of two weights of one bit, and of one, it is the lowest bit
            self.odd = copies(m, ~self.both[0], c.lanes, "weight_is_odd") if c.weight_bits == 1 else []
            self.more = _sum_bits(c) - c.weight_bits  #: bits of the high register, a lane
            self.high = Signal(c.lanes * self.more, name="weight_high", reset_less=True)
        if not c.dynamic_depth:
            return
        self.port = owner.dynamic
        self.row = Signal(row_width(c), name="row_word", reset_less=True)
        chosen, self.bank = Signal(name="row_chosen"), Signal(name="row_bank")
        m.d.sync += [chosen.eq(valid & first.dynamic & ~first.is_event), self.bank.eq(first.bank)]
        self.is_row = copies(m, chosen, c.lanes, "weight_is_row")
        m.d.comb += [
            self.port.fetch.eq(taken & op.dynamic & ~op.is_event),
            self.port.bank.eq(op.bank),
            self.port.row.eq(op.weight_address[: row_bits(c)]),
        ]

    def load(self, loads: Value) -> None:
        """The row register takes the row of the op's bank when the weight register `loads`."""
        if self.config.dynamic_depth:
            with self.m.If(loads):
                self.m.d.sync += self.row.eq(Mux(self.bank, self.port.words[1], self.port.words[0]))

    def source(self, found: Value, second: Value, loads: Value) -> Value:
        """What the weight register takes when it `loads`: `found`, or its sum with `second`."""
        c = self.config
        if c.spikes_per_cycle == 1:
            return found
        low, high = [], []
        for lane in range(c.lanes):
            place = slice(lane * c.weight_bits, (lane + 1) * c.weight_bits)
            one, other, both = found[place], second[place], self.both[lane]
            total = Signal(_sum_bits(c), name=f"weights_{lane}")
            if c.weight_bits == 1:  # the register keeps what is stored, for the read-back
                self.m.d.comb += total.eq(Cat(1, one).as_signed() + Cat(both, other & both).as_signed())
                low.append(one)
            else:
                self.m.d.comb += total.eq(one.as_signed() + Mux(both, other, 0).as_signed())
                low.append(total[: c.weight_bits])
            high.append(total[c.weight_bits :])
        with self.m.If(loads):
            self.m.d.sync += self.high.eq(Cat(*high))
        return Value.cast(Cat(*low))

    def weight(self, lane: int, word: Value) -> Value:
        """A lane's weight, signed, of which `word`, the weight register, has what the weight memory stores."""
        c = self.config
        stored = Value.cast(word[lane * c.weight_bits : (lane + 1) * c.weight_bits])
        if c.spikes_per_cycle == 2:
            lowest = stored if c.weight_bits > 1 else self.odd[lane]
            stored = Value.cast(Cat(lowest, self.high[lane * self.more :][: self.more]))
        elif c.weight_bits == 1:
            stored = Value.cast(Cat(1, stored))  # its sign only
        if not c.dynamic_depth:
            return stored.as_signed()
        spare = operand_bits(c) - len(stored)
        number = self.row[lane * c.dynamic_bits :][: c.dynamic_bits] | Const(0, operand_bits(c))
        return Mux(self.is_row[lane], number, Cat(stored, stored[-1].replicate(spare))).as_signed()
