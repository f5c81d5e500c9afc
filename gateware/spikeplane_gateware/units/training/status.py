"""Where the populations of a core are in the backward, and whose counter is full.

```
    BACKWARD word looked at --> slot --> status --> waits for it? --> take
    slot ------------------------------> status --> found;   now --(store)--> status
```
"""

from enum import IntEnum

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import SLOT_BITS
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training import STEP_BITS
from spikeplane.formats.training_tables import ENTRIES_BITS, TrainingMemory, backward_layout
from spikeplane_gateware.structs import struct


class Wait(IntEnum):
    """What a population's backward waits for."""

    NOTHING = 0
    READY = 1  #: the deltas of its targets
    BACK = 2  #: the partial sums of its targets; a readout, its errors
    REPLAY = 3  #: the planes of its sources


def status_layout(config: ChipConfig) -> data.StructLayout:
    """Where a population is: the step, and where its planes begin; `fresh`: the next step is a sample's first; `left`:
    projections that are not served yet."""
    assert config.training is not None
    tape = bits_for(config.training.tape_depth)
    return data.StructLayout(
        {"waits": Wait, "fresh": 1, "left": ENTRIES_BITS, "step": STEP_BITS, "tape": tape}
    )


class Status(wiring.Component):
    """The status of every population of a core.

    Parameters: config: the chip.

    Attributes: looks: level, counters are looked at, one after the other; at, word: which, and what it says; slot: the
    population that is under way else; found: the status of either; full: the counter looked at is full, and its population waits
    for it; cause, first, count: what was looked at last; now, store: pulse, a new status of `slot`.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tags = config, 2 * config.populations
        self.layout = status_layout(config)
        super().__init__(
            {
                "looks": In(1),
                "at": In(range(core_tables(config).depth(TrainingMemory.BACKWARD))),
                "word": In(struct(backward_layout(config, SLOT_BITS))),
                "slot": In(SLOT_BITS),
                "found": Out(self.layout),
                "full": Out(1),
                "cause": Out(Wait),
                "first": Out(bits_for(config.egress_depth)),
                "count": Out(ENTRIES_BITS),
                "now": In(self.layout),
                "store": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, wanted = Module(), Signal(Wait)
        m.submodules.words = words = memory.Memory(shape=self.layout, depth=1 << SLOT_BITS, init=[])
        read, write = words.read_port(domain="comb"), words.write_port()
        m.d.comb += [
            read.addr.eq(Mux(self.looks, self.word.slot, self.slot)),
            self.found.eq(read.data),
            write.addr.eq(self.slot),
            write.data.eq(self.now),
            write.en.eq(self.store),
            wanted.eq(Mux(self.at >= self.tags, Wait.REPLAY, Mux(self.at[0], Wait.BACK, Wait.READY))),
            self.full.eq(self.word.ready & (read.data.waits == wanted)),
        ]
        with m.If(self.looks):
            m.d.sync += [
                self.cause.eq(wanted),
                self.first.eq(self.word.first),
                self.count.eq(self.word.count),
            ]
        return m
