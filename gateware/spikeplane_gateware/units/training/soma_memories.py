"""The memories of the soma of a core that learns: POPULATION, PARAMETER and the tape.

```
    slot, parameter_at, tape_at --> RAM --> (a cycle later) population when `loads`, parameter, tape_word
```
"""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS, SLOT_BITS
from spikeplane.formats.tables import AnyMemory, Memory, core_tables
from spikeplane.formats.training_tables import TrainingMemory
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.structs import struct


class SomaMemories(wiring.Component):
    """The soma's memories.

    Parameters: config: the chip.

    Attributes: write, read, read_data: they, on the buses of the loader and of the read-back; slot, loads: the population
    whose word is taken, the cycle after slot; population: that word; parameter_at, parameter; tape_at, tape_word: an address
    and, a cycle later, the word; tape_write, tape_write_at, tape_data: a word for the tape.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config, self.tables = config, core_tables(config)
        tape, width = bits_for(config.training.tape_depth), self.tables.width(TrainingMemory.TAPE)
        super().__init__(
            {
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "slot": In(SLOT_BITS),
                "loads": In(1),
                "population": Out(struct(self.tables.population)),
                "parameter_at": In(bits_for(config.parameter_depth)),
                "parameter": Out(self.tables.width(Memory.PARAMETER)),
                "tape_at": In(tape),
                "tape_word": Out(width),
                "tape_write": In(1),
                "tape_write_at": In(tape),
                "tape_data": In(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, tables, load = Module(), self.tables, self.read.load
        words = self._ram(m, Memory.POPULATION, self.slot)
        parameters = self._ram(m, Memory.PARAMETER, self.parameter_at)
        tape = self._ram(m, TrainingMemory.TAPE, self.tape_at)
        with m.If(self.tape_write):
            m.d.comb += [
                tape.write_en.eq(1),
                tape.write_address.eq(self.tape_write_at),
                tape.write_data.eq(self.tape_data),
            ]
        m.d.comb += [self.parameter.eq(parameters.read_data), self.tape_word.eq(tape.read_data)]
        shown = (
            (Memory.POPULATION, self.population, words.read_data, self.loads | load),
            (Memory.PARAMETER, Signal.like(self.parameter, name="shown"), parameters.read_data, load),
            (TrainingMemory.TAPE, Signal.like(self.tape_word, name="shown_tape"), tape.read_data, load),
        )
        given: Value = Value.cast(0)
        for memory, register, source, loads in shown:
            given = given | output_register(m, self.read, memory, tables, register, source, loads)
        m.d.comb += self.read_data.eq(given)
        return m

    def _ram(self, m: Module, memory: AnyMemory, at: Value) -> Ram:
        """A memory that the host writes and reads too; its word comes a cycle after the address."""
        m.submodules[memory.name.lower()] = ram = Ram(
            width=self.tables.width(memory), depth=self.tables.depth(memory)
        )
        m.d.comb += [
            ram.read_en.eq(1),
            ram.read_address.eq(Mux(self.read.access, self.read.address, at)),
            ram.write_en.eq(self.write.valid & (self.write.memory == memory)),
            ram.write_address.eq(self.write.address),
            ram.write_data.eq(self.write.data),
        ]
        return ram
