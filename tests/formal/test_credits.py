"""The bridge's credits, by induction: never lost, doubled, negative or above their number.

```
    credits in hand + credits the mesh owes == credits expected          per parity; a barrier passes only with all in hand
    tokens taken for the host == credits sent back + the one that waits  each to its token's source, unchanged and in order
```
The mesh's side is assumed: it returns no credit that it does not owe.
"""

from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal
from prover import Inside, free, mutant, offered, prove

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CREDIT_BITS, SLOT_BITS, Control, Kind, packet_format
from spikeplane_gateware.link import bridge
from spikeplane_gateware.structs import struct

CONFIG = ChipConfig(rows=3, cols=3, lanes=8)
FUSED = replace(CONFIG, fused=True)
FORM = packet_format(CONFIG)


def view(m: Module, packet: Any, kind: Kind) -> Any:
    """The payload of a packet as its kind lays it out."""
    fields: Any = Signal(struct(FORM.payloads[kind]))
    m.d.comb += fields.eq(packet.payload)
    return fields


def surroundings(m: Module, dut: Any) -> Any:
    """Any traffic and any stalls; the host sends the bridge itself CONTROL only. Returns the host's
    packet as CONTROL."""
    for port in (dut.host_i, dut.mesh_i):
        free(m, port.valid)
        free(m, port.payload)
        offered(m, port, Assume)
    for port in (dut.host_o, dut.mesh_o):
        free(m, port.ready)
        offered(m, port, Assert)
    own = dut.host_i.payload.host
    m.d.comb += Assume(~own | (dut.host_i.payload.kind == Kind.CONTROL))
    # credits to cores are the bridge's own
    m.d.comb += Assume(own | (dut.host_i.payload.kind != Kind.CREDIT))
    return view(m, dut.host_i.payload, Kind.CONTROL)


def barriers(dut: Any) -> Module:
    """Conservation. CREDITS is only sent while nothing is owed, as its purpose is to start over; with fused words the mesh always
    owes those of a parity."""
    m, inside = Module(), Inside(dut)
    m.submodules.dut = inside.fragment
    control = surroundings(m, dut)
    returned = view(m, dut.mesh_i.payload, Kind.CREDIT)
    own = dut.host_i.valid & dut.host_i.ready & dut.host_i.payload.host
    limit, arrives = (
        Signal(CREDIT_BITS),
        dut.mesh_i.valid & dut.mesh_i.ready & (dut.mesh_i.payload.kind == Kind.CREDIT),
    )
    sets, owed = (
        own & (control.op == Control.CREDITS),
        [Signal(CREDIT_BITS, name=f"owed_{q}") for q in range(2)],
    )
    with m.If(sets):
        m.d.sync += limit.eq(control.arg)
    m.d.comb += Assert(inside["expected"] == limit)
    for parity, owes in enumerate(owed):
        got = arrives & (returned.parity == parity)
        passes = own & (control.op == Control.BARRIER) & (control.arg[0] == parity)
        m.d.comb += [
            Assume(~got | (owes != 0)),
            Assume(~sets | (owes == 0) | dut.config.fused),
            Assert(inside[f"credits_{parity}"] + owes == limit),
            Assert(~passes | (owes == 0)),  # so the host is one step ahead at most
        ]
        m.d.sync += owes.eq(owes + Mux(passes, limit, 0) - got)
        if dut.config.fused:  # those of step 1 come from the sweeps of step 0
            with m.If(sets):
                m.d.sync += owes.eq(control.arg if parity else 0)
        m.d.comb += Cover(passes & (limit == 2) & ~got)
    m.d.comb += Cover((owed[0] == 2) & (owed[1] == 1))
    # never in the way
    m.d.comb += Assert(~(dut.mesh_i.valid & (dut.mesh_i.payload.kind == Kind.CREDIT)) | dut.mesh_i.ready)
    return m


