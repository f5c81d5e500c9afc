"""The link's windows, by induction: whatever the host sends, acknowledges or resets, no slot is
taken before it is free.

```
    Sender     base <= following <= filling <= base + SLOTS        oldest unacknowledged, next to send, next to fill
    Receiver   drained <= expected <= drained + SLOTS              room + frames held == SLOTS
```
All of them count modulo 16, so what is asserted are distances.
"""

from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Signal
from prover import Inside, free, mutant, prove

from spikeplane.config import ChipConfig
from spikeplane.formats.frame import SEQUENCE_BITS, SLOTS
from spikeplane_gateware.link import receiver, sender

CONFIG = ChipConfig(rows=1, cols=1, lanes=8)


def apart(m: Module, late: Any, early: Any, name: str) -> Signal:
    """How many sequence numbers `late` is after `early`."""
    distance = Signal(SEQUENCE_BITS, name=name)
    m.d.comb += distance.eq(late - early)
    return distance


def sending(component: Any) -> Module:
    """Any bytes, any line, any acknowledgement: numbers that the host cannot mean, rejects, polls
    and resets at any time."""
    m = Module()
    m.submodules.dut = Inside(component).fragment
    for name in ("expected", "room", "heard", "ack", "poll", "reject", "reset", "number"):
        free(m, getattr(component, name))
    for signal in (component.i.valid, component.i.payload, component.tx.ready):
        free(m, signal)
    base, following, filling = component.base, component.following, component.filling
    held, sent = apart(m, filling, base, "held"), apart(m, following, base, "sent")
    before, heard = Signal(SEQUENCE_BITS), Signal()
    m.d.sync += [before.eq(held), heard.eq(component.heard | component.reset)]
    m.d.comb += [
        Assert(held <= SLOTS),
        Assert(sent <= held),
        Assert((held != SLOTS) | ~component.i.ready),  # all full: nothing more is taken
        Assert((held != SLOTS) | (component.offset == 0)),  # invariant: an open slot is a free slot
        Assert(heard | (held >= before)),  # only the host frees slots
        Cover((held == 2) & (sent == 1)),
    ]
    return m


def receiving(component: Any) -> Module:
    """Any line bytes, any stalls: room and what is held are SLOTS together, a slot in use is not
    written, a word offered stays."""
    m = Module()
    m.submodules.dut = Inside(component).fragment
    for signal in (component.rx.valid, component.rx.payload, component.o.ready):
        free(m, signal)
    held = apart(m, component.expected, component.drained, "held")
    before, was_reset = Signal(SEQUENCE_BITS), Signal()
    m.d.sync += [before.eq(held), was_reset.eq(component.reset)]
    m.d.comb += [
        Assert(held <= SLOTS),
        Assert(component.room + held == SLOTS),
        Assert(was_reset | (held <= before + 1)),
        Assert((held != SLOTS) | ~component.ram.write_en),
        Assert(component.rx.ready),
        Cover(held == 1),
    ]
    return m


def test_the_sender_is_proved(tmp_path):
    verdict = prove(sending(sender.Sender(CONFIG, linger=1)), tmp_path)
    assert verdict.holds, verdict.log


def test_the_receiver_is_proved(tmp_path):
    verdict = prove(receiving(receiver.Receiver(CONFIG)), tmp_path)
    assert verdict.holds, verdict.log


SHALLOW = {  # a counterexample from reset
    "sender believes any acknowledgement": (
        sender,
        "(gone <= (self.filling - self.base)[:SEQUENCE_BITS])",
        "1",
    ),
}
# a counterexample to the induction step: frames that were filled or kept before are too many cycles
# to unroll from reset
DEEP = {
    "sender stays behind the window": (sender, "gone > (self.following - self.base)[:SEQUENCE_BITS]", "0"),
    "sender forgets one at a reset": (
        sender,
        "(self.base, self.following, self.filling, self.offset",
        "(self.filling, self.offset",
    ),
    "sender takes with all full": (sender, "[:SEQUENCE_BITS] != SLOTS)", "[:SEQUENCE_BITS] != SLOTS + 1)"),
    "receiver drains the empty": (receiver, "free & (self.drained != self.expected)", "free"),
    "receiver keeps with all full": (
        receiver,
        "(head.sequence == self.expected) & (self.room != 0)",
        "(head.sequence == self.expected)",
    ),
}


def broken(module: Any, *change: str) -> Module:
    changed = mutant(module, *change)
    return (
        sending(changed.Sender(CONFIG, linger=1)) if module is sender else receiving(changed.Receiver(CONFIG))
    )


@pytest.mark.parametrize("change", SHALLOW.values(), ids=SHALLOW)
def test_mutants_are_refuted(tmp_path, change):
    assert not prove(broken(*change), tmp_path, mode="bmc", depth=3).holds


@pytest.mark.parametrize("change", DEEP.values(), ids=DEEP)
def test_mutants_fail_the_induction_step(tmp_path, change):
    assert not prove(broken(*change), tmp_path).holds
