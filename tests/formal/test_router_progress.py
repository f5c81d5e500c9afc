"""The router, by induction: with its outputs taken, a packet is gone within BOUND cycles of
entering, whatever the other traffic."""

from typing import Any

from amaranth.hdl import Assert, Cover, Module, Mux, Signal
from followed import CONFIG, Followed, any_of, fifos, surroundings
from prover import Inside, mutant, prove
from rule import SIDES

from spikeplane.formats.structure import SOURCES
from spikeplane_gateware.network import arbiter, router
from spikeplane_gateware.network.router import Router

#: cycles in a head register at most: each requester is served once
TURNS = max(len(sources) for sources in SOURCES.values())
BOUND = 3 * TURNS + 1  #: two packets before it, its own turn, the output register


def harness(dut: Any) -> Module:
    """`served`: cycles that the packet in the entry's head register has been there. The invariant
    is a budget: age + what is left."""
    m, inside = Module(), Inside(dut)
    m.submodules.dut = inside.fragment
    entry = surroundings(m, dut, stalls=False)
    a = Followed(m, dut, inside, "a", entry)
    a.enters(~a.entered)
    a.contract()
    fifos(m, inside)
    served, age = Signal(4), Signal(6)
    for number, side in enumerate(SIDES):
        with m.If(entry == number):
            _turns(m, inside, side, served)
    done = ~any_of(*[a.wanted[o] & ~a.left[o] for o in SIDES])
    with m.If(a.entered & ~done):
        m.d.sync += age.eq(age + 1)
    turn = TURNS - served
    with m.If(a.spare):
        m.d.comb += Assert(age + turn + 2 * TURNS < BOUND)
    with m.Elif(a.front):
        m.d.comb += Assert(age + turn + TURNS < BOUND)
    with m.Elif(any_of(*a.head.values())):
        m.d.comb += Assert(age + turn < BOUND)
    with m.Elif(a.entered & ~done):
        m.d.comb += Assert(age < BOUND)
    m.d.comb += [
        Assert(a.entered | (age == 0)),
        Assert(age <= BOUND),
        Cover(done & a.entered & (age > TURNS)),
    ]
    return m


def _turns(m: Module, inside: Inside, side: str, served: Signal) -> None:
    """The head register's packet is served at each output before the arbiter has been round: its
    distance shrinks with each take."""
    wants = any_of(*[inside[f"want_{side}_{o}"] for o in SIDES if side in SOURCES[o]])
    m.d.sync += served.eq(Mux(inside[f"load_{side}"], 0, served + 1))
    m.d.comb += Assert(Mux(wants, served < TURNS, served == 0))
    for o in SIDES:
        if side not in SOURCES[o]:
            continue
        n, me, mask = len(SOURCES[o]), SOURCES[o].index(side), inside[f"arbiter_{o}", "mask"]
        first: Any = 0
        for i in reversed(range(n)):
            first = Mux(mask[i], i, first)
        distance = Mux(me >= first, me - first, me + n - first)
        m.d.comb += Assert((mask | mask << 1)[:n] == mask)
        m.d.comb += Assert(~inside[f"want_{side}_{o}"] | (served + distance < n))


def test_proved(tmp_path):
    verdict = prove(harness(Router(CONFIG)), tmp_path)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(Router(CONFIG)), tmp_path, mode="cover", depth=12)
    assert verdict.holds, verdict.log


def test_an_arbiter_that_never_turns_is_refuted(tmp_path):
    broken: Any = mutant(
        router, "out.payload.eq(chosen)", "out.payload.eq(chosen)  # as it is, but for the arbiter"
    )
    broken.Arbiter = mutant(arbiter, "with m.If(self.take):", "with m.If(0):").Arbiter
    assert not prove(harness(broken.Router(CONFIG)), tmp_path, mode="bmc", depth=9).holds


def test_a_router_that_dawdles_is_refuted(tmp_path):
    broken = mutant(router, "left = {o: want & ~grants[o][side] for", "left = {o: want for").Router(CONFIG)
    assert not prove(harness(broken), tmp_path, mode="bmc", depth=9).holds
