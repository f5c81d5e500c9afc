"""The sweep's items, by induction: no item is made before the one ahead of it has its place in the
FIFO, whatever the neurons say and however long egress waits. So none is lost, and the FIFO is never
written when it is full.

```
    elements --room--> neurons (any spikes) --> staged item --> FIFO --> egress (any stalls)
       `--------- inflight ----------'          <-------- N <= 13 of 16 ------->
```
The neurons are any masks of the solver's choice at the real ones' latency: what they compute does
not matter here.
"""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false

from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Signal, Value
from prover import Inside, free, mutant, offered, prove

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.soma import neuron
from spikeplane_gateware.core.soma.sweep import control, items, lanes, masks, sweep

CONFIG = ChipConfig(
    rows=1, cols=1, lanes=8, weight_bits=1, acc_bits=12, membrane_bits=8, weight_depth=16, acc_depth=16, membrane_depth=16,
    parameter_depth=16, populations=1, projections=1, row_depth=4, column_depth=4, group_depth=4, egress_depth=4, coord_bits=2,
    group_bits=1, max_shift=7,
)  # fmt: skip
#: the states, in the order that the component names them
IDLE, OPEN, PARAMETERS, WALK, CLEAR, SETTLE, ZERO, FINISH = range(8)
MOST = 13  #: under way, staged or in the FIFO at once


class AnyNeurons(neuron.NeuronArray):
    """Neurons that fire as the solver likes."""

    def _lane(self, m: Module, lane: int, valids: list, keeps: Signal, shared: Signal) -> None:
        v = Signal.like(self.v[lane], name=f"any_v_{lane}")
        for signal in (self.after[lane], v):
            free(m, signal)
        m.d.sync += self.v[lane].eq(v)  # a register: lanes of a table turn
        if not lane:
            free(m, self.fired)


def harness(config: ChipConfig = CONFIG) -> Module:
    """Any jobs, population words, currents and stalls."""
    m = Module()
    dut: Any = sweep.Sweep(config)
    inside = Inside(dut)
    m.submodules.dut = inside.fragment
    for signal in (
        dut.job.valid,
        dut.job.payload,
        dut.write.valid,
        dut.write.memory,
        dut.write.address,
        dut.write.data,
    ):
        free(m, signal)
    for name in ("puts", "chunk", "place", "part") if config.narrow_tables else ():
        free(m, getattr(dut.write, name))
    for signal in (dut.item.ready, dut.done, dut.port.data_valid, *dut.port.data):
        free(m, signal)
    offered(m, dut.job, Assume)
    staged, inflight, load = inside["items", "staged"], inside["items", "inflight"], inside["masks", "load"]
    ready, level = inside["items", "queue", "items", "w_rdy"], inside["items", "queue", "level"]
    m.d.comb += Assert(~load | ~staged | ready)  # what is claimed: an item takes the place of none that waits
    # nor a membrane of one whose planes are under way
    m.d.comb += Assert(~inside["lanes", "neurons", "out_valid"] | _rest(inside))
    if config.tables:
        m.d.comb += Assume(~dut.population.tabled | dut.population.membrane_out)
        m.d.comb += Assert(~inside["masks", "values", "busy"] | _planes_rest(dut, inside))
    total, values = Signal(6), dut.population.membrane_out
    m.d.comb += total.eq(inflight + level + staged)
    with m.If(~values):
        m.d.comb += [Assert((inflight == 0) | (total <= MOST)), Assert(_rest(inside))]
    _under_way(m, inside, inflight)
    _states(m, dut, inside, total, inflight)
    # Three windows that fired at once, in the FIFO, before it and in the neurons, while egress waits:
    m.d.comb += Cover(~values & (inflight != 0) & staged & (level == 1) & ~dut.item.ready)
    return m


def _under_way(m: Module, inside: Inside, inflight: Signal) -> None:
    """Invariant: `inflight` counts the windows that have left the walk and have not come out of the
    neurons."""
    flags = [inside["elements", name] for name in ("asked", "stages__0", "stages__1")]
    stages = [inside["lanes", "neurons", f"valid_{i}"] for i in range(1, neuron.LATENCY + 1)]
    m.d.comb += Assert(inflight == sum([flag[0] & flag[3] for flag in flags], start=sum(stages)))


