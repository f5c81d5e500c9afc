"""Where a step's parameter words begin, where thresholds and biases differ from step to step.

```
    slot -> offset of its step -> parameter pointer
    advance -> offset + parameter_step, or 0 behind a sample's last step
```
A population is swept step by step, so one offset a slot is enough. Latency: 1 cycle.
"""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.structs import struct


class StepOffsets(wiring.Component):
    """The offsets of a core's populations.

    Parameters: config: the chip.

    Attributes: active: the job under way, stable for two cycles before `advance`; population: its POPULATION word; advance: the
    job ends, or is to initialise; offset: of the job's step.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "active": In(JOB),
                "population": In(struct(core_tables(config).population)),
                "advance": In(1),
                "offset": Out(bits_for(config.parameter_depth)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, width = Module(), len(self.offset)
        m.submodules.offsets = offsets = memory.Memory(
            shape=unsigned(width), depth=1 << len(self.active.slot), init=[]
        )
        write, read = offsets.write_port(), offsets.read_port(domain="comb")
        following = Signal(width)
        m.d.comb += [
            following.eq(self.offset + self.population.parameter_step),
            read.addr.eq(self.active.slot),
            write.addr.eq(self.active.slot),
            write.data.eq(Mux(self.active.initial | self.active.last, 0, following)),
            write.en.eq(self.advance),
        ]
        m.d.sync += self.offset.eq(read.data)
        return m
