"""The walk of two spikes a cycle, by induction, for any requests and stalls: each set bit of a mask is walked once, with every
word of its projection; two that are walked together go to the same words; one that is left alone has no second; nothing
waits between walks.

```
    requests of the solver's choice --> Walker --> ops, held by stalls of the solver's choice
       `--> set bits that are left, row, column and group: what the next op has to say
```
A chip of one spike a cycle keeps the same contract, without seconds.
"""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cat, Const, Cover, Module, Mux, ResetSignal, Signal, Value
from prover import Inside, free, mutant, offered, prove

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.synapses import request, scan, walker

CONFIG = ChipConfig(
    rows=1, cols=1, lanes=8, weight_bits=1, acc_bits=12, membrane_bits=8, weight_depth=16, acc_depth=16, membrane_depth=16,
    parameter_depth=16, populations=1, projections=1, row_depth=4, column_depth=4, group_depth=4, egress_depth=4, coord_bits=2,
    group_bits=1, max_shift=7, spikes_per_cycle=2,
)  # fmt: skip
DYNAMIC = replace(CONFIG, dynamic_depth=16, dynamic_bits=2)
ONE = replace(CONFIG, spikes_per_cycle=1)
LEVELS = walker.LEVELS


class Asked:
    """A request by its fields, its set bits, and which of them are walked first."""

    def __init__(self, config: ChipConfig, fields: Any) -> None:
        self.fields, lanes = fields, config.lanes
        self.walked = ~fields.is_event & ~fields.aligned  # bit by bit
        self.alone = fields.dynamic if config.dynamic_depth else 0
        self.both = fields.both if config.spikes_per_cycle == 2 else 0
        self.first = hot(fields.bit, lanes)
        self.second = hot(fields.second, lanes) if config.spikes_per_cycle == 2 else 0
        self.bits = fields.mask | self.first | Mux(self.both, self.second, 0)

    def sane(self) -> Value:
        """What the lookup says: the first two bits are out of the mask, and two are two."""
        fields = self.fields
        apart = (fields.mask & (self.first | Mux(self.both, self.second, 0))) == 0
        pairs = ~self.both | (self.walked & ~self.alone & (self.first != self.second))
        paired = self.both | (fields.mask == 0) | self.alone if type(self.both) is not int else 1
        single = (fields.rows == 1) & (fields.columns == 1) & (fields.groups == 1)
        counts = (fields.rows != 0) & (fields.columns != 0) & (fields.groups != 0)
        return (
            (fields.more == (self.walked & (fields.mask != 0)))
            & (fields.once == single)
            & counts
            & (~self.walked | (apart & paired))
            & pairs
            & (~fields.is_event | single)
        )


def hot(bit: Value, lanes: int) -> Value:
    return Value.cast((Const(1) << bit)[:lanes])


def harness(module: ModuleType = walker, config: ChipConfig = CONFIG) -> Module:
    """Any requests, stalls and, on a chip with a dynamic memory, banks that are unready."""
    m = Module()
    dut = module.Walker(config)
    inside = Inside(dut)
    m.submodules.dut = inside.fragment
    for signal in (dut.i.valid, dut.i.payload, dut.stall, *([dut.unready] if config.dynamic_depth else [])):
        free(m, signal)
    offered(m, dut.i, Assume)
    asked = Asked(config, dut.i.payload)
    m.d.comb += [Assume(~ResetSignal()), Assume(~dut.i.valid | asked.sane())]
    have, left = Signal(), Signal(config.lanes)
    now = Signal(request.request_layout(config), name="under_way")
    goes, takes = ~(dut.op_valid & dut.stall), dut.i.ready & dut.i.valid
    at, ends = _position(m, now, have & goes, takes)
    words = {unit: _words(m, now, dut.i.payload, at, unit, have & goes, takes) for unit in ("acc", "weight")}
    bits = _bits(m, config, inside, Asked(config, now), have, left)
    over = have & ends & ((left == bits) | ~Asked(config, now).walked)
    m.d.comb += Assert(dut.i.ready == (goes & (~have | over)))  # no gap, and nothing is lost
    with m.If(have & goes & ends):
        m.d.sync += left.eq(left & ~bits)
    with m.If(goes & over):
        m.d.sync += have.eq(0)
    with m.If(takes):
        m.d.sync += [now.eq(dut.i.payload), left.eq(asked.bits), have.eq(1)]
    _sent(m, config, dut, inside, now, words, have & goes, goes)
    _invariants(m, config, dut, inside, now, at, words, have, left, bits)
    m.d.comb += [
        Cover(have & (left == 0b1011) & ends & ~Asked(config, now).alone),
        Cover(over & (now.rows == 2) & (now.columns == 2) & (now.groups == 2)),
    ]
    return m


