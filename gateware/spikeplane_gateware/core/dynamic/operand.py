"""Where an op's weights come from: the weight memory, or on a chip with a dynamic memory a row of that.

```
    op --fetch--> DynamicMemory --words of both banks--> row register -----+
       -------> weight memory --found------------------> weight register --+-> a lane's weight
       -- dynamic, three cycles on (is_row) --------------------------------^
```
Both come out of their RAMs in the same cycle, late in it: each goes straight into a register beside it, and the one that is
meant is chosen behind them.
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
    return max(config.weight_bits, 2 if config.weight_bits == 1 else 0, config.dynamic_bits + 1)


class Operand:
    """The choice of an op's weights. Not a module of its own.

    Parameters: m, owner: of the accumulate pipeline; taken: its op is; stages: (valid, op) from the addresses' stage on.
    """

    def __init__(self, m: Module, owner: Any, taken: Value, stages: list) -> None:
        self.m, self.config = m, owner.config
        c, (valid, first), op = self.config, stages[0], owner.op
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

    def weight(self, lane: int, word: Value) -> Value:
        """A lane's weight, signed, of which `word`, the weight register, has what the weight memory stores."""
        c = self.config
        stored = Value.cast(word[lane * c.weight_bits : (lane + 1) * c.weight_bits])
        if c.weight_bits == 1:
            stored = Value.cast(Cat(1, stored))  # its sign only
        if not c.dynamic_depth:
            return stored.as_signed()
        spare = operand_bits(c) - len(stored)
        number = self.row[lane * c.dynamic_bits :][: c.dynamic_bits] | Const(0, operand_bits(c))
        return Mux(self.is_row[lane], number, Cat(stored, stored[-1].replicate(spare))).as_signed()
