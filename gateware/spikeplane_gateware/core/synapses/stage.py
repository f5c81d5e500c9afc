"""The synapse stage of a core: from a packet to the accumulators.

```
    i -> Lookup -> FIFO -> Walker -> Accumulate -> events
     \\-> loader packets            sweep port --^
```
It never waits for a packet to be sent. Throughput: see Walker; a spike costs a cycle for each accumulator
word that it reaches.
"""

from collections.abc import Iterator
from typing import Any

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, Kind
from spikeplane.formats.shared_tables import shares_tables
from spikeplane_gateware.core.dynamic.operand import dynamic_port
from spikeplane_gateware.core.interfaces import EventLayout, SweepPort, WriteBus, connect_slots, part_port
from spikeplane_gateware.core.reads import ReadBus
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.core.synapses.accumulate import Accumulate
from spikeplane_gateware.core.synapses.lookup import Lookup
from spikeplane_gateware.core.synapses.narrow_lookup import NarrowLookup
from spikeplane_gateware.core.synapses.request import request_layout
from spikeplane_gateware.core.synapses.shared_lookup import SharedLookup
from spikeplane_gateware.core.synapses.walker import Walker
from spikeplane_gateware.network.fifo import StreamFifo
from spikeplane_gateware.structs import packet_struct


def lookup_of(config: ChipConfig) -> type[Lookup]:
    """The lookup that a core of the chip has."""
    if shares_tables(config):
        return SharedLookup
    return NarrowLookup if config.narrow_tables else Lookup


class SynapseStage(wiring.Component):
    """The synapse stage: it connects lookup, walker and accumulate pipeline, and passes the loader's
    packets on.

    Parameters: config: the chip.

    Attributes: i: packets; SPIKE, TOKEN and CREDIT wait while hold (in); loader: all others; write,
    read, read_data: the stage's memories, on the buses of the loader and of the read-back; sweep:
    requests of the sweep; event_valid, event: a token or a credit, when the spikes before it are in the
    accumulators; operation: pulse, a word is accumulated; spike: pulse, a set bit, or an aligned mask,
    has been walked (both are numbers where spikes_per_cycle is 2); dropped: pulse, a spike's tag has no
    projection; quiet: no packet is under way. Of a chip with weights by step also given, job: pulse, the sweep takes
    this job; of one with a dynamic memory dynamic: see Accumulate; unready: by bank, its rows are not all written.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        packets = stream.Signature(packet_struct(config))
        super().__init__(
            {
                "i": In(packets),
                "loader": Out(packets),
                "hold": In(1),
                "write": In(WriteBus(config)),
                "read": In(ReadBus(config)),
                "read_data": Out(CHUNK_BITS),
                "sweep": In(SweepPort(config)),
                "event_valid": Out(1),
                "event": Out(EventLayout),
                "operation": Out(self.config.spikes_per_cycle),
                "spike": Out(self.config.spikes_per_cycle),
                "dropped": Out(1),
                "quiet": Out(1),
                **({"given": In(1), "job": In(JOB)} if config.step_bits else {}),
                **dynamic_port(config),
                **({"unready": In(2)} if config.dynamic_depth else {}),
                **part_port(config, In),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.lookup = lookup = lookup_of(self.config)(self.config)
        m.submodules.walker = walker = Walker(self.config)
        m.submodules.accumulate = accumulate = Accumulate(self.config)
        m.d.comb += self._options(lookup, walker, accumulate)
        kind = self.i.payload.kind
        flow = kind <= Kind.CREDIT
        m.d.comb += [
            lookup.i.payload.eq(self.i.payload),
            self.loader.payload.eq(self.i.payload),
            lookup.i.valid.eq(self.i.valid & flow & ~self.hold),
            self.loader.valid.eq(self.i.valid & ~flow),
        ]
        with m.If(flow):
            m.d.comb += self.i.ready.eq(lookup.i.ready & ~self.hold)
        with m.Else():
            m.d.comb += self.i.ready.eq(self.loader.ready)
        m.submodules.requests = requests = StreamFifo(request_layout(self.config))  # cuts the way from walker
        connect(m, lookup.o, requests.i)
        connect(m, requests.o, walker.i)
        for name in ("sweep", *dynamic_port(self.config)):
            connect(m, getattr(accumulate, name), flipped(getattr(self, name)))
        connect_slots(m, self.config, self, lookup)
        for part in (lookup, accumulate):
            connect(m, part.write, flipped(self.write))
            connect(m, part.read, flipped(self.read))
        m.d.comb += [
            accumulate.op_valid.eq(walker.op_valid),
            accumulate.op.eq(walker.op),
            walker.stall.eq(accumulate.stall),
            self.event_valid.eq(accumulate.event_valid),
            self.event.eq(accumulate.event),
            self.operation.eq(self._words(walker, accumulate)),
            self.spike.eq(walker.taken),
            self.dropped.eq(lookup.dropped),
            self.read_data.eq(lookup.read_data | accumulate.read_data),
            self.quiet.eq(lookup.quiet & ~requests.o.valid & walker.quiet & accumulate.quiet),
        ]
        return m

    def _words(self, walker: Walker, accumulate: Accumulate) -> Value:
        """How many words of weights an op adds that is taken."""
        taken = walker.op_valid & ~walker.op.is_event & ~accumulate.stall
        both = walker.op.both if self.config.spikes_per_cycle == 2 else None
        return taken if both is None else Value.cast(Cat(taken & ~both, taken & both))

    def _options(self, lookup: Lookup, walker: Walker, accumulate: Accumulate) -> Iterator[Any]:
        """What the parts of a chip with options have to say to each other."""
        if self.config.step_bits:
            yield from (lookup.given.eq(self.given), lookup.job.eq(self.job))
        if self.config.dynamic_depth:
            yield accumulate.soon.eq(walker.soon)
            yield from (accumulate.held.eq(walker.held), walker.unready.eq(self.unready))
