"""What becomes of a word of neurons that is sent as values, where its lanes come a part at a time.

```
    part --> [ValueTable] --> parts kept until the word is complete --> its planes, part by part
             chips with tables                                  +-----> row of the dynamic memory
```
"""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value

from spikeplane.config import bits_for
from spikeplane.formats.dynamic_tables import Sink
from spikeplane_gateware.core.soma.plane_counter import PlaneCounter
from spikeplane_gateware.core.soma.values import Values


class NarrowValues(Values):
    """The way of a word of values, as `Values`; also part: pulse, a part has come, with its entries; number: which one;
    complete: it is the word's last."""

    def __init__(self, m: Module, sweep: Any, planes: PlaneCounter) -> None:
        c, p, neurons = sweep.config, sweep.population, sweep.neurons
        self.planed: Value = neurons.out_valid
        self.rests, self.alone, self.read_data = planes.rests, p.membrane_out, None
        if c.tables:
            self._table(m, sweep)
        self.number = Signal(bits_for(c.sweep_turns), name="part_number")
        m.d.comb += [sweep.part.eq(self.planed), sweep.complete.eq(sweep.part & self.number.all())]
        with m.If(sweep.part):
            m.d.sync += self.number.eq(self.number + 1)
        self.planed = sweep.complete
        if c.gates:
            self._rows(m, sweep)

    def _rows(self, m: Module, sweep: Any) -> None:
        """A row is made of parts, lane 0 first."""
        c, p, neurons, to_rows = sweep.config, sweep.population, sweep.neurons, Signal(name="to_rows")
        numbers = Cat((v | Const(0, c.dynamic_bits))[: c.dynamic_bits] for v in neurons.v)
        row = Signal(len(sweep.row), name="row_parts", reset_less=True)
        m.d.comb += [to_rows.eq(p.membrane_out & (p.sink == Sink.ROWS)), sweep.row.eq(row)]
        m.d.sync += sweep.row_valid.eq(sweep.complete & to_rows)
        with m.If(sweep.part & to_rows):
            m.d.sync += row.eq(Cat(row, numbers)[len(numbers) :])
        self.planed = self.planed & ~to_rows
        self.rests = self.rests & ~sweep.row_valid
        self.alone = p.membrane_out & ~(to_rows & ~p.tabled if c.tables else to_rows)
