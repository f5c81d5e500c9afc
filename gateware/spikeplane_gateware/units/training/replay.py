"""The backward's sender: the spike and window planes of a step, from the tape.

```
    walk --> tape --> planes, if not empty --> masks that wait --> REPLAY, WINDOW --> Broadcast
```
Throughput: a word, or a packet, a cycle.
"""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training import TrainingKind
from spikeplane_gateware.structs import struct
from spikeplane_gateware.units.training.broadcast import Only, request_layout
from spikeplane_gateware.units.training.masks import WAITING, Masks
from spikeplane_gateware.units.training.stage import along
from spikeplane_gateware.units.training.walk import Walk


class Replay(wiring.Component):
    """Sends REPLAY and WINDOW of every word whose mask is not empty.

    Parameters: config: the chip.

    Attributes: start: pulse; population, tape (where the step begins): stable until the pulse done; tape_at, tape_word:
    address, and a cycle later the word; sends, request, sent: to Broadcast.
    """

    def __init__(self, config: ChipConfig) -> None:
        assert config.training is not None
        self.config = config
        tape = bits_for(config.training.tape_depth)
        super().__init__(
            {
                "start": In(1),
                "population": In(struct(core_tables(config).population)),
                "tape": In(tape),
                "done": Out(1),
                "tape_at": Out(tape),
                "tape_word": In(2 * config.lanes),
                "sends": Out(1),
                "request": Out(request_layout(config)),
                "sent": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, p = Module(), self.population
        m.submodules.walk = walk = Walk(self.config)
        m.submodules.masks = masks = Masks(self.config, planes=2)
        active, begins, takes, room = Signal(), Signal(), Signal(), Signal()
        owed = Signal(range(WAITING + 1))
        m.d.comb += [
            walk.population.eq(p),
            walk.begin.eq(self.start),
            walk.step.eq(takes),
            takes.eq(begins & room),
            self.tape_at.eq(self.tape + walk.offset),
            self.done.eq(active & ~begins & (owed == 0)),
        ]
        with m.If(self.start):
            m.d.sync += [active.eq(1), begins.eq(1)]
        with m.Else():
            m.d.sync += [begins.eq(begins & ~(takes & walk.last)), active.eq(active & ~self.done)]
        gone = self._words(m, walk, masks, takes)
        self._sends(m, masks)
        following = Signal.like(owed)
        m.d.comb += following.eq(owed + takes - gone - (masks.o.valid & masks.o.ready))
        m.d.sync += [owed.eq(following), room.eq(following != WAITING)]
        return m

    def _words(self, m: Module, walk: Walk, masks: Masks, takes: Signal) -> Value:
        """What is read waits in `masks`. Returns whether a word is empty instead."""
        # a way from the tape to what waits takes two cycles
        planes = Signal.like(self.tape_word, reset_less=True)
        m.d.sync += planes.eq(self.tape_word)
        read = along(m, "read", takes, 2, reset=True)[-1]
        for name in ("group", "y", "x"):
            m.d.comb += masks.i.payload[name].eq(along(m, f"{name}_read", getattr(walk, name), 2)[-1])
        m.d.comb += [masks.i.payload.mask.eq(planes), masks.i.valid.eq(read & planes.any())]
        return read & ~planes.any()

    def _sends(self, m: Module, masks: Masks) -> None:
        """The spikes of a word, then its windows."""
        p, lanes, head, request = self.population, self.config.lanes, masks.o.payload, self.request
        spikes, windows, second, last = head.mask[:lanes], Signal(), Signal(), Signal()
        m.d.comb += [
            windows.eq(second | ~spikes.any()),
            last.eq(windows | ~head.mask[lanes:].any()),
            self.sends.eq(masks.o.valid),
            masks.o.ready.eq(self.sent & last),
            request.kind.eq(Mux(windows, TrainingKind.WINDOW, TrainingKind.REPLAY)),
            request.only.eq(Mux(windows, Only.WINDOW, Only.REPLAY)),
            request.first.eq(p.egress_first),
            request.count.eq(p.egress_count),
            request.group.eq(p.group_base + head.group),
            request.mask.eq(Mux(windows, head.mask[lanes:], spikes)),
            *[request[name].eq(head[name]) for name in ("y", "x")],
        ]
        with m.If(self.sends & self.sent):
            m.d.sync += second.eq(~last)
