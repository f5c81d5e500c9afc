"""StreamFifo, by induction: two words of the solver's choice leave once each, unchanged and in
order; an offered word stays."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from prover import Inside, free, mutant, prove, symbolic

from spikeplane_gateware.network import fifo
from spikeplane_gateware.network.fifo import StreamFifo

WIDTH = 4
MARK = {"a": 1, "b": 2}  #: the two low bits of a word say whether it is one of the two that are followed


def harness(component: Any) -> Module:
    """Only the two followed words carry a mark, so where a mark is, there the word is. Invariants:
    each is in one place."""
    m, inside = Module(), Inside(component)
    m.submodules.dut = inside.fragment
    i, o = component.i, component.o
    for signal in (i.valid, i.payload, o.ready):
        free(m, signal)
    head, spare = inside["head"], inside["spare"]
    head_valid, spare_valid = inside["head_valid"], inside["spare_valid"]
    words = {name: symbolic(m, WIDTH, f"word_{name}") for name in MARK}
    entered = {name: Signal(name=f"entered_{name}") for name in MARK}
    left = {name: Signal(name=f"left_{name}") for name in MARK}
    allowed = {"a": ~entered["a"], "b": entered["a"] & ~entered["b"]}
    m.d.comb += Assume(i.payload[:2] != 3)
    for name, mark in MARK.items():
        into, out = i.payload[:2] == mark, o.payload[:2] == mark
        at = [spare_valid & (spare[:2] == mark), head_valid & (head[:2] == mark), left[name]]
        m.d.comb += [
            Assume(words[name][:2] == mark),
            Assume(~(i.valid & into) | (allowed[name] & (i.payload == words[name]))),
            Assert(at[0] + at[1] + at[2] == entered[name]),  # nothing lost or duplicated
            Assert(~at[0] | (spare == words[name])),
            Assert(~at[1] | (head == words[name])),
            Assert(~(o.valid & out) | (entered[name] & ~left[name] & (o.payload == words[name]))),
        ]
        m.d.sync += entered[name].eq(entered[name] | (i.valid & i.ready & into))
        m.d.sync += left[name].eq(left[name] | (o.valid & o.ready & out))
    first = [spare_valid & (spare[:2] == 1), head_valid & (head[:2] == 1)]
    second = [head_valid & (head[:2] == 2), left["b"]]
    m.d.comb += [
        Assert(~left["b"] | left["a"]),  # order
        Assert(~(first[0] & (second[0] | second[1]))),
        Assert(~entered["b"] | entered["a"]),
        Assert(~spare_valid | head_valid),
    ]
    _stability(m, o)
    m.d.comb += [
        Cover(left["b"] & (words["a"][2:] != words["b"][2:])),
        Cover(spare_valid & entered["b"] & ~left["a"]),
    ]
    return m


def _stability(m: Module, o: Any) -> None:
    """A word that is offered and not taken is offered again."""
    stalled, before = Signal(), Signal(WIDTH)
    m.d.sync += [stalled.eq(o.valid & ~o.ready), before.eq(o.payload)]
    m.d.comb += Assert(~stalled | (o.valid & (o.payload == before)))


def test_proved(tmp_path):
    verdict = prove(harness(StreamFifo(WIDTH)), tmp_path)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(StreamFifo(WIDTH)), tmp_path, mode="cover", depth=8)
    assert verdict.holds, verdict.log


MUTANTS = {
    "loses a word": ("with m.Elif(self.i.valid & self.i.ready):", "with m.Elif(0):"),
    "doubles a word": (
        "m.d.sync += [spare_valid.eq(0)",
        "m.d.sync += [spare_valid.eq(spare_valid & ~self.i.valid)",
    ),
    "swaps words": ("m.d.comb += [self.i.ready.eq(~spare_valid)", "m.d.comb += [self.i.ready.eq(1)"),
    "does not hold": ("with m.If(~head_valid | self.o.ready):", "with m.If(1):"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    broken = mutant(fifo, *change).StreamFifo(WIDTH)
    assert not prove(harness(broken), tmp_path, mode="bmc", depth=8).holds