def _position(m: Module, now: Any, steps: Value, takes: Value) -> tuple[dict[str, Signal], Value]:
    """Row, column and group of the next op, counted up, groups first, and whether it is the last of its walk."""
    at = {name: Signal(8, name=f"at_{name}") for name in LEVELS}
    inner = steps
    ends = Cat(*[at[name] + 1 == now[f"{name}s"] for name in LEVELS]).all()
    for name in LEVELS:
        last = at[name] + 1 == now[f"{name}s"]
        with m.If(takes):
            m.d.sync += at[name].eq(0)
        with m.Elif(inner):
            m.d.sync += at[name].eq(Mux(last, 0, at[name] + 1))
        inner = inner & last
    return at, ends


def _bits(m: Module, config: ChipConfig, inside: Inside, now: Asked, have: Value, left: Signal) -> Signal:
    """The bits that are walked together: of those that are left, and one alone only if it must be."""
    bits = Signal(config.lanes, name="together")
    first, walks = hot(inside["bit"], config.lanes), have & now.walked
    if config.spikes_per_cycle == 1:
        m.d.comb += bits.eq(first)
    else:
        partner = request_second(config, inside)
        second = hot(partner["second"], config.lanes)
        both = partner["both"]
        m.d.comb += bits.eq(first | Mux(both, second, 0))
        m.d.comb += [
            Assert(~both | (walks & ~now.alone & (first != second)) | ~have),
            Assert(~walks | both | now.alone | (left == first)),
        ]
    m.d.comb += Assert(~walks | ((bits & ~left) == 0))
    return bits


def request_second(config: ChipConfig, inside: Inside) -> dict[str, Value]:
    """The walker's register of the bit beside the one under way."""
    partner, found, offset = inside["partner"], {}, 0
    for name, width in request.second_field(config).items():
        found[name] = partner[offset : offset + width]
        offset += width
    return found


def _words(
    m: Module, now: Any, given: Any, at: dict[str, Signal], unit: str, steps: Value, takes: Value
) -> dict[str, Signal]:
    """Of the next op, the accumulator's or the weight's word, and where its column and its row began: three loops, one in the other."""
    begun = {name: Signal.like(now[unit], name=f"{unit}_of_{name}") for name in LEVELS}
    inner = steps
    for depth, name in enumerate(LEVELS):
        last = at[name] + 1 == now[f"{name}s"]
        with m.If(takes):
            m.d.sync += begun[name].eq(given[unit])
        with m.Elif(inner & ~last):
            m.d.sync += [begun[one].eq(begun[name] + now[f"{unit}_{name}"]) for one in LEVELS[: depth + 1]]
        inner = inner & last
    with m.If(inner & ~takes):  # another walk of the same request
        m.d.sync += [begun[name].eq(now[unit]) for name in LEVELS]
    return begun


