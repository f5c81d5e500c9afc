"""The memory POPULATION, and the word of the population whose job is under way.

```
    slot --> POPULATION --> output register --> population
             asks, a cycle ago --^
```
Latency: 2 cycles from `asks`, which the slot stands before.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, SLOT_BITS
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.structs import struct


class PopulationWord(wiring.Component):
    """The populations of a core.

    Parameters: config: the chip.

    Attributes: write, read, read_data: the memory, on the buses of the loader and of the read-back; slot: of the job that
    waits; asks: pulse, the memory is asked for its word; population: the word, a level.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables = config, core_tables(config)
        super().__init__(
            {
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "slot": In(SLOT_BITS),
                "asks": In(1),
                "population": Out(struct(self.tables.population)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, place = Module(), Memory.POPULATION
        m.submodules.table = table = Ram(width=self.tables.width(place), depth=self.tables.depth(place))
        takes = Signal()  # wide registers are enabled by registers: the way to all of their bits is long
        m.d.sync += takes.eq(self.asks | self.read.access)
        m.d.comb += [
            table.read_en.eq(1),
            table.read_address.eq(Mux(self.read.access, self.read.address, self.slot)),
            table.write_en.eq(self.write.valid & (self.write.memory == place)),
            table.write_address.eq(self.write.address),
            table.write_data.eq(self.write.data),
            self.read_data.eq(
                output_register(m, self.read, place, self.tables, self.population, table.read_data, takes)
            ),
        ]
        return m
