"""Who is swept next: counts tokens and credits down, keeps each population's parity, and picks in turn.

```
    event -> SCHEDULE counter - 1 -> ready bits --+
    loader -> SCHEDULE words ---------^           +-> round robin -> job -> Sweep
    start  -> initialisation jobs, both banks ----+
```
Ports: write, start (pulse), running, event_valid, event (at most one a cycle, never lost), job (stream of `job_layout`), idle
(the sweep has nothing to do), initialising. Latency from the last event to the job: 5 cycles.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
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
                "idle": In(1),
                "initialising": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, slots = Module(), self.config.populations
        self._ready = Signal(4 * slots)  # by SCHEDULE address
        self._parity, self._sample, self._last = Signal(slots), Signal(slots), Signal(2 * slots)
        self._set_ready, self._clear_ready = Signal(4 * slots), Signal(4 * slots)
        self._set_last, self._clear_last = Signal(2 * slots), Signal(2 * slots)
        m.d.sync += [
            self._ready.eq((self._ready & ~self._clear_ready) | self._set_ready),
            self._last.eq((self._last & ~self._clear_last) | self._set_last),
        ]
        self._count(m)
        m.submodules.arbiter = arbiter = Arbiter(slots)
        both = [[self._ready[4 * slot + q] & self._ready[4 * slot + 2 + q] for q in range(2)] for slot in range(slots)]
        eligible = Signal(slots)
        m.d.sync += eligible.eq(Cat(*[Mux(self._parity[slot], both[slot][1], both[slot][0]) for slot in range(slots)]))
        index, initial = Signal(range(slots)), Signal(range(2 * slots + 1))  # initial: jobs still to give, from the top
        pending = Signal()  # a START that waits for the sweep under way
        with m.FSM():
            with m.State("PICK"):
                m.d.comb += [arbiter.requests.eq(eligible), arbiter.take.eq(self.running & ~pending & (eligible != 0))]
                for slot in range(slots):
                    with m.If(arbiter.grant[slot]):
                        m.d.sync += index.eq(slot)
                with m.If(pending):
                    m.next = "CLEAR"
                with m.Elif(arbiter.take):
                    m.next = "GIVE"
            with m.State("GIVE"):
                self._give(m, index)
                m.next = "WAIT"
            with m.State("INITIAL"):
                job, number = self.job.payload, Signal.like(initial)
                m.d.comb += number.eq(initial - 1)
                m.d.sync += [job.slot.eq(number >> 1), job.parity.eq(number[0]), job.sample.eq(number[0])]
                m.d.sync += [job.initial.eq(1), job.last.eq(0)]
                with m.If(initial != 0):
                    m.d.sync += initial.eq(number)
                    m.next = "WAIT"
                with m.Elif(self.idle):  # the last one is done, not only taken
                    m.d.sync += self.initialising.eq(0)
                    m.next = "PICK"
            with m.State("WAIT"):
                m.d.comb += self.job.valid.eq(1)
                with m.If(self.job.ready):
                    m.next = "SETTLE"
            with m.State("SETTLE"):  # `eligible` has seen what the job changed
                m.next = "PICK"
                with m.If(self.initialising):
                    m.next = "INITIAL"
            with m.State("CLEAR"):
                m.d.sync += [pending.eq(0), initial.eq(2 * slots)]
                m.d.sync += [self._parity.eq(0), self._sample.eq(0), self._last.eq(0)]
                m.next = "INITIAL"
        with m.If(self.start):
            m.d.sync += [self.initialising.eq(1), pending.eq(1)]
        return m

    def _give(self, m: Module, index: Signal) -> None:
        """The job of the population at `index`, and what its giving changes."""
        job, now, ends = self.job.payload, Signal(), Signal()
        parity, sample, last = self._parity, self._sample, self._last
        m.d.comb += [now.eq(parity.bit_select(index, 1)), ends.eq(last.bit_select(Cat(now, index), 1))]
        mine, four = Signal.like(parity), Signal(range(4 * len(parity)))
        m.d.comb += [mine.eq(1 << index), four.eq(Cat(now, Const(0, 1), index))]
        m.d.comb += [self._clear_ready.eq(Const(0b101, 3) << four), self._clear_last.eq(1 << Cat(now, index))]
        m.d.sync += [
            job.slot.eq(index),
            job.parity.eq(now),
            job.sample.eq(sample.bit_select(index, 1)),
            job.last.eq(ends),
            job.initial.eq(0),
            parity.eq(parity ^ mine),
            sample.eq(sample ^ Mux(ends, mine, 0)),
        ]

    def _count(self, m: Module) -> None:
        """The counters in distributed memory, read and written back in one cycle; events and writes never meet (writes come
        only while stopped)."""
        layout, count = struct(core_tables(self.config).schedule), 4 * self.config.populations
        m.submodules.counters = counters = memory.Memory(shape=layout, depth=count, init=[])
        read, write = counters.read_port(domain="comb"), counters.write_port()
        event, valid = Signal(EventLayout), Signal()
        at = Signal(range(count))
        m.d.sync += [event.eq(self.event), valid.eq(self.event_valid)]
        m.d.comb += [at.eq(Cat(event.parity, event.credit, event.slot)), read.addr.eq(at), write.addr.eq(at)]
        word, incoming, address = read.data, Signal(layout), Signal(range(count))
        m.d.comb += [incoming.eq(self.write.data), address.eq(self.write.address)]
        m.d.comb += [
            write.data.expected.eq(word.expected),
            write.data.left.eq(Mux(word.left == 1, word.expected, word.left - 1)),
        ]
        with m.If(valid):
            m.d.comb += write.en.eq(1)
            with m.If(word.left == 1):
                m.d.comb += self._set_ready.eq(1 << at)
            with m.If(~event.credit & event.last):
                m.d.comb += self._set_last.eq(1 << Cat(event.parity, event.slot))
        with m.If(self.write.valid & (self.write.memory == Memory.SCHEDULE)):
            m.d.comb += [write.en.eq(1), write.addr.eq(address), write.data.eq(incoming)]
            m.d.comb += [self._set_ready.eq(incoming.ready << address), self._clear_ready.eq(1 << address)]
