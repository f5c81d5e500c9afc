"""Serves gathered sums: each goes back to its neuron in limbs of 16 bits, signed, with the carry passed up."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import SLOT_BITS, tag_bits
from spikeplane.formats.training import LIMB_BITS, MAX_LIMBS, TrainingKind
from spikeplane.formats.training_tables import backward_layout
from spikeplane_gateware.structs import struct
from spikeplane_gateware.units.training.broadcast import Only, request_layout
from spikeplane_gateware.units.training.partial import partial_layout


class Serve(wiring.Component):
    """Empties the queue of gathered sums into PARTIAL packets; a limb that is 0 is not sent.

    Parameters: config: the chip.

    Attributes: start: pulse; done: pulse, the queue is empty; flush: level, what is in it is
    forgotten; partial: the queue; looks, tag: level, and the tag of the sum
    whose BACKWARD word is wanted; seen, word: it stands at word; sends, request, sent: to Broadcast.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {
                "start": In(1),
                "flush": In(1),
                "looks": Out(1),
                "tag": Out(tag_bits(config)),
                "seen": In(1),
                "word": In(struct(backward_layout(config, SLOT_BITS))),
                "done": Out(1),
                "partial": In(stream.Signature(partial_layout(config))),
                "sends": Out(1),
                "request": Out(request_layout(config)),
                "sent": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, request = Module(), self.request
        entry, word = Signal(partial_layout(self.config), reset_less=True), Signal.like(self.word)
        limb = Signal(LIMB_BITS)
        low = entry.sum[:16]
        m.d.comb += [
            request.kind.eq(TrainingKind.PARTIAL),
            request.only.eq(Only.PLACE),
            request.first.eq(word.first),
            request.count.eq(word.count),
            self.tag.eq(entry.tag),
            self.partial.ready.eq(self.flush),
            *[request[name].eq(entry.place[name]) for name in ("group", "y", "x")],
            request.lane.eq(entry.lane),
            request.limb.eq(limb),
            request.value.eq(low),
        ]
        self._states(m, entry, word, limb)
        return m

    def _states(self, m: Module, entry: Signal, word: Signal, limb: Signal) -> None:
        """Sum by sum, and limb by limb. The queue has the next sum two cycles after the last one at most."""
        known, low = Signal(), entry.sum[:16]  # known: `word` is that of `entry.tag`
        with m.FSM():
            with m.State("IDLE"), m.If(self.start):
                m.d.sync += known.eq(0)
                m.next = "NEXT"
            with m.State("NEXT"):
                m.d.comb += [self.partial.ready.eq(1), self.done.eq(~self.partial.valid)]
                m.d.sync += [entry.eq(self.partial.payload), limb.eq(0)]
                m.next = "IDLE"
                with m.If(self.partial.valid):
                    m.next = "LOOK"
                    with m.If(known & (self.partial.payload.tag == entry.tag)):
                        m.next = "LIMB"
            with m.State("LOOK"):
                m.d.comb += self.looks.eq(1)
                with m.If(self.seen):
                    m.d.sync += [word.eq(self.word), known.eq(1)]
                    m.next = "LIMB"
            with m.State("LIMB"):
                m.d.comb += self.sends.eq(low != 0)
                with m.If((low == 0) | self.sent):
                    rest = (entry.sum.as_signed() >> 16) + low[15]
                    m.d.sync += [entry.sum.eq(rest), limb.eq(limb + 1)]
                    with m.If((limb == MAX_LIMBS - 1) | (rest == 0)):
                        m.next = "NEXT"
