"""Who is swept next: counts tokens and credits down, keeps each population's parity, and picks in turn.

```
    event -> SCHEDULE counter - 1 -> ready bits --+
    loader -> SCHEDULE words ----------^          +-> round robin -> job -> Sweep
    start  -> initialisation jobs, both banks ----+
```
Ports: write, read and read_data (`ReadBus`), start, stop (pulses; stop forgets every ready bit),
running, event_valid, event (at most one a cycle, never lost), job (stream of `job_layout`), idle (the
sweep has nothing to do), initialising. Latency from the last event to the job: 6 cycles.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, SLOT_BITS
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.interfaces import EventLayout, WriteBus
from spikeplane_gateware.core.reads import ReadBus, table_word
from spikeplane_gateware.network.arbiter import Arbiter
from spikeplane_gateware.structs import struct

#: `sample` is the bank of a population that holds its current; `initial`: only set membranes and
#: accumulators of bank `parity`.
JOB = data.StructLayout({"slot": SLOT_BITS, "parity": 1, "sample": 1, "last": 1, "initial": 1})


class Schedule(wiring.Component):
    """See the module's picture."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "start": In(1),
                "stop": In(1),
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
        self._tokens, self._credits = (
            [Signal(slots, name=f"{name}_{q}") for q in range(2)] for name in ("tokens", "credits")
        )
        self._last = [Signal(slots, name=f"last_{q}") for q in range(2)]
        self._parity = Signal(slots)
        self._sample = Signal(slots)
        self._granted = Signal(slots)  # one-hot: the population whose turn it is
        # one-hot: its job is given now, by parity
        self._given = [Signal(slots, name=f"given_{q}") for q in range(2)]
        self._count(m)
        m.submodules.arbiter = arbiter = Arbiter(slots)
        both = [tokens & credits for tokens, credits in zip(self._tokens, self._credits, strict=True)]
        eligible = Signal(slots)
        m.d.sync += eligible.eq((self._parity & both[1]) | (~self._parity & both[0]))
        initial = Signal(range(2 * slots + 1))  # initialisation jobs still to give, from the top
        pending = Signal()  # a START that waits for the sweep under way
        with m.FSM():
            with m.State("PICK"):
                m.d.comb += [
                    arbiter.requests.eq(eligible),
                    arbiter.take.eq(self.running & ~pending & (eligible != 0)),
                ]
                m.d.sync += self._granted.eq(arbiter.grant)
                with m.If(pending):
                    m.next = "CLEAR"
                with m.Elif(arbiter.take):
                    m.next = "GIVE"
            with m.State("GIVE"):
                self._give(m)
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
                m.d.sync += [s.eq(0) for s in (self._parity, self._sample, *self._last)]
                m.next = "INITIAL"
        with m.If(self.start):
            m.d.sync += [self.initialising.eq(1), pending.eq(1)]
        return m

    def _give(self, m: Module) -> None:
        """The job of the population whose turn it is, and what its giving changes."""
        job = self.job.payload
        now = Signal()
        ends = Signal()
        mine = self._granted
        m.d.comb += [
            now.eq((self._parity & mine).any()),
            ends.eq((Mux(now, self._last[1], self._last[0]) & mine).any()),
            self._given[0].eq(Mux(now, 0, mine)),
            self._given[1].eq(Mux(now, mine, 0)),
        ]
        numbers = range(len(mine))
        m.d.sync += [
            job.slot.eq(
                Cat(*[Cat(*[mine[n] for n in numbers if n >> bit & 1]).any() for bit in range(SLOT_BITS)])
            ),
            job.parity.eq(now),
            job.sample.eq((self._sample & mine).any()),
            job.last.eq(ends),
            job.initial.eq(0),
            self._parity.eq(self._parity ^ mine),
            self._sample.eq(self._sample ^ Mux(ends, mine, 0)),
        ]

    def _count(self, m: Module) -> None:
        """The counters in distributed memory, read and written back in one cycle; events and writes
        never meet (writes come only while stopped)."""
        tables = core_tables(self.config)
        layout, count = struct(tables.schedule), tables.depth(Memory.SCHEDULE)
        m.submodules.counters = counters = memory.Memory(shape=layout, depth=count, init=[])
        read, write = counters.read_port(domain="comb"), counters.write_port()
        valid, loading, last, complete = (
            Signal(name=name) for name in ("valid", "loading", "last", "complete")
        )
        at = Signal(range(count))
        word = read.data
        incoming = Signal(layout)
        writes = self.write.valid & (self.write.memory == Memory.SCHEDULE)
        m.d.sync += [valid.eq(self.event_valid), loading.eq(writes)]
        fetches = writes | self.read.fetch  # both buses have the same address
        with m.If(self.event_valid | fetches):
            event = Cat(self.event.parity, self.event.credit, self.event.slot)
            m.d.sync += [
                at.eq(Mux(fetches, self.write.address, event)),
                last.eq(self.event.last),
                incoming.eq(self.write.data),
            ]
        m.d.comb += [
            read.addr.eq(at),
            write.addr.eq(at),
            write.en.eq(valid | loading),
            complete.eq(word.left == 1),
            self.read_data.eq(table_word(self.read, Memory.SCHEDULE, tables, word.as_value())),
            write.data.expected.eq(word.expected),
            write.data.left.eq(Mux(complete, word.expected, word.left - 1)),
        ]
        with m.If(loading):
            m.d.comb += write.data.eq(incoming)
        self._mark(m, at, (valid & complete) | (loading & incoming.ready), valid & last)

    def _mark(self, m: Module, at: Signal, sets: Value, ends: Value) -> None:
        """Ready bits: `sets` the one at SCHEDULE address `at`; `ends`: its token was a sample's
        last. Decoded in one cycle, set in the next: a bit then costs one table."""
        slots = self.config.populations
        parity, credit, hot = at[0], at[1], Signal(slots)
        m.d.sync += hot.eq(1 << at[2:])
        for q in range(2):
            mine = parity if q else ~parity
            marks = (
                (self._tokens[q], ~credit & sets),
                (self._credits[q], credit & sets),
                (self._last[q], ~credit & ends),
            )
            for bits, chosen in marks:
                put = Signal(name=f"put_{bits.name}")
                m.d.sync += [put.eq(mine & chosen), bits.eq((bits & ~self._given[q]) | Mux(put, hot, 0))]
                with m.If(self.stop):
                    m.d.sync += bits.eq(0)
