"""Who is swept next: counts tokens and credits down, keeps each population's parity, and picks in turn.

```
    event -> SCHEDULE counter - 1 -> ready bits --+
    loader -> SCHEDULE words ---------^           +-> round robin -> job -> Sweep
    start  -> initialisation jobs, both banks ----+
```
Ports: write, start (pulse), running, event_valid, event (at most one a cycle, never lost), job (stream of `job_layout`),
initialising. Latency from the last event to the job: 3 cycles.
"""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import SLOT_BITS
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.writes import EventLayout, WriteBus
from spikeplane_gateware.network.arbiter import Arbiter
from spikeplane_gateware.structs import struct

#: `sample` is the bank of a population that holds its current; `initial`: only set membranes and accumulators of bank `parity`.
JOB = data.StructLayout({"slot": SLOT_BITS, "parity": 1, "sample": 1, "last": 1, "initial": 1})


class Schedule(wiring.Component):
    """See the module's picture."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "write": In(WriteBus(config)),
                "start": In(1),
                "running": In(1),
                "event_valid": In(1),
                "event": In(EventLayout),
                "job": Out(stream.Signature(JOB)),
                "initialising": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, slots = Module(), self.config.populations
        self._ready = Signal(4 * slots)  # by SCHEDULE address
        parity, sample, last = Signal(slots), Signal(slots), Signal(2 * slots)
        self._count(m, last)
        m.submodules.arbiter = arbiter = Arbiter(slots)
        eligible = [self._both(slot, 0) & ~parity[slot] | self._both(slot, 1) & parity[slot] for slot in range(slots)]
        free, index = Signal(), Signal(range(slots))
        initial = Signal(range(2 * slots + 1))  # initialisation jobs still to give, from the top
        m.d.comb += [
            free.eq(~self.job.valid & self.running),
            arbiter.requests.eq(Mux(free & ~self.initialising & ~self.start, Cat(*eligible), 0)),
            arbiter.take.eq(arbiter.requests != 0),
        ]
        for slot in range(slots):
            with m.If(arbiter.grant[slot]):
                m.d.comb += index.eq(slot)
        job = self.job.payload
        with m.If(self.job.ready):
            m.d.sync += self.job.valid.eq(0)
        with m.If(self.start):
            m.d.sync += [initial.eq(2 * slots), self.initialising.eq(1), parity.eq(0), sample.eq(0), last.eq(0)]
        with m.Elif(self.initialising & free):
            m.d.sync += [self.job.valid.eq(1), job.slot.eq((initial - 1) >> 1), job.parity.eq((initial - 1)[0])]
            m.d.sync += [job.initial.eq(1), job.last.eq(0), job.sample.eq((initial - 1)[0]), initial.eq(initial - 1)]
            with m.If(initial == 0):
                m.d.sync += [self.job.valid.eq(0), self.initialising.eq(0)]
        with m.Elif(arbiter.take):
            self._give(m, index, parity, sample, last)
        return m

    def _both(self, slot: int, parity: int) -> object:
        return self._ready[4 * slot + parity] & self._ready[4 * slot + 2 + parity]

    def _give(self, m: Module, index: Signal, parity: Signal, sample: Signal, last: Signal) -> None:
        job, now = self.job.payload, Signal()
        ends = Signal()
        m.d.comb += [now.eq(parity.bit_select(index, 1)), ends.eq(last.bit_select(Cat(now, index), 1))]
        m.d.sync += [
            self.job.valid.eq(1),
            job.slot.eq(index),
            job.parity.eq(now),
            job.sample.eq(sample.bit_select(index, 1)),
            job.last.eq(ends),
            job.initial.eq(0),
            parity.bit_select(index, 1).eq(~now),
            sample.bit_select(index, 1).eq(sample.bit_select(index, 1) ^ ends),
            last.bit_select(Cat(now, index), 1).eq(0),
            self._ready.bit_select(Cat(now, Const(0, 1), index), 1).eq(0),
            self._ready.bit_select(Cat(now, Const(1, 1), index), 1).eq(0),
        ]

    def _count(self, m: Module, last: Signal) -> None:
        """The counters, in registers: small, and an event and a write never meet (writes come only while stopped)."""
        layout = struct(core_tables(self.config).schedule)
        words = Array(Signal(layout, name=f"schedule_{i}") for i in range(4 * self.config.populations))
        at = Signal(range(len(words)))
        m.d.comb += at.eq(Cat(self.event.parity, self.event.credit, self.event.slot))
        word = Signal(layout)
        m.d.comb += word.eq(words[at])
        with m.If(self.event_valid):
            with m.If(word.left == 1):
                m.d.sync += [words[at].left.eq(word.expected), self._ready.bit_select(at, 1).eq(1)]
            with m.Else():
                m.d.sync += words[at].left.eq(word.left - 1)
            with m.If(~self.event.credit & self.event.last):
                m.d.sync += last.bit_select(Cat(self.event.parity, self.event.slot), 1).eq(1)
        with m.If(self.write.valid & (self.write.memory == Memory.SCHEDULE)):
            incoming = Signal(layout)
            m.d.comb += incoming.eq(self.write.data)
            address = self.write.address[: bits_for(len(words))]
            m.d.sync += [words[address].eq(incoming), self._ready.bit_select(address, 1).eq(incoming.ready)]
