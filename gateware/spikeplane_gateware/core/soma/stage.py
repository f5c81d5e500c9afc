"""The soma stage of a core: from events to packets.

```
    event -> Schedule -> job -> Sweep <-> port (accumulators)
                                  +-> items -> Egress -> o
                                        +----> OuterEngine -> rows     (on a chip with a dynamic memory)
```
Throughput: an event a cycle; see Sweep for that of sweeps. Latency: see Schedule.
"""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane_gateware.core.dynamic.outer import OuterEngine, rows_port
from spikeplane_gateware.core.dynamic.ports import values_port
from spikeplane_gateware.core.dynamic.under_way import UnderWay
from spikeplane_gateware.core.interfaces import EventLayout, SweepPort, WriteBus, connect_slots, part_port
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.core.soma.egress import Egress
from spikeplane_gateware.core.soma.schedule import JOB, Schedule
from spikeplane_gateware.core.soma.sweep.sweep import Sweep
from spikeplane_gateware.structs import packet_struct


class SomaStage(wiring.Component):
    """The soma stage: it connects schedule, sweep and egress.

    Parameters: config: the chip.

    Attributes: x, y: column and row of the tile; write, read, read_data: the stage's memories, on the
    buses of the loader and of the read-back; start, stop: pulses, see Schedule; running: level, sweeps
    may begin; event_valid, event: a token or a credit out of the accumulate pipeline, in any cycle;
    port: to the accumulators; o: packets to the router; initialising: level, from `start` until all
    populations are initialised; resting: no sweep is under way or waits; swept: pulse, a population has
    been swept; sent: pulse, a SPIKE packet has come to `o`. Of a chip with weights by step also given, job: pulse, the sweep takes
    this job; of one with a dynamic memory rows: to that; unready: by bank, its rows are not all written.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "x": In(bits_for(config.cols)),
                "y": In(bits_for(config.rows)),
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "start": In(1),
                "stop": In(1),
                "running": In(1),
                "event_valid": In(1),
                "event": In(EventLayout),
                "port": Out(SweepPort(config)),
                "o": Out(stream.Signature(packet_struct(config))),
                "initialising": Out(1),
                "resting": Out(1),
                "swept": Out(1),
                "sent": Out(1),
                **({"given": Out(1), "job": Out(JOB)} if config.step_bits else {}),
                **rows_port(config),
                **part_port(config, Out),
                **({"unready": Out(2)} if config.dynamic_depth else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.schedule = schedule = Schedule(self.config)
        m.submodules.sweep = sweep = Sweep(self.config)
        m.submodules.egress = egress = Egress(self.config)
        for part in (schedule, sweep, egress):
            connect(m, part.write, flipped(self.write))
            connect(m, part.read, flipped(self.read))
        connect(m, schedule.job, sweep.job)
        if self.config.step_bits:
            m.d.comb += [self.given.eq(sweep.job.valid & sweep.job.ready), self.job.eq(sweep.job.payload)]
        self._items(m, sweep, egress)
        connect(m, sweep.port, flipped(self.port))
        connect_slots(m, self.config, self, sweep)
        connect(m, egress.o, flipped(self.o))
        resting = sweep.vacant & ~schedule.initialising
        m.d.comb += [
            schedule.start.eq(self.start),
            schedule.stop.eq(self.stop),
            schedule.running.eq(self.running),
            schedule.event_valid.eq(self.event_valid),
            schedule.event.eq(self.event),
            self.initialising.eq(schedule.initialising),
            self.resting.eq(resting & ~sweep.engaged if self.config.dynamic_depth else resting),
            self.read_data.eq(schedule.read_data | sweep.read_data | egress.read_data),
            schedule.idle.eq(sweep.vacant),
            egress.x.eq(self.x),
            egress.y.eq(self.y),
            egress.population.eq(sweep.population),
            egress.job.eq(sweep.active),
            egress.finish.eq(sweep.finish),
            sweep.done.eq(egress.done),
            self.swept.eq(sweep.swept),
            self.sent.eq(egress.sent),
        ]
        return m

    def _items(self, m: Module, sweep: Sweep, egress: Egress) -> None:
        """A sweep's words go to the egress, or of a pair population to the outer engine."""
        connect(m, sweep.item, egress.item)
        if not self.config.dynamic_depth:
            return
        m.submodules.outer = outer = OuterEngine(self.config)
        m.submodules.under_way = rows = UnderWay(self.config)
        connect(m, sweep.outer, outer.item)
        connect(m, outer.rows, flipped(self.rows))
        for name in values_port(self.config):
            m.d.comb += getattr(outer, name).eq(getattr(sweep, name))
        m.d.comb += [
            rows.population.eq(sweep.population),
            rows.parity.eq(sweep.active.parity),
            rows.begins.eq(sweep.begins),
            rows.ended.eq(sweep.drained),
            rows.quiet.eq(outer.quiet),
            outer.population.eq(rows.kept),
            outer.parity.eq(rows.kept_parity),
            outer.begin.eq(rows.begin),
            self.unready.eq(rows.unready),
            sweep.engaged.eq(rows.busy),
            *[getattr(egress, name).eq(getattr(sweep, name)) for name in ("opens", "early", "cleared")],
        ]
