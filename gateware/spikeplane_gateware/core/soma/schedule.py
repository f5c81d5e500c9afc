"""Who is swept next: a population with its tokens and credits, in turn.

```
    event, loader -> Counters -> mark -> ReadyBits -> ready by parity --> round robin -> job -> Sweep
    start  -> initialisation jobs, both banks ------------------------------^
```
Throughput: an event a cycle, never lost. Latency: 6 cycles from a population's last event to its job.
"""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, SLOT_BITS
from spikeplane_gateware.core.interfaces import EventLayout, WriteBus
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.core.soma.counters import Counters
from spikeplane_gateware.core.soma.ready import ReadyBits
from spikeplane_gateware.network.arbiter import Arbiter

#: `sample` is the bank of a population that holds its current; `initial`: only set membranes and
#: accumulators of bank `parity`.
JOB = data.StructLayout({"slot": SLOT_BITS, "parity": 1, "sample": 1, "last": 1, "initial": 1})


class Schedule(wiring.Component):
    """The schedule of a core: it gives the sweep one job after the other.

    Parameters: config: the chip.

    Attributes: write, read, read_data: the memory SCHEDULE, on the buses of the loader and of the
    read-back; start: pulse, initialise all populations after the sweep under way; stop: pulse, clear
    every ready bit; running: level, jobs may be given; event_valid, event: a token or a credit, at most
    one a cycle; job: the next sweep (`JOB`); idle (in): the sweep has nothing to do; initialising:
    level, from `start` until the last initialisation is done.
    """

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
        m.submodules.counters = counters = Counters(self.config)
        m.submodules.ready = ready = ReadyBits(slots)
        m.submodules.arbiter = arbiter = Arbiter(slots)
        connect(m, counters.write, flipped(self.write))
        connect(m, counters.read, flipped(self.read))
        parity, sample = Signal(slots), Signal(slots)
        granted = Signal(slots)  # one-hot: the population whose turn it is
        eligible = Signal(slots)
        m.d.comb += [
            counters.event_valid.eq(self.event_valid),
            counters.event.eq(self.event),
            self.read_data.eq(counters.read_data),
            ready.mark.eq(counters.mark),
            ready.stop.eq(self.stop),
        ]
        m.d.sync += eligible.eq((parity & ready.ready[1]) | (~parity & ready.ready[0]))
        initial = Signal(range(2 * slots + 1))  # initialisation jobs still to give, from the top
        pending = Signal()  # a START that waits for the sweep under way
        with m.FSM():
            with m.State("PICK"):
                m.d.comb += [
                    arbiter.requests.eq(eligible),
                    arbiter.take.eq(self.running & ~pending & (eligible != 0)),
                ]
                m.d.sync += granted.eq(arbiter.grant)
                with m.If(pending):
                    m.next = "CLEAR"
                with m.Elif(arbiter.take):
                    m.next = "GIVE"
            with m.State("GIVE"):
                self._give(m, granted, parity, sample, ready)
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
                m.d.sync += [s.eq(0) for s in (parity, sample)]
                m.d.comb += ready.clear.eq(1)
                m.next = "INITIAL"
        with m.If(self.start):
            m.d.sync += [self.initialising.eq(1), pending.eq(1)]
        return m

    def _give(self, m: Module, mine: Signal, parity: Signal, sample: Signal, ready: ReadyBits) -> None:
        """The job of the population whose turn it is, and what its giving changes."""
        job = self.job.payload
        ends = Signal()
        last = (parity & ready.last[1]) | (~parity & ready.last[0])
        m.d.comb += [
            ends.eq((last & mine).any()),
            ready.given[0].eq(mine & ~parity),
            ready.given[1].eq(mine & parity),
        ]
        numbers = range(len(mine))
        m.d.sync += [
            job.slot.eq(
                Cat(*[Cat(*[mine[n] for n in numbers if n >> bit & 1]).any() for bit in range(SLOT_BITS)])
            ),
            job.parity.eq((parity & mine).any()),
            job.sample.eq((sample & mine).any()),
            job.last.eq(ends),
            job.initial.eq(0),
            parity.eq(parity ^ mine),
            sample.eq(sample ^ Mux(ends, mine, 0)),
        ]
