"""The synapse stage of a core that learns: from a packet to the engine.

```
    i -> TrainingLookup -> FIFO -> Walker -> FIFO -> Engine -> events, partial
     \\-> loader packets                        orders --^
```
It takes packets without ever waiting for one to be sent. Throughput: see Engine. The FIFO in front of the engine cuts the way
of its stall to the lookup: an order stalls it in the cycle in which the soma decides.
"""

from amaranth.hdl import Module, Mux, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, Kind
from spikeplane.formats.training import TrainingKind, Verb
from spikeplane.formats.training_tables import streams
from spikeplane_gateware.core.interfaces import WriteBus, event_layout
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.core.synapses.accumulate import op_layout
from spikeplane_gateware.core.synapses.request import request_layout
from spikeplane_gateware.core.synapses.walker import Walker
from spikeplane_gateware.network.fifo import StreamFifo
from spikeplane_gateware.structs import packet_struct
from spikeplane_gateware.units.training.engine import Engine
from spikeplane_gateware.units.training.lookup import TrainingLookup
from spikeplane_gateware.units.training.partial import partial_layout
from spikeplane_gateware.units.training.port import OrderPort


class TrainingSynapses(wiring.Component):
    """The synapse stage of a core that learns: it connects lookup, walker and engine.

    Parameters: config: the chip.

    Attributes: as `SynapseStage`, but sweep: orders of the soma; partial: gathered sums; present, verb: an op is there,
    and its verb.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        packets = stream.Signature(packet_struct(config))
        pulses = {
            name: Out(1) for name in ("event_valid", "operation", "spike", "dropped", "quiet", "present")
        }
        super().__init__(
            {
                "i": In(packets),
                "loader": Out(packets),
                "hold": In(1),
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "sweep": In(OrderPort(config)),
                "event": Out(event_layout(config)),
                "partial": Out(stream.Signature(partial_layout(config))),
                "verb": Out(Verb),
                **pulses,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.lookup = lookup = TrainingLookup(self.config)
        m.submodules.walker = walker = Walker(self.config)
        m.submodules.engine = engine = Engine(self.config)
        self._sort(m, lookup)
        m.submodules.requests = requests = StreamFifo(request_layout(self.config))
        connect(m, lookup.o, requests.i)
        connect(m, requests.o, walker.i)
        m.submodules.ops = ops = StreamFifo(op_layout(self.config))
        connect(m, engine.port, flipped(self.sweep))
        connect(m, engine.partial, flipped(self.partial))
        for part in (lookup, engine):
            connect(m, part.write, flipped(self.write))
            connect(m, part.read, flipped(self.read))
        m.d.comb += [
            ops.i.valid.eq(walker.op_valid),
            ops.i.payload.eq(walker.op),
            walker.stall.eq(~ops.i.ready),
            engine.op_valid.eq(ops.o.valid),
            engine.op.eq(ops.o.payload),
            ops.o.ready.eq(~engine.stall),
            self.event_valid.eq(engine.event_valid),
            self.event.eq(engine.event),
            self.present.eq(ops.o.valid & ~ops.o.payload.is_event),
            self.verb.eq(_counted(ops.o.payload.verb, self.config)),
            self.operation.eq(self.present & ~engine.stall),
            self.spike.eq(walker.taken),
            self.dropped.eq(lookup.dropped),
            self.read_data.eq(lookup.read_data | engine.read_data),
            self.quiet.eq(lookup.quiet & ~requests.o.valid & walker.quiet & engine.quiet),
        ]
        return m

    def _sort(self, m: Module, lookup: TrainingLookup) -> None:
        """Packets to the lookup, and the loader's."""
        kind = self.i.payload.kind
        flow = (kind <= Kind.CREDIT) | ((kind >= TrainingKind.REPLAY) & (kind <= TrainingKind.READY))
        m.d.comb += [
            lookup.i.payload.eq(self.i.payload),
            self.loader.payload.eq(self.i.payload),
            lookup.i.valid.eq(self.i.valid & flow & ~self.hold),
            self.loader.valid.eq(self.i.valid & ~flow),
            self.i.ready.eq(Mux(flow, lookup.i.ready & ~self.hold, self.loader.ready)),
        ]


def _counted(verb: Value, config: ChipConfig) -> Value:
    """As what it is counted: a step that is set in a column is a gradient's work."""
    return Value.cast(Mux(verb == Verb.COLUMN, Verb.OUTER, verb)) if streams(config) else verb
