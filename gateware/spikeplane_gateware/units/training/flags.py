"""The flags of a core that learns: what has happened to its numbers, and whether it rests."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.packet import SLOT_BITS


class LearningFlags(wiring.Component):
    """Keeps what happened until it is forgotten.

    Attributes: saturated, in_backward, in_slot: pulse, a rounding has left binary16, in the backward or forward of this
    population; limited: pulse, a number was limited; forgets: pulse, all is forgotten; discards: pulse, what has left
    binary16 is; rests: level, nothing is under way; overflow, clipped, busy, backward, slot: see `TRAINING_FLAGS`.
    """

    def __init__(self) -> None:
        ins = ("saturated", "in_backward", "limited", "forgets", "discards", "rests")
        outs = ("overflow", "clipped", "busy", "backward")
        super().__init__(
            {
                **{name: In(1) for name in ins},
                **{name: Out(1) for name in outs},
                "in_slot": In(SLOT_BITS),
                "slot": Out(SLOT_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += [
            self.overflow.eq((self.overflow | self.saturated) & ~self.discards & ~self.forgets),
            self.clipped.eq((self.clipped | self.limited) & ~self.forgets),
            self.busy.eq(~self.rests),
        ]
        with m.If(self.saturated & ~self.overflow):
            m.d.sync += [self.backward.eq(self.in_backward), self.slot.eq(self.in_slot)]
        return m
