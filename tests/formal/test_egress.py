"""Egress, by induction: a sweep ends with one token per egress entry and then one credit per credit
entry, no fewer and no more.

The population is one of the solver's choice, the same for every sweep; items, stalls and the end of
a sweep come when the solver likes. On a chip with a dynamic memory tokens go when they may (`early`), credits
when they may (`cleared`), and never before.
"""

from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from prover import Inside, free, mutant, offered, prove, symbolic

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Kind
from spikeplane.formats.training_tables import ENTRIES_BITS
from spikeplane_gateware.core.soma import egress

CONFIG = ChipConfig(rows=3, cols=3, lanes=8)
EARLY = replace(CONFIG, dynamic_depth=16, dynamic_bits=2)
OPEN, SPIKES, TOKENS, CREDITS, DONE = range(5)  #: the states, in the order that the component names them


def harness(dut: Any) -> Module:
    m, inside = Module(), Inside(dut)
    m.submodules.dut = inside.fragment
    waits = _sweep(m, dut)
    state, p = inside["fsm_state"], dut.population
    made = {kind: _made(m, dut, kind) for kind in (Kind.TOKEN, Kind.CREDIT)}
    tokens, credits = made[Kind.TOKEN], made[Kind.CREDIT]
    with m.If(dut.done):
        m.d.comb += [Assert(tokens == p.egress_count), Assert(credits == p.credit_count)]
    m.d.comb += [Assert(credits <= p.credit_count), Assert(tokens <= p.egress_count)]
    m.d.comb += Assert((credits == 0) | (tokens == p.egress_count))  # the credits last
    m.d.comb += [Assert(state <= DONE), Assert(dut.done == (state == DONE))]
    m.d.comb += [Assert(dut.none == (dut.left == 0)), Assert(dut.final == (dut.left <= 1))]
    with m.If((state == OPEN) | (state == SPIKES)):
        m.d.comb += [Assert(tokens == 0), Assert(credits == 0)]
    with m.Elif(state == TOKENS):
        m.d.comb += [Assert(tokens + dut.left == p.egress_count), Assert(credits == 0)]
    with m.Elif(state == CREDITS):
        m.d.comb += [Assert(tokens == p.egress_count), Assert(credits + dut.left == p.credit_count)]
    begun = Signal()  # of an item that is still offered, some packets may be out
    paused = begun & ~dut.item.valid if dut.config.dynamic_depth else False
    m.d.sync += begun.eq((state == SPIKES) & ((dut.item.valid & ~dut.item.ready) | paused))
    with m.If((state == SPIKES) & ~begun):
        m.d.comb += Assert(dut.left == p.egress_count)
    ends = dut.finish | dut.early if dut.config.dynamic_depth else dut.finish
    m.d.comb += Assert((state == OPEN) | (state == SPIKES) | ends)
    if dut.config.dynamic_depth:
        m.d.comb += [Assert((credits == 0) | dut.cleared), Assert(~dut.done | dut.finish)]
        m.d.comb += Cover(~dut.finish & ~dut.cleared & (tokens == 2) & (state == CREDITS))
    m.d.comb += Assert(~begun | (state == SPIKES))
    if dut.config.dynamic_depth:
        m.d.comb += Assert(~begun | waits)
    m.d.comb += Cover(dut.done & (tokens == 2) & (credits == 1))
    return m


def _sweep(m: Module, dut: Any) -> Signal:
    """The sweep's side: items, then `finish` until `done`. Returns whether a word waits."""
    for signal in (dut.item.valid, dut.item.payload, dut.o.ready, dut.finish):
        free(m, signal)
    waits = Signal(name="item_waits")
    if dut.config.dynamic_depth:
        _paused(m, dut, waits)
    else:
        offered(m, dut.item, Assume)
    chosen = {
        name: symbolic(m, signal.shape(), name)
        for name, signal in (("population", dut.population), ("job", dut.job))
    }
    m.d.comb += [dut.population.eq(chosen["population"]), dut.job.eq(chosen["job"])]
    if dut.config.dynamic_depth:
        _early(m, dut)
    ending, ended = Signal(), Signal()
    m.d.sync += [ending.eq(dut.finish & ~dut.done), ended.eq(dut.done)]
    m.d.comb += [
        Assume(~ending | dut.finish),
        Assume(~ended | ~dut.finish),
        Assume(~dut.finish | ~dut.item.valid),
    ]
    return waits


def _paused(m: Module, dut: Any, waits: Signal) -> None:
    """A word that waits may leave for a cycle, from past the sweep's queue into it, and comes back unchanged before any end."""
    item, left = dut.item, Signal(name="item_left")
    payload = item.payload.as_value()
    before = Signal(len(payload), name="item_before")
    m.d.sync += [waits.eq((item.valid & ~item.ready) | (waits & ~item.valid)), left.eq(waits & ~item.valid)]
    with m.If(item.valid):
        m.d.sync += before.eq(payload)
    m.d.comb += [
        Assume(~(waits & item.valid) | (payload == before)),
        Assume(~left | item.valid),
        Assume(~waits | ~(dut.finish | dut.early)),
    ]


def _early(m: Module, dut: Any) -> None:
    """Levels until `done`: opens, all through a sweep; early and cleared, at the end at the latest."""
    levels = (dut.opens, dut.early, dut.cleared)
    stay, ended = [Signal(name=f"stay_{number}") for number in range(3)], Signal(name="early_ended")
    m.d.sync += ended.eq(dut.done)
    for level, before in zip(levels, stay, strict=True):
        free(m, level)
        m.d.sync += before.eq(level & ~dut.done)
        m.d.comb += Assume(~before | level)
    m.d.comb += [
        Assume(~ended | ~(dut.opens | dut.early)),
        Assume(~(dut.finish | dut.early | dut.item.valid) | dut.opens),
        Assume(~dut.finish | dut.cleared),
        Assume(~dut.early | ~dut.item.valid),
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


@pytest.mark.parametrize("config", [CONFIG, EARLY], ids=["plain", "early"])
def test_proved(tmp_path, config):
    verdict = prove(harness(egress.Egress(config)), tmp_path)
    assert verdict.holds, verdict.log


@pytest.mark.parametrize("config", [CONFIG, EARLY], ids=["plain", "early"])
def test_not_vacuous(tmp_path, config):
    verdict = prove(harness(egress.Egress(config)), tmp_path, mode="cover", depth=12)
    assert verdict.holds, verdict.log


MUTANTS = {
    "one credit short": (
        "self._count(m, p.credit_count)",
        "self._count(m, p.credit_count - 1)",
    ),
    "a credit is overwritten": ("free.eq(~self.o.valid | self.o.ready)", "free.eq(1)"),
    "a token short after an item": ("self.population.egress_count)", "self.population.egress_count - 1)"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    broken = mutant(egress, *change).Egress(CONFIG)
    assert not prove(harness(broken), tmp_path, mode="bmc", depth=9).holds


#: on a chip with a dynamic memory
EARLY_MUTANTS = {
    "credits do not wait": ("free & self.cleared if early", "free if early"),
    "done before the sweep": ("self.none & self.finish if early", "self.none if early"),
    "tokens do not wait": ("self.finish | self.early if early", "self.opens if early"),
}


@pytest.mark.parametrize("change", EARLY_MUTANTS.values(), ids=EARLY_MUTANTS)
def test_mutants_of_early_ends_are_refuted(tmp_path, change):
    broken = mutant(egress, *change).Egress(EARLY)
    assert not prove(harness(broken), tmp_path, mode="bmc", depth=9).holds