def _states(m: Module, dut: Any, inside: Inside, total: Signal, inflight: Signal) -> None:
    """Invariants: a population's word changes only when nothing is under way, and there is room
    only for what is allowed for."""
    state, count = inside["control", "fsm_state"], inside["control", "count"]
    staged, room = inside["items", "staged"], inside["items", "room"]
    quiet, values = (inflight == 0) & _rest(inside) & ~staged, dut.population.membrane_out
    between = (state == IDLE) | (state == OPEN) | (state == PARAMETERS) | (state == FINISH)
    m.d.comb += [
        Assert(state <= FINISH),
        Assert(~between | quiet),
    ]
    if dut.config.narrow_tables:  # the word moves while it is read
        fetched, takes = (inside["populations", name] for name in ("stands", "takes"))
        m.d.comb += [Assert(~takes | (state == IDLE)), Assert(~fetched | ((state == IDLE) & dut.job.valid))]
    else:
        fetched = inside["control", "fetched"]
        m.d.comb += Assert(~fetched | ((state == IDLE) & (count == 2) & dut.job.valid))
    m.d.comb += Assert((state != OPEN) | ~fetched)
    with m.If(state == WALK):
        m.d.comb += [Assert(~room | values | (total < MOST)), Assert(~room | ~values | quiet)]
    with m.If(values):
        m.d.comb += [Assert(inflight <= 1), Assert((inflight == 0) | (_rest(inside) & ~staged))]


def _rest(inside: Inside) -> Value:
    """No plane is to be sent, and no table is being asked for any."""
    return inside["masks", "rests"]


def _planes_rest(dut: Any, inside: Inside) -> Value:
    """No plane is to be sent."""
    return ~inside["masks", "busy"] if dut.config.low_planes else inside["masks", "plane"] == 0


@pytest.fixture(autouse=True)
def any_neurons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "NeuronArray", AnyNeurons)


def test_proved(tmp_path):
    verdict = prove(harness(), tmp_path)
    assert verdict.holds, verdict.log


@pytest.mark.slow
def test_proved_with_planes_left_out(tmp_path):
    verdict = prove(harness(replace(CONFIG, low_planes=True)), tmp_path)
    assert verdict.holds, verdict.log


@pytest.mark.slow
def test_proved_with_words_in_parts(tmp_path):
    verdict = prove(harness(replace(CONFIG, narrow_tables=True)), tmp_path)
    assert verdict.holds, verdict.log


@pytest.mark.slow
def test_proved_with_tables(tmp_path):
    verdict = prove(harness(replace(CONFIG, tables=1)), tmp_path)
    assert verdict.holds, verdict.log


@pytest.mark.slow
def test_not_vacuous(tmp_path):
    verdict = prove(harness(), tmp_path, mode="cover", depth=24, timeout=900)
    assert verdict.holds, verdict.log


#: by the class that has the fault: its module, and what is changed there
MUTANTS = {
    "no room kept": (
        "Items",
        items,
        "(inflight + queue.level) < SWEEP_ITEMS - 5",
        "queue.level < SWEEP_ITEMS - 5",
    ),
    "room is not looked at": ("Control", control, "self.element.eq(self.go)", "self.element.eq(1)"),
    "membranes follow each other": ("Items", items, "Mux(self.alone, empty, ", "Mux(0, empty, "),
    "a plane does not wait": (
        "Masks",
        masks,
        "with m.Elif(planes.runs & self.taken):",
        "with m.Elif(planes.runs):",
    ),
}


@pytest.mark.parametrize(("name", "module", "old", "new"), MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_not_proved(tmp_path, monkeypatch, name, module, old, new):
    monkeypatch.setattr(sweep, name, getattr(mutant(module, old, new), name))
    assert not prove(harness(), tmp_path).holds
