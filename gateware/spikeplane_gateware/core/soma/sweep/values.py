"""What becomes of a word of neurons that is sent as values.

```
    found --> [ValueTable] --> part --> complete --> planed: its planes, one after the other
              chips with tables              +-----> row of the dynamic memory: populations with sink ROWS, on chips with gates
```
Latency: 0 cycles without a table's entries. A word whose lanes come a part at a time is complete with the last one, and its row
comes a cycle later.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.dynamic.ports import row_width
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.core.soma.value_table import ValueTable
from spikeplane_gateware.structs import struct


def table_ports(config: ChipConfig) -> dict[str, Any]:
    """The ports of the memory TABLE, and of the lanes that turn through it; on a chip with tables only."""
    buses = {"write": In(WriteBus(config)), "read": In(ReadBus(config)), "read_data": Out(CHUNK_BITS)}
    return {**buses, "turn": Out(1), "entry": Out(config.membrane_bits)} if config.tables else {}


def row_ports(config: ChipConfig) -> dict[str, Any]:
    """A word of values that becomes a row; on a chip with gates only."""
    return {"row_valid": Out(1), "row": Out(row_width(config))} if config.gates else {}


class Values(wiring.Component):
    """The way of a word of values.

    Parameters: config: the chip.

    Attributes: population: POPULATION word under way; found: pulse, a word of neurons, or a part, stands in the lanes; v: of
    each lane; part: pulse, what is to be sent of it stands there; number: which part (chips with `sweep_lanes`); complete:
    pulse, a word has left the neurons; planed: pulse, a word's planes begin; busy: something is under way here; alone: no other
    word may be under way beside one; write, read, read_data, turn, entry: see ValueTable; row_valid, row: a row (chips with gates).
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "population": In(struct(core_tables(config).population)),
                "found": In(1),
                "v": In(config.membrane_bits).array(config.swept_lanes),
                **dict.fromkeys(("part", "complete", "planed", "busy", "alone"), Out(1)),
                **({"number": Out(bits_for(config.sweep_turns))} if config.sweep_turns > 1 else {}),
                **table_ports(config),
                **row_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c, p = Module(), self.config, self.population
        part, busy = self._table(m) if c.tables else (self.found, Const(0, 1))
        whole, word = part, self.found
        if c.sweep_turns > 1:
            whole = word = part & self.number.all()
            with m.If(part):
                m.d.sync += self.number.eq(self.number + 1)
        planed, alone = whole, p.membrane_out
        if c.gates:
            to_rows = Signal()
            m.d.comb += to_rows.eq(p.membrane_out & (p.sink == Sink.ROWS))
            planed = whole & ~to_rows
            alone = p.membrane_out & ~(to_rows & ~p.tabled if c.tables else to_rows)
            busy = busy | self._row(m, whole & to_rows, to_rows)
        m.d.comb += [
            self.part.eq(part),
            self.busy.eq(busy),
            self.complete.eq(word),
            self.planed.eq(planed),
            self.alone.eq(alone),
        ]
        return m

    def _table(self, m: Module) -> tuple[Value, Value]:
        """Between the neurons and what is sent. Returns when that stands in the lanes, and whether it is under way."""
        m.submodules.values = values = ValueTable(self.config)
        connect(m, values.write, flipped(self.write))
        connect(m, values.read, flipped(self.read))
        m.d.comb += [
            values.population.eq(self.population),
            values.found.eq(self.found),
            values.v.eq(self.v[0]),
            self.turn.eq(values.turn),
            self.entry.eq(values.entry),
            self.read_data.eq(values.read_data),
        ]
        return values.ready, values.busy

    def _row(self, m: Module, whole: Value, to_rows: Value) -> Value:
        """A word's lanes as numbers; of parts, lane 0 first. Returns whether a row is under way."""
        bits = self.config.dynamic_bits
        numbers = Value.cast(Cat((v | Const(0, bits))[:bits] for v in self.v))
        if self.config.sweep_turns == 1:
            m.d.comb += [self.row_valid.eq(whole), self.row.eq(numbers)]
            return Const(0, 1)
        row = Signal(len(self.row), name="row_parts", reset_less=True)
        m.d.comb += self.row.eq(row)
        m.d.sync += self.row_valid.eq(whole)
        with m.If(self.part & to_rows):
            m.d.sync += row.eq(Cat(row, numbers)[len(numbers) :])
        return self.row_valid
