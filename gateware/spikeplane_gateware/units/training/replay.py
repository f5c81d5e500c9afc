"""The backward's sender: the spike and window planes of a step, from the tape."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import core_tables
from spikeplane.formats.training import TrainingKind
from spikeplane_gateware.structs import struct
from spikeplane_gateware.units.training.broadcast import Only, request_layout
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
        m, p, lanes = Module(), self.population, self.config.lanes
        m.submodules.walk = walk = Walk(self.config)
        windows, mask, request = Signal(), Signal(lanes), self.request
        planes = Signal.like(
            self.tape_word, reset_less=True
        )  # a way from the tape to a packet takes two cycles
        m.d.comb += [
            walk.population.eq(p),
            walk.begin.eq(self.start),
            self.tape_at.eq(self.tape + walk.offset),
            mask.eq(Mux(windows, planes[lanes:], planes[:lanes])),
            request.kind.eq(Mux(windows, TrainingKind.WINDOW, TrainingKind.REPLAY)),
            request.only.eq(Mux(windows, Only.WINDOW, Only.REPLAY)),
            request.first.eq(p.egress_first),
            request.count.eq(p.egress_count),
            request.group.eq(p.group_base + walk.group),
            request.mask.eq(mask),
            *[request[name].eq(getattr(walk, name)) for name in ("y", "x")],
        ]
        self._states(m, walk, windows, planes, mask.any())
        return m

    def _states(self, m: Module, walk: Walk, windows: Signal, planes: Signal, some: Value) -> None:
        """Word by word: read, the spikes, the windows."""
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.next = "READ"
            with m.State("READ"):  # the address stands
                m.next = "WORD"
            with m.State("WORD"):
                m.d.sync += [planes.eq(self.tape_word), windows.eq(0)]
                m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += self.sends.eq(some)
                with m.If(~some | self.sent):
                    m.d.sync += windows.eq(1)
                    with m.If(windows):
                        m.next = "NEXT"
            with m.State("NEXT"):
                m.d.comb += [walk.step.eq(1), self.done.eq(walk.last)]
                m.next = "READ"
                with m.If(walk.last):
                    m.next = "IDLE"
