"""The dynamic memory: two banks of rows, by the step's parity, each a RAM of its own.

```
    reader --> address register --+-> bank 0 -> words[0] --+
                                  +-> bank 1 -> words[1] --+-> word (of the engine's bank)
    engine -- rows.read ----------+       ^
           -- rows.write -----------------+ (to its bank)
```
Throughput: for each bank a read and a write a cycle. Where reader and engine want the same bank, the reader comes first
and the engine waits for that cycle. They never touch the same row: a row is read only after the engine has done with it.
"""

from typing import Any

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.dynamic.ports import ReadPort, RowPort, row_bits, row_width
from spikeplane_gateware.ram import Ram


class DynamicMemory(wiring.Component):
    """Both banks of a core's dynamic memory.

    Parameters: config: a chip with `dynamic_depth`.

    Attributes: reader: of the accumulate pipeline; rows: of the outer engine.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__({"reader": In(ReadPort(config)), "rows": In(RowPort(config))})

    def elaborate(self, platform: object) -> Module:
        m, reader, rows = Module(), self.reader, self.rows
        at = Signal(row_bits(self.config), reset_less=True)
        wants = Signal(2)
        m.d.sync += wants.eq(Mux(reader.fetch, Mux(reader.bank, 0b10, 0b01), 0))
        with m.If(reader.fetch):
            m.d.sync += at.eq(reader.row)
        m.d.comb += rows.read_ready.eq(~Mux(rows.bank, wants[1], wants[0]))
        for bank in range(2):
            mine = rows.bank if bank else ~rows.bank
            m.submodules[f"bank_{bank}"] = ram = Ram(
                width=row_width(self.config), depth=self.config.dynamic_depth
            )
            m.d.comb += [
                ram.read_en.eq(wants[bank] | (rows.read_valid & mine)),
                ram.read_address.eq(Mux(wants[bank], at, rows.read_row)),
                ram.write_en.eq(rows.write_valid & mine),
                ram.write_address.eq(rows.write_row),
                ram.write_data.eq(rows.write_word),
                reader.words[bank].eq(ram.read_data),
            ]
        m.d.comb += rows.word.eq(Mux(rows.bank, reader.words[1], reader.words[0]))
        return m


def add_dynamic_memory(m: Module, config: ChipConfig, synapses: Any, soma: Any) -> None:
    """The dynamic memory of a core that has one, between its two stages."""
    if config.dynamic_depth:
        m.submodules.dynamic = dynamic = DynamicMemory(config)
        connect(m, synapses.dynamic, dynamic.reader)
        connect(m, soma.rows, dynamic.rows)
        m.d.comb += synapses.unready.eq(soma.unready)
