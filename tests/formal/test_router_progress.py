"""The router, by induction: with its outputs taken, a packet is gone within BOUND cycles of
entering, whatever the other traffic."""

from typing import Any

from amaranth.hdl import Assert, Cover, Module, Mux, Signal
from followed import CONFIG, Followed, Front, any_of, broken_router, entries, surroundings
from prover import Inside, prove
from rule import SIDES

from spikeplane.formats.structure import SOURCES
from spikeplane_gateware.network import arbiter, entry
from spikeplane_gateware.network.router import Router

#: cycles in front at most: each requester is served once
TURNS = max(len(sources) for sources in SOURCES.values())
BOUND = 2 * TURNS + 1  #: a packet before it, its own turn, the output register


def harness(dut: Any) -> Module:
    """`served`: cycles that the packet in front has been there. The invariant
    is a budget: age + what is left."""
    m, inside = Module(), Inside(dut)
    m.submodules.dut = inside.fragment
    entry = surroundings(m, dut, stalls=False)
    a = Followed(m, dut, inside, "a", entry)
    a.enters(~a.entered)
    a.contract()
    entries(m, inside)
    served, age = Signal(4), Signal(6)
    for number, side in enumerate(SIDES):
        with m.If(entry == number):
            _turns(m, inside, side, served)
    done = ~any_of(*[a.wanted[o] & ~a.left[o] for o in SIDES])
    with m.If(a.entered & ~done):
        m.d.sync += age.eq(age + 1)
    turn = TURNS - served
    with m.If(a.behind):
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
    """The packet in front is served at each output before the arbiter has been round: its distance shrinks
    with each take."""
    front = Front(inside, side)
    m.d.sync += served.eq(Mux(front.done, 0, served + 1))
    m.d.comb += Assert(Mux(front.some, served < TURNS, served == 0))
    for o in front.outputs:
        n, me, mask = len(SOURCES[o]), SOURCES[o].index(side), inside[f"output_{o}", "arbiter", "mask"]
        first: Any = 0
        for i in reversed(range(n)):
            first = Mux(mask[i], i, first)
        distance = Mux(me >= first, me - first, me + n - first)
        m.d.comb += Assert((mask | mask << 1)[:n] == mask)
        m.d.comb += Assert(~front.wants(o) | (served + distance < n))


def test_proved(tmp_path):
    verdict = prove(harness(Router(CONFIG)), tmp_path)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(Router(CONFIG)), tmp_path, mode="cover", depth=12)
    assert verdict.holds, verdict.log


def test_an_arbiter_that_never_turns_is_refuted(tmp_path):
    broken = broken_router(arbiter, "with m.If(self.take):", "with m.If(0):")
    assert not prove(harness(broken), tmp_path, mode="bmc", depth=9).holds


def test_a_router_that_dawdles_is_refuted(tmp_path):
    broken = broken_router(entry, "left = self.wants & ~self.granted", "left = self.wants")
    assert not prove(harness(broken), tmp_path, mode="bmc", depth=9).holds
