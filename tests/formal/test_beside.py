"""Ops beside the sweep's requests, by induction, for any ops and requests: at most one clear is late, so that none is lost;
an op that goes beside a request takes its sum from the op before it; a sum that is not written is followed by one of its word
that is.

```
    ops of the solver's choice -------+--> Accumulate --> late, what is written
    requests of the solver's choice --+
```
What the memories hold is left out (the sums themselves: tests/unit/test_core_accumulate.py).
"""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false

from types import ModuleType
from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cat, Cover, Module, ResetSignal, Signal
from prover import Inside, free, mutant, prove

from spikeplane.config import ChipConfig
from spikeplane_gateware.core import lanes
from spikeplane_gateware.core.dynamic import beside
from spikeplane_gateware.core.synapses import accumulate, weights
from spikeplane_gateware.ram import Ram

CONFIG = ChipConfig(
    rows=1, cols=1, lanes=8, weight_bits=1, acc_bits=12, membrane_bits=8, weight_depth=16, acc_depth=16, membrane_depth=16,
    parameter_depth=16, populations=1, projections=1, row_depth=4, column_depth=4, group_depth=4, egress_depth=4, coord_bits=2,
    group_bits=1, max_shift=7, dynamic_depth=16, dynamic_bits=2,
)  # fmt: skip
pytestmark = pytest.mark.slow


class Anything(Ram):
    """A memory that holds whatever the solver likes."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        free(m, self.read_data)
        return m


def harness(module: ModuleType = accumulate) -> Module:
    m = Module()
    dut = module.Accumulate(CONFIG)
    inside = Inside(dut)
    m.submodules.dut = inside.fragment
    op, sweep = dut.op, dut.sweep
    for signal in (dut.op_valid, op, dut.held, sweep.valid, sweep.bank, sweep.address, sweep.clear):
        free(m, signal)
    place = Cat(op.address, op.bank)
    before, known, taken, followed = Signal(len(place)), Signal(), Signal(), Signal()
    m.d.sync += followed.eq(taken)
    m.d.comb += [
        taken.eq(dut.op_valid & ~dut.stall),
        Assume(~ResetSignal()),
        Assume(~op.again | (followed & known & ~op.is_event & (place == before))),  # as the walker says
    ]
    with m.If(taken):
        m.d.sync += [before.eq(place), known.eq(~op.is_event)]
    valid = [inside[f"valid_{i}"] for i in range(6)]
    ops, slots = [inside[f"op_{i}"] for i in range(6)], [inside[f"slot_{i}"] for i in range(4)]
    adds = [valid[i] & ~_field(ops[i], "is_event") for i in range(6)]
    same = [
        adds[i] & adds[i + 1] & (_place(ops[i]) == _place(ops[i + 1])) for i in range(4)
    ]  # of the op at stage i and the one before
    clears = slots[3][0] & slots[3][2]
    own, late = inside["writes_sum"], inside["clear_is_late"]
    m.d.comb += [Assert(~(own & clears & late)), Assert(~adds[3] | own | same[2])]
    # what the claims rest on
    follows = [inside["near_one"], inside["near_one_2"]]
    m.d.comb += [
        Assert(~(same[3] & late)),  # a word whose sum is replaced leaves its write to the clear
        Assert(followed == valid[0]),
        Assert(~known | ~valid[0] | _field(ops[0], "is_event") | (_place(ops[0]) == before)),
        Assert(~valid[0] | (known == adds[0])),
        *[Assert(~(valid[i] & slots[i][0]) | same[i]) for i in range(4)],
        *[Assert(~adds[i + 1] | (follow == same[i + 1])) for i, follow in enumerate(follows)],
    ]
    m.d.comb += [
        Cover(own & clears),
        Cover(late & valid[0] & valid[1] & valid[2] & valid[3]),
        Cover(adds[3] & ~own),
    ]
    return m


def _field(op: Signal, name: str) -> Any:
    layout = accumulate.op_layout(CONFIG)
    return op[layout[name].offset : layout[name].offset + layout[name].width]


def _place(op: Signal) -> Any:
    return Cat(_field(op, "address"), _field(op, "bank"))


@pytest.fixture(autouse=True)
def anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "Ram", Anything)
    monkeypatch.setattr(weights, "Ram", Anything)


def test_proved(tmp_path):
    verdict = prove(harness(), tmp_path, depth=6)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(), tmp_path, mode="cover", depth=16)
    assert verdict.holds, verdict.log


MUTANTS = {
    "beside with another word": ("owner.sweep.valid & ~owner.op.again", "0"),
    "an event replaces": (" & ~following.is_event", ""),
    "nothing is replaced": ("one_ago & next_valid & ~following.is_event", "0"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, monkeypatch, change):
    broken = mutant(beside, *change)
    monkeypatch.setattr(accumulate, "Beside", broken.Beside)
    assert not prove(harness(), tmp_path, mode="bmc", depth=14).holds
