"""The running gradients of a core with momentum: a memory beside that of the weights, and the word under way.

```
    address --> RAM --> (a cycle later) number when `takes` --+--> number
                 ^------------------------ found <------------+-- when `keeps`
```
Each lane is a binary16 number. Nothing clears the memory: the host writes it, and an update.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training_tables import TrainingMemory
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.ram import Ram


class Momenta(wiring.Component):
    """The memory MOMENTUM.

    Parameters: config: a chip with momentum.

    Attributes: write, read, read_data: it, on the buses of the loader and of the read-back; address: of the word, two
    cycles before `takes`; numbers: the word under way; takes: pulse, it is that of the memory; keeps: pulse, it is `found`;
    stores: pulse, `found` goes into the memory.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables = config, core_tables(config)
        self.width = self.tables.width(TrainingMemory.MOMENTUM)
        super().__init__(
            {
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "address": In(bits_for(config.weight_depth)),
                "takes": In(1),
                "keeps": In(1),
                "stores": In(1),
                "found": In(self.width),
                "numbers": Out(self.width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, memory, word = Module(), TrainingMemory.MOMENTUM, Signal(self.width, reset_less=True)
        m.submodules.ram = ram = Ram(width=self.width, depth=self.tables.depth(memory))
        m.d.comb += [
            ram.read_en.eq(1),
            ram.read_address.eq(Mux(self.read.access, self.read.address, self.address)),
            ram.write_en.eq(self.stores | (self.write.valid & (self.write.memory == memory))),
            ram.write_address.eq(Mux(self.stores, self.address, self.write.address)),
            ram.write_data.eq(Mux(self.stores, self.found, self.write.data)),
            self.numbers.eq(word),
        ]
        loads = self.takes | self.read.load
        m.d.comb += self.read_data.eq(
            output_register(m, self.read, memory, self.tables, word, ram.read_data, loads)
        )
        with m.If(self.keeps):
            m.d.sync += word.eq(self.found)
        return m
