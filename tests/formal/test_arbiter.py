"""Arbiter, by induction: one-hot grants of requests only, never idle while asked, and a request
that stays is granted within n takes."""

from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal
from prover import Inside, free, mutant, prove, symbolic

from spikeplane_gateware.network import arbiter
from spikeplane_gateware.network.arbiter import Arbiter


def harness(component: Any) -> Module:
    """`watched` is any requester; `passed` counts the takes that went to others while it asked."""
    m, inside, n = Module(), Inside(component), component.count
    m.submodules.dut = inside.fragment
    requests, grant, take, mask = component.requests, component.grant, component.take, inside["mask"]
    for signal in (requests, take):
        free(m, signal)
    watched = symbolic(m, range(n), "watched")
    passed, first, distance = Signal(range(n + 2)), Signal(range(n)), Signal(range(2 * n))
    mine = [(watched == i) & requests[i] for i in range(n)]
    got = [(watched == i) & grant[i] for i in range(n)]
    served = ~_any(mine) | (take & _any(got))
    m.d.comb += [
        Assume(watched < n),
        first.eq(Mux(mask == 0, 0, _lowest(mask, n))),
        distance.eq(Mux(watched >= first, watched - first, watched + n - first)),
        Assert((grant & (grant - 1)) == 0),
        Assert((grant & ~requests) == 0),
        Assert((grant != 0) == (requests != 0)),
        Assert(passed < n),
        Assert((mask | mask << 1)[:n] == mask),  # a suffix of the requesters
        Assert(~_any(mine) | (passed + distance < n)),
    ]
    with m.If(served):
        m.d.sync += passed.eq(0)
    with m.Elif(take):
        m.d.sync += passed.eq(passed + 1)
    m.d.comb += [Cover(passed == n - 1), Cover((passed == n - 1) & take & _any(got))]
    return m


def _any(bits: list[Any]) -> Any:
    total = bits[0]
    for bit in bits[1:]:
        total = total | bit
    return total


def _lowest(mask: Signal, n: int) -> Any:
    lowest: Any = n - 1
    for i in reversed(range(n)):
        lowest = Mux(mask[i], i, lowest)
    return lowest


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_proved(tmp_path, count):
    verdict = prove(harness(Arbiter(count)), tmp_path)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(Arbiter(5)), tmp_path, mode="cover", depth=10)
    assert verdict.holds, verdict.log


MUTANTS = {
    "grants two": ("chosen[i] & ~chosen[:i].any()", "chosen[i]"),
    "shifts the grants": ("~chosen[:i].any()", "~(chosen[:i].any() if i else 0)"),
    "grants nobody": ("m.d.comb += chosen.eq(self.requests)", "pass"),
    "never turns": ("with m.If(self.take):", "with m.If(0):"),
    "turns untaken": ("with m.If(self.take):", "with m.If(self.requests != 0):"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    broken = mutant(arbiter, *change).Arbiter(3)
    assert not prove(harness(broken), tmp_path, mode="bmc", depth=10).holds