def returns(dut: Any) -> Module:
    """One credit for each token taken for the host, first in the bridge (`waits`), then on offer to
    the mesh (`offers`)."""
    m = Module()
    m.submodules.dut = Inside(dut).fragment
    surroundings(m, dut)
    token, credit = view(m, dut.mesh_i.payload, Kind.TOKEN), view(m, dut.mesh_o.payload, Kind.CREDIT)
    due = Signal(len(_credit(dut.mesh_o.payload, credit)))
    offered_due, waits, offers, moves = Signal.like(due), Signal(), Signal(), Signal()
    taken = dut.mesh_i.valid & dut.mesh_i.ready & (dut.mesh_i.payload.kind == Kind.TOKEN)
    m.d.comb += moves.eq(~dut.mesh_o.valid | dut.mesh_o.ready)
    m.d.comb += Assert(~taken | ~waits)
    with m.If(moves):
        m.d.sync += [offers.eq(waits), offered_due.eq(due), waits.eq(0)]
    with m.If(taken):
        there = (token.source_x, token.source_y, token.source_x, token.source_y)
        m.d.sync += [waits.eq(1), due.eq(Cat(0, *there, token.source_slot, token.parity))]
    m.d.comb += [
        Assert((dut.mesh_o.valid & (dut.mesh_o.payload.kind == Kind.CREDIT)) == offers),
        Assert(~offers | (_credit(dut.mesh_o.payload, credit) == offered_due)),
        Cover(offers & waits),
    ]
    _invariants(m, dut, waits, due)
    _passes(m, dut.mesh_i, dut.host_o, dut.mesh_i.payload.kind != Kind.CREDIT)
    _passes(m, dut.host_i, dut.mesh_o, ~dut.host_i.payload.host)
    return m


def _credit(packet: Any, credit: Any) -> Any:
    """What matters of a credit: to a core, to one tile, which population, which parity."""
    return Cat(packet.host, packet.x0, packet.y0, packet.x1, packet.y1, credit.tag[:SLOT_BITS], credit.parity)


def _invariants(m: Module, dut: Any, waits: Signal, due: Signal) -> None:
    m.d.comb += [Assert(dut.credit_waits == waits), Assert(~dut.credit.host)]
    stored = view(m, dut.credit, Kind.CREDIT)
    m.d.comb += Assert(~waits | ((_credit(dut.credit, stored) == due) & (dut.credit.kind == Kind.CREDIT)))


def _passes(m: Module, into: Any, out: Any, through: Any) -> None:
    """Whatever is taken to go through is on offer in the next cycle, unchanged."""
    was, packet = Signal(), Signal.like(into.payload.as_value())
    m.d.sync += [was.eq(into.valid & into.ready & through), packet.eq(into.payload.as_value())]
    m.d.comb += Assert(~was | (out.valid & (out.payload.as_value() == packet)))


HARNESSES = [(barriers, CONFIG), (barriers, FUSED), (returns, CONFIG)]


@pytest.mark.parametrize(("harness", "config"), HARNESSES)
def test_proved(tmp_path, harness, config):
    verdict = prove(harness(bridge.Bridge(config)), tmp_path)
    assert verdict.holds, verdict.log


@pytest.mark.parametrize(("harness", "config"), HARNESSES)
def test_not_vacuous(tmp_path, harness, config):
    verdict = prove(harness(bridge.Bridge(config)), tmp_path, mode="cover", depth=7)
    assert verdict.holds, verdict.log


MUTANTS = {
    "passes a credit short": (barriers, "held.eq(count < expected)", "held.eq(count + 1 < expected)"),
    "loses a credit at a barrier": (
        barriers,
        "count + got - Mux(taken",
        "count + (got & ~taken) - Mux(taken",
    ),
    "consumes both parities": (
        barriers,
        "Mux(taken & barrier & mine, expected, 0)",
        "Mux(taken & barrier, expected, 0)",
    ),
    "takes a token too many": (
        returns,
        "free & ~self.reply_waits & ~(is_token & self.credit_waits))",
        "free & ~self.reply_waits)",
    ),
    "returns twice": (returns, "self.credit_waits.eq(0)", "self.credit_waits.eq(~self.host_i.valid)"),
    "returns to the other parity": (
        returns,
        "credit.parity.eq(token.parity)",
        "credit.parity.eq(~token.parity)",
    ),
}


#: on a chip with fused words
FUSED_MUTANTS = {
    "step 1 has its credits": ("0 if parity and self.config.fused else control.arg", "control.arg"),
    "step 0 has none": ("0 if parity and self.config.fused else control.arg", "0"),
}


@pytest.mark.parametrize("change", FUSED_MUTANTS.values(), ids=FUSED_MUTANTS)
def test_mutants_of_one_bank_are_refuted(tmp_path, change):
    broken = mutant(bridge, *change).Bridge(FUSED)
    assert not prove(barriers(broken), tmp_path, mode="bmc", depth=6).holds


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    harness, old, new = change
    assert not prove(harness(mutant(bridge, old, new).Bridge(CONFIG)), tmp_path, mode="bmc", depth=6).holds