def _sent(
    m: Module, config: ChipConfig, dut: Any, inside: Inside, now: Any, words: dict, sends: Value, goes: Value
) -> None:
    """The op, a cycle later: its word, and the rows of weights of its one or two bits."""
    word, row, other = (Signal(4, name=f"{name}_sent") for name in ("word", "row", "other"))
    valid, event, both = (Signal(name=f"{name}_sent") for name in ("valid", "event", "both"))
    base = words["weight"]["group"]
    with m.If(goes):
        m.d.sync += [
            valid.eq(sends),
            word.eq(words["acc"]["group"]),
            row.eq(base + inside["bit"]),
            event.eq(now.is_event),
        ]
        if config.spikes_per_cycle == 2:
            partner = request_second(config, inside)
            m.d.sync += [other.eq(base + partner["second"]), both.eq(partner["both"])]
    op = dut.op
    m.d.comb += Assert(dut.op_valid == valid)
    with m.If(valid):
        m.d.comb += [
            Assert(op.address == word),
            Assert(op.weight_address == row),
            Assert(op.is_event == event),
        ]
        if config.spikes_per_cycle == 2:
            m.d.comb += [Assert(op.both == both), Assert(~both | (op.second_address == other))]


def _invariants(
    m: Module, config: ChipConfig, dut: Any, inside: Inside, now: Any, at: dict[str, Signal], words: dict,
    have: Signal, left: Signal, bits: Signal,
) -> None:  # fmt: skip
    """Counters run down beside positions that run up; pointers stand at the position's word; the mask is what is left behind
    the bits under way."""
    last = {name: inside[f"last_{name}"] for name in LEVELS}
    with m.If(have):
        walked = Asked(config, now).walked
        more = inside["more"]
        m.d.comb += [
            Assert(Asked(config, now).sane()),
            Assert(inside["request"] == now.as_value()),
            Assert(~walked | (inside["remaining"] == (left & ~bits))),
            Assert(more == (walked & (inside["remaining"] != 0))),
            Assert(inside["done"] == Cat(*last.values()).all()),
            Assert(inside["free"] == (inside["done"] & ~more)),
        ]
        for name in LEVELS:
            count, total = inside[f"{name}s_left"], now[f"{name}s"]
            m.d.comb += [
                Assert(count + at[name] == total),
                Assert((count != 0) & (at[name] < total)),
                Assert(last[name] == (count == 1)),
                Assert(inside[f"only_{name}"] == (total == 1)),
            ]
        for unit in ("acc", "weight"):
            m.d.comb += [
                Assert(inside[f"{unit}_now"] == words[unit]["group"]),
                Assert(inside[f"{unit}_column_start"] == words[unit]["column"]),
                Assert(inside[f"{unit}_row_start"] == words[unit]["row"]),
            ]
    with m.Else():
        m.d.comb += Assert(inside["free"])
    m.d.comb += Assert(inside["have"] == have)


@pytest.mark.parametrize(
    "config",
    [CONFIG, pytest.param(DYNAMIC, marks=pytest.mark.slow), pytest.param(ONE, marks=pytest.mark.slow)],
    ids=["two", "rows", "one"],
)
def test_proved(tmp_path, config):
    verdict = prove(harness(config=config), tmp_path)
    assert verdict.holds, verdict.log


@pytest.mark.slow
def test_not_vacuous(tmp_path):
    verdict = prove(harness(), tmp_path, mode="cover", depth=16)
    assert verdict.holds, verdict.log


MUTANTS = {
    "the second of two is walked again": (scan, "Mux(alone, above, above & below[::-1])", "above"),
    "the first of two is walked again": (scan, "Mux(alone, above, above & below[::-1])", "below[::-1]"),
    "one that is left is its own second": (scan, "(above != 0) & ~alone", "~alone"),
    "the second is the lowest": (scan, "second.eq(~last)", "second.eq(bit)"),
    "all walks have a second where the first one has": (walker, ", self.partner.both.eq(both)", ""),
    "the second has the weights of bit 0": (
        walker,
        'pointers["weight"] + self.partner.second',
        'pointers["weight"]',
    ),
    "bits behind those under way are lost": (walker, "ends & ~more", "ends"),
    "later walks begin where the last one ended": (
        walker,
        "self.i.ready | self.restart):\n            start",
        "self.i.ready):\n            start",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, monkeypatch, change):
    original, old, new = change
    module = broken = mutant(original, old, new)
    if original is scan:
        monkeypatch.setattr(walker, "outermost", broken.outermost)
        module = walker
    assert not prove(harness(module), tmp_path, mode="bmc", depth=8).holds
