"""A shift by a multiplier is the shift by logic, for any weights, shifts, signs and lanes that are left out.

```
    op of the solver's choice -----+--> factor ------> product
    weight of the solver's choice -+--> shift, sign -> addend + carry
```
"""

# Amaranth types slices of signals as slices of pins:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from dataclasses import replace
from types import ModuleType, SimpleNamespace

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, ResetSignal, Signal, Value, signed
from prover import free, mutant, prove

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.synapses import accumulate

LOGIC = ChipConfig(
    rows=1, cols=1, lanes=8, weight_bits=4, acc_bits=20, membrane_bits=8, weight_depth=16, acc_depth=16, membrane_depth=16,
    parameter_depth=16, populations=1, projections=1, row_depth=4, column_depth=4, group_depth=4, egress_depth=4, coord_bits=2,
    group_bits=1, max_shift=11,
)  # fmt: skip
MULTIPLIER = replace(LOGIC, shift_multiplier=True)
LANE = 5


def harness(module: ModuleType = accumulate) -> Module:
    """One op and the weight of one lane, in both pipelines."""
    m = Module()
    op, valid = Signal(accumulate.op_layout(LOGIC)), Signal()
    weight, busy = Signal(signed(5)), Signal(name="busy")
    for signal in (op, valid, weight):
        free(m, signal)
    m.d.comb += [Assume(~ResetSignal()), Assume(op.shift <= LOGIC.max_shift)]
    m.d.sync += busy.eq(valid)
    addend, carry = _pipeline(m, accumulate, LOGIC, op, valid, weight, busy)
    product, none = _pipeline(m, module, MULTIPLIER, op, valid, weight, busy)
    logic, known = _shifted(m, op, valid, weight, busy)
    m.d.comb += [
        Assert(~known | ((addend + carry)[: LOGIC.acc_bits] == logic)),
        Assert(~known | ((product + none)[: LOGIC.acc_bits] == logic)),
        Cover(known & (logic == -16 & 0xFFFFF)),
        Cover(known & (logic == 0x7800)),
    ]
    return m


def _pipeline(
    m: Module, module: ModuleType, config: ChipConfig, op: Signal, valid: Signal, weight: Signal, busy: Signal
) -> tuple[Value, Value]:
    """What a pipeline of this chip adds, two cycles after its op came to stage 1."""
    parts = SimpleNamespace(config=config, busy_2=busy)
    module.Accumulate._significance(parts, m, [(0, op), (valid, op)])
    return module.Accumulate._addend(parts, m, LANE, weight)


def _shifted(m: Module, op: Signal, valid: Signal, weight: Signal, busy: Signal) -> tuple[Signal, Signal]:
    """The specification, and whether an op has come."""
    held, factor, adds = Signal(range(12)), Signal(signed(2)), Signal()
    found, known = Signal(LOGIC.acc_bits), Signal()
    with m.If(valid):
        m.d.sync += [held.eq(op.shift), factor.eq(1 - 2 * op.negate)]
    m.d.sync += adds.eq(valid & ~op.is_event & op.lanes[LANE])
    with m.If(busy):
        m.d.sync += [found.eq(((weight * factor) << held) * adds), known.eq(1)]
    return found, known


def test_proved(tmp_path):
    verdict = prove(harness(), tmp_path, mode="bmc", depth=6)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(), tmp_path, mode="cover", depth=4)
    assert verdict.holds, verdict.log


MUTANTS = {
    "a factor has no sign": ("self.factor[lane].as_signed()", "self.factor[lane]"),
    "the largest shift is none": ("bits = c.max_shift + 2", "bits = c.max_shift + 1"),
    "nothing is negated": ("Mux(op.negate, Const(-1, bits), Const(1, bits))", "Const(1, bits)"),
    "lanes that are left out add": (
        "Mux(self.adds[lane], weight * self.factor[lane].as_signed(), 0)",
        "weight * self.factor[lane].as_signed()",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    assert not prove(harness(mutant(accumulate, *change)), tmp_path, mode="bmc", depth=4).holds
