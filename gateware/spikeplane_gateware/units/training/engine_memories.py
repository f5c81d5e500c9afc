"""The memories of the engine: weights, exact sums, deltas and gradients, each with a register behind it.

```
    reads --> X, D, W, d  (in the next cycle) loads --> base (X or D), weight, delta
    writes --> what is chosen of X, D, W, d; the host writes W, D, d
```
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import AnyMemory, Memory, core_tables
from spikeplane.formats.training import VALUE_BITS
from spikeplane.formats.training_tables import TrainingMemory
from spikeplane_gateware.core.interfaces import WriteBus
from spikeplane_gateware.core.reads import ReadBus, output_register
from spikeplane_gateware.ram import Ram


class EngineMemories(wiring.Component):
    """The engine's memories.

    Parameters: config: the chip.

    Attributes: write, read, read_data: WEIGHT, DELTA and GRADIENT, on the buses of the loader and of the read-back; bank, at,
    weight_at: which words; reads, then loads: pulses; gradient: base is D, not X; base, weight, delta: the words;
    sums_write, gradient_write, weight_write, delta_write: pulses; total: the new word of X or D; weights, deltas: those of
    W and d.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config, self.tables = config, core_tables(config)
        exact, lanes = config.lanes * config.training.exact_bits, config.lanes * VALUE_BITS
        flags = (
            "bank",
            "reads",
            "loads",
            "gradient",
            *(f"{name}_write" for name in ("sums", "gradient", "weight", "delta")),
        )
        super().__init__(
            {
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "at": In(bits_for(config.acc_depth)),
                "weight_at": In(bits_for(config.weight_depth)),
                **{name: In(1) for name in flags},
                "total": In(exact),
                "weights": In(lanes),
                "deltas": In(lanes),
                "base": Out(exact),
                "weight": Out(lanes),
                "delta": Out(lanes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        place = Cat(self.at, self.bank)
        m.submodules.exact = x = Ram(width=len(self.total), depth=2 << bits_for(c.acc_depth))
        m.d.comb += [
            x.read_en.eq(self.reads),
            x.read_address.eq(place),
            x.write_en.eq(self.sums_write),
            x.write_address.eq(place),
            x.write_data.eq(self.total),
        ]
        d = self._ram(m, TrainingMemory.GRADIENT, self.weight_at, self.gradient_write, self.total)
        w = self._ram(m, Memory.WEIGHT, self.weight_at, self.weight_write, self.weights)
        e = self._ram(m, TrainingMemory.DELTA, self.at, self.delta_write, self.deltas)
        # the register of GRADIENT is that of exact sums as well
        base = Mux(self.read.load | self.gradient, d.read_data, x.read_data)
        words = (
            (TrainingMemory.GRADIENT, self.base, base),
            (Memory.WEIGHT, self.weight, w.read_data),
            (TrainingMemory.DELTA, self.delta, e.read_data),
        )
        shown: Value = Value.cast(0)
        for memory, register, source in words:
            loads = self.loads | self.read.load
            shown = shown | output_register(m, self.read, memory, self.tables, register, source, loads)
        m.d.comb += self.read_data.eq(shown)
        return m

    def _ram(self, m: Module, memory: AnyMemory, at: Signal, writes: Signal, word: Signal) -> Ram:
        """A memory that the host writes and reads too."""
        mine = self.write.valid & (self.write.memory == memory)
        m.submodules[memory.name.lower()] = ram = Ram(
            width=self.tables.width(memory), depth=self.tables.depth(memory)
        )
        m.d.comb += [
            ram.read_en.eq(self.reads | self.read.access),
            ram.read_address.eq(Mux(self.read.access, self.read.address, at)),
            ram.write_en.eq(writes | mine),
            ram.write_address.eq(Mux(mine, self.write.address, at)),
            ram.write_data.eq(Mux(mine, self.write.data, word)),
        ]
        return ram
