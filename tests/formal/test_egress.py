"""Egress, by induction: a sweep ends with one token per egress entry and then one credit per credit
entry, no fewer and no more.

The population is one of the solver's choice, the same for every sweep; items, stalls and the end of
a sweep come when the solver likes.
"""

from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from prover import Inside, free, mutant, offered, prove, symbolic

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Kind
from spikeplane.formats.training_tables import ENTRIES_BITS
from spikeplane_gateware.core.soma import egress

CONFIG = ChipConfig(rows=3, cols=3, lanes=8)
OPEN, SPIKES, TOKENS, CREDITS, DONE = range(5)  #: the states, in the order that the component names them


def harness(dut: Any) -> Module:
    m, inside = Module(), Inside(dut)
    m.submodules.dut = inside.fragment
    _sweep(m, dut)
    state, p = inside["fsm_state"], dut.population
    made = {kind: _made(m, dut, kind) for kind in (Kind.TOKEN, Kind.CREDIT)}
    tokens, credits = made[Kind.TOKEN], made[Kind.CREDIT]
    with m.If(dut.done):
        m.d.comb += [Assert(tokens == p.egress_count), Assert(credits == p.credit_count)]
    m.d.comb += [Assert(credits <= p.credit_count), Assert(tokens <= p.egress_count)]
    m.d.comb += Assert((credits == 0) | (tokens == p.egress_count))  # the credits last
    m.d.comb += [Assert(state <= DONE), Assert(dut.done == (state == DONE))]
    with m.If((state == OPEN) | (state == SPIKES)):
        m.d.comb += [Assert(tokens == 0), Assert(credits == 0)]
    with m.Elif(state == TOKENS):
        m.d.comb += [Assert(tokens + dut.left == p.egress_count), Assert(credits == 0)]
    with m.Elif(state == CREDITS):
        m.d.comb += [Assert(tokens == p.egress_count), Assert(credits + dut.left == p.credit_count)]
    begun = Signal()  # of an item that is still offered, some packets may be out
    m.d.sync += begun.eq((state == SPIKES) & dut.item.valid & ~dut.item.ready)
    with m.If((state == SPIKES) & ~begun):
        m.d.comb += Assert(dut.left == p.egress_count)
    m.d.comb += Assert((state == OPEN) | (state == SPIKES) | dut.finish)
    m.d.comb += Assert(~begun | (state == SPIKES))
    m.d.comb += Cover(dut.done & (tokens == 2) & (credits == 1))
    return m


def _sweep(m: Module, dut: Any) -> None:
    """The sweep's side: items, then `finish` until `done`."""
    for signal in (dut.item.valid, dut.item.payload, dut.o.ready, dut.finish):
        free(m, signal)
    offered(m, dut.item, Assume)
    chosen = {
        name: symbolic(m, signal.shape(), name)
        for name, signal in (("population", dut.population), ("job", dut.job))
    }
    m.d.comb += [dut.population.eq(chosen["population"]), dut.job.eq(chosen["job"])]
    ending, ended = Signal(), Signal()
    m.d.sync += [ending.eq(dut.finish & ~dut.done), ended.eq(dut.done)]
    m.d.comb += [
        Assume(~ending | dut.finish),
        Assume(~ended | ~dut.finish),
        Assume(~dut.finish | ~dut.item.valid),
    ]


def _made(m: Module, dut: Any, kind: Kind) -> Any:
    """Packets of a kind that have come on offer since the last sweep's end, this cycle's included."""
    before, room, total = (
        Signal(ENTRIES_BITS + 1, name=f"before_{kind}"),
        Signal(init=1),
        Signal(ENTRIES_BITS + 1, name=f"made_{kind}"),
    )
    m.d.sync += [room.eq(~dut.o.valid | dut.o.ready), before.eq(total)]
    m.d.comb += total.eq(before + (room & dut.o.valid & (dut.o.payload.kind == kind)))
    with m.If(dut.done):
        m.d.sync += before.eq(0)
    return total


def test_proved(tmp_path):
    verdict = prove(harness(egress.Egress(CONFIG)), tmp_path)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(egress.Egress(CONFIG)), tmp_path, mode="cover", depth=12)
    assert verdict.holds, verdict.log


MUTANTS = {
    "one credit short": (
        "self.left.eq(p.credit_count)",
        "self.left.eq(p.credit_count - 1)",
    ),
    "a credit is overwritten": ("free.eq(~self.o.valid | self.o.ready)", "free.eq(1)"),
    "a token short after an item": ("self.population.egress_count)", "self.population.egress_count - 1)"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    broken = mutant(egress, *change).Egress(CONFIG)
    assert not prove(harness(broken), tmp_path, mode="bmc", depth=9).holds
