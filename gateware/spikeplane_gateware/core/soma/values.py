"""What becomes of a word of neurons that is sent as values.

```
    word --> [ValueTable] --> its planes, one after the other           word --> row of the dynamic memory
             chips with tables                                          populations with sink ROWS, on chips with gates
```
"""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import connect, flipped

from spikeplane.formats.dynamic_tables import Sink
from spikeplane_gateware.core.soma.plane_counter import PlaneCounter
from spikeplane_gateware.core.soma.value_table import ValueTable


class Values:
    """The way of a word of values. Not a module of its own.

    Parameters: m, sweep: the sweep; planes: its count of planes.

    planed: pulse, the planes of a word begin; alone: no other word may be under way beside one; rests: nothing is under way
    here; read_data: of the tables, if there are any.
    """

    def __init__(self, m: Module, sweep: Any, planes: PlaneCounter) -> None:
        c, p, neurons = sweep.config, sweep.population, sweep.neurons
        self.planed: Value = neurons.out_valid
        self.rests, self.alone, self.read_data = planes.rests, p.membrane_out, None
        if c.tables:
            self._table(m, sweep)
        if c.gates:
            to_rows = Signal(name="to_rows")
            m.d.comb += [
                to_rows.eq(p.membrane_out & (p.sink == Sink.ROWS)),
                sweep.row_valid.eq(self.planed & to_rows),
                sweep.row.eq(Cat((v | Const(0, c.dynamic_bits))[: c.dynamic_bits] for v in neurons.v)),
            ]
            self.planed = self.planed & ~to_rows
            self.alone = p.membrane_out & ~(to_rows & ~p.tabled if c.tables else to_rows)

    def _table(self, m: Module, sweep: Any) -> None:
        """Between the neurons and what is sent."""
        neurons = sweep.neurons
        m.submodules.values = values = ValueTable(sweep.config)
        connect(m, values.write, flipped(sweep.write))
        connect(m, values.read, flipped(sweep.read))
        m.d.comb += [
            values.population.eq(sweep.population),
            values.found.eq(neurons.out_valid),
            values.v.eq(neurons.v[0]),
            neurons.turn.eq(values.turn),
            neurons.entry.eq(values.entry),
        ]
        self.planed, self.rests, self.read_data = values.ready, self.rests & ~values.busy, values.read_data
