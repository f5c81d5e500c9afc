"""Who works next in a core that learns, forward and backward: one job after the other.

```
    Schedule -> forward job --+-> POPULATION word -> sweep -> TOKENs -> CREDITs --------------------------+-> status
    READY in    ------------->+-> Replay -> TOKENs (replay) ------------------------------+               |
    back tokens in ---------->+-> sweep of deltas -> READYs ------------------------------+-> next step --+
    replay tokens of a tag -->+-> Serve -> TOKENs (back); after the last tag -------------+   or END
```
A population goes through a step of the backward in one order: it sends its planes, sweeps its deltas, is READY for its
sources, serves what they gathered, and only then begins the step before. A readout has no planes, and its errors stand
for its deltas.
"""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import SLOT_BITS, Kind
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training import Phase, TrainingKind
from spikeplane.formats.training_tables import ENTRIES_BITS, TrainingMemory, backward_layout
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.structs import struct
from spikeplane_gateware.units.training.broadcast import Only, request_layout
from spikeplane_gateware.units.training.status import Status, Wait, status_layout
from spikeplane_gateware.units.training.sweep import sweep_job


class Director(wiring.Component):
    """The director of a core that learns.

    Parameters: config: the chip.

    Attributes: running: level, the backward may begin; job: forward jobs of the schedule; idle: nothing is under way;
    at, seen, word, take: to BackwardCounters; slot, loads, population: which POPULATION word, pulse that it is taken, and the
    word; sweep, sweep_job, sweep_done; replay, tape, replay_done; serve, first, count, serve_done; change, update,
    update_done: pulses that begin and end each of the others' work; changes: level, until update_done; sends, request, sent:
    to Broadcast; swept: pulse; steps: pulse, where gradients may be streamed: the population of `slot` has gone back a step.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config, self.tables = config, core_tables(config)
        pulses = {f"{name}_done": In(1) for name in ("sweep", "replay", "serve", "update")}
        starts = {
            name: Out(1)
            for name in ("sweep", "replay", "serve", "update", "changes", "swept", "loads", "idle", "take")
        }
        self.words = self.tables.depth(TrainingMemory.BACKWARD)
        super().__init__(
            {
                "running": In(1),
                "job": In(stream.Signature(JOB)),
                "at": Out(range(self.words)),
                "seen": In(1),
                "word": In(struct(backward_layout(config, SLOT_BITS))),
                "slot": Out(SLOT_BITS),
                "population": In(struct(self.tables.population)),
                "sweep_job": Out(sweep_job(config)),
                "tape": Out(bits_for(config.training.tape_depth)),
                "first": Out(bits_for(config.egress_depth)),
                "count": Out(ENTRIES_BITS),
                "change": In(1),
                "sends": Out(1),
                "request": Out(request_layout(config)),
                "sent": In(1),
                **pulses,
                **starts,
                **({"steps": Out(1)} if config.training.streamed else {}),
            }
        )
        self.now = Signal(status_layout(config))
        self.forward, self.active = Signal(), Signal(JOB)
        self.streams = config.training.streamed
        self.copies = Signal()  # the sweep only keeps the deltas of a readout
        self.status = Status(config)

    def elaborate(self, platform: object) -> Module:
        m, p, now, status = Module(), self.population, self.now, self.status
        m.submodules.status = status
        m.d.comb += [
            status.looks.eq(self.idle),
            status.at.eq(self.at),
            status.word.eq(self.word),
            status.slot.eq(self.slot),
            status.now.eq(now),
            self.first.eq(status.first),
            self.count.eq(status.count),
            self.take.eq(self.idle & self.running & self.seen & status.full & ~self.job.valid & ~self.change),
            self.tape.eq(now.tape),
            self.sweep_job.initial.eq(self.forward & self.active.initial),
            self.sweep_job.backward.eq(~self.forward),
            self.sweep_job.parity.eq(self.active.parity),
            self.sweep_job.last.eq(self.active.last),
            self.sweep_job.first.eq(now.step == 0),
            self.sweep_job.tape.eq(now.tape),
            self.request.parity.eq(self.forward & self.active.parity),
            self.request.last.eq(self.forward & self.active.last),
            self.request.slot.eq(self.slot),
            self.request.first.eq(p.egress_first),
            self.request.count.eq(p.egress_count),
        ]
        with m.If(self.loads):
            m.d.sync += now.eq(status.found)
        with m.FSM():
            self._pick(m)
            self._begin(m)
            self._forward(m)
            self._backward(m)
            self._advance(m)
            with m.State("STORE"):
                m.d.comb += status.store.eq(1)
                m.next = "SCAN"
        return m

    def _pick(self, m: Module) -> None:
        """A forward job goes first, then a change of weights, then the backward's counters in turn."""
        job = self.job
        with m.State("SCAN"):
            m.d.comb += [self.idle.eq(1), job.ready.eq(1)]
            with m.If(job.valid):
                m.d.sync += [self.forward.eq(1), self.active.eq(job.payload), self.slot.eq(job.payload.slot)]
                m.next = "LOAD"
            with m.Elif(self.change):
                m.d.comb += self.update.eq(1)
                m.next = "UPDATE"
            with m.Elif(self.take):
                m.d.sync += [self.forward.eq(0), self.slot.eq(self.word.slot)]
                m.next = "LOAD"
            with m.Elif(self.seen):
                m.d.sync += self.at.eq(Mux(self.at == self.words - 1, 0, self.at + 1))

        with m.State("UPDATE"):
            m.d.comb += self.changes.eq(1)
            with m.If(self.update_done):
                m.next = "SCAN"

    def _begin(self, m: Module) -> None:
        """The POPULATION word and the status of the job's population, and where it goes on."""
        p, now, job = self.population, self.now, self.active
        with m.State("LOAD"):
            m.next = "LOADED"
        with m.State("LOADED"):
            m.d.comb += self.loads.eq(1)
            m.next = "DISPATCH"
        with m.State("DISPATCH"):
            m.next = "SWEEP"
            with m.If(self.forward):
                m.d.sync += [
                    now.waits.eq(Wait.NOTHING),
                    now.fresh.eq(job.initial | job.last),
                    now.step.eq(Mux(now.fresh, 0, now.step + 1)),
                    now.tape.eq(Mux(now.fresh, p.tape_base, now.tape + p.words)),
                ]
                with m.If(~p.valid):
                    m.next = "STORE"
            with m.Elif(self.status.cause == Wait.READY):
                m.next = "REPLAY"
            with m.Elif(self.status.cause == Wait.REPLAY):
                m.next = "SERVE"
            with m.Elif(p.readout & ~p.squared):
                self._begin_step(m)
            if self.streams:
                m.d.sync += self.copies.eq(p.readout & ~p.squared & ~self.forward)
        if self.streams:
            m.d.comb += self.sweep_job.copies.eq(self.copies)
        with m.State("SWEEP"):
            m.d.comb += self.sweep.eq(1)
            m.next = "SWEEPING"
        with m.State("SWEEPING"), m.If(self.sweep_done):
            m.next = "TELL"
            with m.If(self.forward):
                m.d.comb += self.swept.eq(~job.initial)
                m.next = "TOKENS"
                with m.If(job.initial):
                    m.next = "STORE"

    def _say(
        self, m: Module, kind: int, follows: str, only: Only = Only.ALL, phase: Phase = Phase.FORWARD
    ) -> Value:
        """Packets of this state, to the population's targets; returns when they are sent."""
        m.d.comb += [self.sends.eq(1), self.request.kind.eq(kind)]
        m.d.comb += [self.request.only.eq(only), self.request.phase.eq(phase)]
        with m.If(self.sent):
            m.next = follows
        return self.sent

    def _forward(self, m: Module) -> None:
        p, now, request = self.population, self.now, self.request
        with m.State("TOKENS"):
            self._say(m, Kind.TOKEN, "CREDITS")
        with m.State("CREDITS"):
            m.d.comb += [request.first.eq(p.egress_first + p.egress_count), request.count.eq(p.credit_count)]
            with m.If(self._say(m, Kind.CREDIT, "STORE") & self.active.last):
                m.d.sync += now.waits.eq(
                    Mux(p.readout & (p.serves != 0), Wait.BACK, Mux(p.sends, Wait.READY, Wait.NOTHING))
                )

    def _backward(self, m: Module) -> None:
        p, now, request = self.population, self.now, self.request
        with m.State("REPLAY"):
            m.d.comb += self.replay.eq(1)
            m.next = "REPLAYING"
        with m.State("REPLAYING"), m.If(self.replay_done):
            m.next = "REPLAYED"
        with (
            m.State("REPLAYED"),
            m.If(self._say(m, Kind.TOKEN, "ADVANCE", Only.EITHER, Phase.REPLAY) & p.sweeps),
        ):
            m.d.sync += now.waits.eq(Wait.BACK)
            m.next = "STORE"
        with m.State("TELL"):
            before = p.egress_first + p.egress_count + p.credit_count
            m.d.comb += [request.first.eq(before), request.count.eq(p.ready_count)]
            with m.If(self._say(m, TrainingKind.READY, "STORE")):
                m.d.sync += [now.waits.eq(Wait.REPLAY), now.left.eq(p.serves)]
        with m.State("SERVE"):
            m.next = "SERVED"
            with m.If(self.count != 0):
                m.d.comb += self.serve.eq(1)
                m.next = "SERVING"
        with m.State("SERVING"), m.If(self.serve_done):
            m.next = "SERVED"
        with m.State("SERVED"):
            m.d.comb += [request.first.eq(self.first), request.count.eq(self.count)]
            with m.If(self._say(m, Kind.TOKEN, "ADVANCE", Only.ALL, Phase.BACK)):
                m.d.sync += now.left.eq(now.left - 1)
                with m.If(now.left != 1):
                    m.next = "STORE"

    def _begin_step(self, m: Module) -> None:
        """Of a readout: its deltas are the errors, which are kept for the step if a projection is streamed."""
        m.next = "TELL"
        if self.streams:
            with m.If(self.population.keeps):
                m.next = "SWEEP"

    def _advance(self, m: Module) -> None:
        """The step before, or the end of the sample."""
        p, now = self.population, self.now
        with m.State("ADVANCE"):
            m.d.sync += [now.step.eq(now.step - 1), now.tape.eq(now.tape - p.words)]
            m.d.sync += now.waits.eq(Wait.READY)
            m.next = "STORE"
            if self.streams:
                m.d.comb += self.steps.eq(1)
                m.d.sync += self.copies.eq(p.readout)
            with m.If(p.readout):
                self._begin_step(m)
            with m.If(now.step == 0):
                m.d.sync += now.waits.eq(Wait.NOTHING)
                m.next = "END"
        with m.State("END"):
            self._say(m, TrainingKind.END, "STORE", Only.HOST)
