"""The core: everything between a router's local output and its local input.

```
    i -> FIFO -> SynapseStage(lookup, walker, accumulate) --events--> SomaStage(schedule, sweep, egress) --+-> o
              |                                  ^--- sweep port ---^                           |
              +-> Loader -> write bus to all memories, start / stop, queries -> Replies --------+
                     +----> Readback -> read bus to all memories ... words ---------^
```

Throughput: a packet a cycle while the host loads memories; a spike costs a cycle for each accumulator
word that it reaches.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spikeplane.config import ChipConfig, bits_for
from spikeplane_gateware.core.dynamic.memory import add_dynamic_memory
from spikeplane_gateware.core.interfaces import part_port
from spikeplane_gateware.core.loader import Loader
from spikeplane_gateware.core.readback import Readback
from spikeplane_gateware.core.replies import LEARNING, Replies
from spikeplane_gateware.core.soma.stage import SomaStage
from spikeplane_gateware.core.synapses.stage import SynapseStage
from spikeplane_gateware.network.fifo import StreamFifo
from spikeplane_gateware.structs import packet_struct
from spikeplane_gateware.units.training.activity import count_activity
from spikeplane_gateware.units.training.flags import LearningFlags
from spikeplane_gateware.units.training.soma import TrainingSoma
from spikeplane_gateware.units.training.synapses import TrainingSynapses

Synapses = SynapseStage | TrainingSynapses
Soma = SomaStage | TrainingSoma
#: what the loader tells the replies, by the names of both
TOLD = ("start", "running", "refused", "unread", "query_valid", "query_index")


class Core(wiring.Component):
    """One core of the chip: it adds up the weights of incoming spikes, sweeps its neurons and sends
    their spikes.

    Parameters: config: the chip, which gives every width.

    Attributes: x, y: column and row of the tile, constant; i: packets from the router; o: packets to
    the router.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        packets = stream.Signature(packet_struct(config))
        place = {"x": In(bits_for(config.cols)), "y": In(bits_for(config.rows))}
        super().__init__({**place, "i": In(packets), "o": Out(packets)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        learns = self.config.training is not None
        m.submodules.synapses = synapses = (TrainingSynapses if learns else SynapseStage)(self.config)
        m.submodules.soma = soma = (TrainingSoma if learns else SomaStage)(self.config)
        m.submodules.loader = loader = Loader(self.config)
        m.submodules.replies = replies = Replies(self.config)
        # cuts the way from walker to router
        m.submodules.ingress = ingress = StreamFifo(packet_struct(self.config))
        connect(m, flipped(self.i), ingress.i)
        connect(m, ingress.o, synapses.i)
        connect(m, synapses.loader, loader.i)
        connect(m, soma.port, synapses.sweep)
        for name in part_port(self.config, In):
            connect(m, getattr(soma, name), getattr(synapses, name))
        connect(m, loader.write, synapses.write)
        add_dynamic_memory(m, self.config, synapses, soma)
        self._read(m, synapses, soma, loader, replies)
        dropped = Signal()
        with m.If(loader.start):
            m.d.sync += dropped.eq(0)
        with m.Elif(synapses.dropped):
            m.d.sync += dropped.eq(1)
        for name in soma.write.signature.members:
            m.d.comb += getattr(soma.write, name).eq(getattr(loader.write, name))
        m.d.comb += [
            synapses.hold.eq(soma.initialising | loader.start | loader.reading),
            *[part.x.eq(self.x) for part in (soma, replies)],
            *[part.y.eq(self.y) for part in (soma, replies)],
            *[getattr(soma, name).eq(getattr(loader, name)) for name in ("start", "stop", "running")],
            *[getattr(soma, name).eq(getattr(synapses, name)) for name in ("event_valid", "event")],
            *[getattr(replies, name).eq(getattr(loader, name)) for name in TOLD],
            *[getattr(replies, name).eq(getattr(synapses, name)) for name in ("operation", "spike")],
            replies.dropped.eq(dropped),
            replies.sweep.eq(soma.swept),
            replies.packet.eq(soma.sent),
            loader.query_ready.eq(replies.query_ready),
        ]
        if self.config.step_bits:
            m.d.comb += [synapses.given.eq(soma.given), synapses.job.eq(soma.job)]
        if isinstance(synapses, TrainingSynapses) and isinstance(soma, TrainingSoma):
            self._learn(m, synapses, soma, loader, replies)
        self._merge(m, soma, replies)
        return m

    def _learn(
        self, m: Module, synapses: TrainingSynapses, soma: TrainingSoma, loader: Loader, replies: Replies
    ) -> None:
        """What a core that learns has besides: gathered sums, changes of its weights, flags."""
        connect(m, synapses.partial, soma.partial)
        m.submodules.flags = flags = LearningFlags()
        m.d.comb += [
            soma.change.eq(loader.change),
            soma.discard.eq(loader.discard),
            soma.rate.eq(loader.rate),
            loader.changed.eq(soma.changed),
            flags.saturated.eq(soma.saturated),
            flags.in_backward.eq(soma.backward),
            flags.in_slot.eq(soma.slot),
            flags.limited.eq(soma.clipped),
            flags.forgets.eq(loader.start & ~loader.keep),
            flags.discards.eq(loader.change & loader.discard & soma.changed),
            flags.rests.eq(synapses.quiet & soma.resting),
            *[getattr(replies, name).eq(getattr(flags, name)) for name in LEARNING],
            replies.busy.eq(flags.busy | synapses.i.valid),
        ]
        count_activity(m, synapses, soma, replies)

    def _read(self, m: Module, synapses: Synapses, soma: Soma, loader: Loader, replies: Replies) -> None:
        """Memories read soma: the loader says which word, Replies sends it."""
        m.submodules.readback = readback = Readback(self.config)
        connect(m, readback.bus, synapses.read)
        for name in ("address", "fetch", "access", "load", "clear"):
            m.d.comb += getattr(soma.read, name).eq(getattr(readback.bus, name))
        for name in ("begin", "words", "memory", "chunk", "last"):
            m.d.comb += getattr(readback, name).eq(getattr(loader, name))
        m.d.comb += [
            readback.address.eq(loader.write.address),
            readback.quiet.eq(synapses.quiet),
            readback.ready.eq(replies.word_ready),
            loader.resting.eq(soma.resting),
            loader.step.eq(readback.step),
            loader.reading.eq(readback.busy),
            replies.word_valid.eq(readback.valid),
            replies.word_chunk.eq(loader.chunk),
            replies.word.eq(synapses.read_data | soma.read_data),
        ]

    def _merge(self, m: Module, soma: Soma, replies: Replies) -> None:
        """Replies and the sweep's packets share the way out; a packet once shown stays until it is
        taken. Who is next is a register's word, so that a bit of a packet costs one table."""
        reply = Signal()
        m.d.comb += [
            self.o.valid.eq(Mux(reply, replies.o.valid, soma.o.valid)),
            self.o.payload.eq(Mux(reply, replies.o.payload.as_value(), soma.o.payload.as_value())),
            replies.o.ready.eq(reply & self.o.ready),
            soma.o.ready.eq(~reply & self.o.ready),
        ]
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += reply.eq(replies.o.valid & ~reply)
