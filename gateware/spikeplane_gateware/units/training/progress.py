"""How many steps of a batch each population has gone back through: the number of its step in columns and deltas.

```
    forget --> begun = 0          step, slot --> index[slot] + 1          slot, other --> index, or 0 before the first
```
"""

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import SLOT_BITS


class Progress(wiring.Component):
    """The steps of each population since the last update.

    Throughput: a step a cycle.

    Parameters
    ----------
    config : ChipConfig
        A chip with streamed gradients.

    Attributes
    ----------
    forget : In(1)
        Pulse: a new batch, all numbers are 0.
    slot, step : In(SLOT_BITS), In(1)
        A population; pulse: it goes on to the next step.
    other : In(SLOT_BITS)
        Another one.
    index, other_index : Out
        Their steps, 0..stream_steps-1; combinational.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.steps = range(config.training.stream_steps)
        super().__init__(
            {
                "forget": In(1),
                "slot": In(SLOT_BITS),
                "step": In(1),
                "other": In(SLOT_BITS),
                "index": Out(self.steps),
                "other_index": Out(self.steps),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits, slots = len(self.index), 1 << SLOT_BITS
        m.submodules.numbers = numbers = memory.Memory(shape=bits, depth=slots, init=[])
        write, begun = numbers.write_port(), Signal(slots)
        for slot, index in ((self.slot, self.index), (self.other, self.other_index)):
            read = numbers.read_port(domain="comb")
            found: Value = Mux(Array(begun)[slot], read.data, 0)
            m.d.comb += [read.addr.eq(slot), index.eq(found)]
        m.d.comb += [write.addr.eq(self.slot), write.data.eq(self.index + 1), write.en.eq(self.step)]
        with m.If(self.forget):
            m.d.sync += begun.eq(0)
        with m.Elif(self.step):
            m.d.sync += begun.eq(begun | (Const(1) << self.slot)[:slots])
        return m
