"""The soma stage of a core that learns: from events to packets and orders.

```
    event -> Schedule, BackwardCounters -> Director -> TrainingSweep, Replay, Serve, Update -> Broadcast -> o
                                                           |  (one at a time)
                                             orders, Row, tape, PARAMETER, POPULATION
```
Throughput: one job at a time.
"""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS, SLOT_BITS
from spikeplane.formats.training import VALUE_BITS, Phase
from spikeplane_gateware.core.interfaces import EventLayout, WriteBus, event_layout
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.core.soma.schedule import Schedule
from spikeplane_gateware.structs import packet_struct
from spikeplane_gateware.units.training.backward_counters import BackwardCounters
from spikeplane_gateware.units.training.broadcast import Broadcast
from spikeplane_gateware.units.training.director import Director
from spikeplane_gateware.units.training.partial import partial_layout
from spikeplane_gateware.units.training.pipelined_sweep import PipelinedSweep
from spikeplane_gateware.units.training.plain_update import PlainUpdate
from spikeplane_gateware.units.training.port import OrderPort
from spikeplane_gateware.units.training.replay import Replay
from spikeplane_gateware.units.training.row import Row, Rule
from spikeplane_gateware.units.training.serve import Serve
from spikeplane_gateware.units.training.soma_memories import SomaMemories
from spikeplane_gateware.units.training.sweep import TrainingSweep
from spikeplane_gateware.units.training.update import Update
from spikeplane_gateware.units.training.wiring import DOES, direct, share_engine, share_row

_OUTS = (
    "initialising",
    "resting",
    "swept",
    "sent",
    "changed",
    "saturated",
    "clipped",
    "backward",
    *DOES,
)
_PARTS = (
    "schedule",
    "counters",
    "director",
    "sweep",
    "replay",
    "serve",
    "update",
    "row",
    "egress",
    "memories",
)


class TrainingSoma(wiring.Component):
    """The soma stage of a core that learns.

    Parameters: config: the chip.

    Attributes: as `SomaStage`, but port: orders to the engine; partial: gathered sums; change: level, weights are to be
    changed, or with discard gradients forgotten, by the rate; changed: pulse, that is done; saturated, clipped: pulses, a
    rounding of forward or backward has left binary16, and a number was limited; slot, backward: of whose, and in which;
    sweeps, sends, updates: levels, what it does.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        ins = ("start", "stop", "running", "event_valid", "change", "discard")
        super().__init__(
            {
                "x": In(bits_for(config.cols)),
                "y": In(bits_for(config.rows)),
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "event": In(event_layout(config)),
                "port": Out(OrderPort(config)),
                "partial": In(stream.Signature(partial_layout(config))),
                "o": Out(stream.Signature(packet_struct(config))),
                "rate": In(VALUE_BITS),
                "slot": Out(SLOT_BITS),
                **{name: In(1) for name in ins},
                **{name: Out(1) for name in _OUTS},
            }
        )
        streamed = config.training is not None and config.training.streamed
        self.schedule, self.counters = Schedule(config), BackwardCounters(config)
        self.director, self.replay = Director(config), Replay(config)
        self.sweep = (TrainingSweep if streamed else PipelinedSweep)(config)
        self.serve, self.row = Serve(config), Row(config)
        self.update = (Update if self.row.momentum or streamed else PlainUpdate)(config)
        self.egress, self.memories = Broadcast(config), SomaMemories(config)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name in _PARTS:
            m.submodules[name] = getattr(self, name)
        shown: Value = Value.cast(0)
        for part in (self.schedule, self.counters, self.update, self.egress, self.memories):
            connect(m, part.write, flipped(self.write))
            connect(m, part.read, flipped(self.read))
            shown = shown | part.read_data
        connect(m, self.schedule.job, self.director.job)
        connect(m, self.egress.o, flipped(self.o))
        connect(m, self.serve.partial, flipped(self.partial))
        self._events(m)
        direct(m, self)
        self._send(m)
        self._share(m)
        self._tape(m)
        if self.director.streams:
            m.d.comb += [self.port.slot.eq(self.director.slot), self.port.step.eq(self.director.steps)]
        m.d.comb += self.read_data.eq(shown)
        return m

    def _events(self, m: Module) -> None:
        event, plain = self.event, Signal(EventLayout)
        m.d.comb += [
            *[plain[name].eq(event[name]) for name in EventLayout.members],
            self.schedule.start.eq(self.start),
            self.schedule.stop.eq(self.stop),
            self.schedule.running.eq(self.running),
            self.schedule.event_valid.eq(self.event_valid & (event.phase == Phase.FORWARD) & ~event.ready),
            self.schedule.event.eq(plain),
            self.counters.event_valid.eq(self.event_valid),
            self.counters.event.eq(event),
            self.initialising.eq(self.schedule.initialising),
            self.serve.flush.eq(self.initialising),
        ]

    def _send(self, m: Module) -> None:
        """One of the parts sends at a time."""
        egress = self.egress
        m.d.comb += [egress.x.eq(self.x), egress.y.eq(self.y), self.sent.eq(egress.sent)]
        for part in (self.director, self.sweep, self.replay, self.serve):
            m.d.comb += part.sent.eq(egress.done)
            with m.If(part.sends):
                m.d.comb += [egress.valid.eq(1), egress.request.eq(part.request)]

    def _tape(self, m: Module) -> None:
        """The tape's reader, and who has the POPULATION word."""
        memories, sweep, replay, replays = self.memories, self.sweep, self.replay, Signal()
        m.d.sync += replays.eq(replay.start | (replays & ~replay.done))
        m.d.comb += [
            memories.slot.eq(self.director.slot),
            memories.loads.eq(self.director.loads),
            memories.parameter_at.eq(sweep.parameter_at),
            memories.tape_at.eq(Mux(replays, replay.tape_at, sweep.tape_at)),
            memories.tape_write.eq(sweep.tape_write),
            memories.tape_write_at.eq(sweep.tape_at),
            memories.tape_data.eq(sweep.tape_data),
            sweep.parameter.eq(memories.parameter),
            *[part.tape_word.eq(memories.tape_word) for part in (sweep, replay)],
            *[part.population.eq(memories.population) for part in (self.director, sweep, replay)],
        ]

    def _share(self, m: Module) -> None:
        # not `change`: that may come while a sweep is under way, which has to end
        changes = self.director.changes
        share_engine(m, changes, self.port, (self.sweep, self.update))
        share_row(m, changes, self.row, self.sweep, self.update)
        row, learns, rate = self.row, Signal(), self.rate
        if row.momentum:
            rate = Mux(self.update.row_decays, self.update.row_factor, rate)
        m.d.comb += [
            learns.eq((row.rule == Rule.FIRE) | (row.rule == Rule.DELTA)),
            row.factor.eq(Mux(changes, rate, self.memories.population.leak)),
            row.limit.eq(Mux(changes, self.update.row_limit, self.memories.population.delta_limit)),
            self.slot.eq(self.director.slot),
            self.backward.eq(~self.director.forward),
            self.saturated.eq(row.saturated & learns),
            self.clipped.eq(row.clipped | (row.saturated & ~learns)),
        ]
