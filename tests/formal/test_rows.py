"""The rows of a gate population, by induction, for any words and pauses of its sweep:

- it writes its own rows, in their order, one for each word, and only between `begin` and the end;
- a row is the word that was given for it;
- when the engine is quiet all that was given is written, and nothing is written behind the end.

Beside that a chip with gates keeps the contract of pairs (`test_outer`).
"""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false, reportReturnType=false

from dataclasses import replace
from types import ModuleType

import pytest
import test_outer
from amaranth.hdl import Assert, Assume, Cover, Module, Mux, ResetSignal, Signal
from prover import Inside, free, mutant, prove

from spikeplane.formats.dynamic_tables import Sink
from spikeplane_gateware.core.dynamic import outer, row_adder

CONFIG = replace(test_outer.CONFIG, gates=True)
ROWS = CONFIG.dynamic_depth
pytestmark = pytest.mark.slow


def harness(module: ModuleType = row_adder) -> Module:
    m, dut = Module(), module.RowAdder(CONFIG)
    inside, p, rows = Inside(dut), dut.population, dut.port
    m.submodules.dut = inside.fragment
    opened, closes, pending = (Signal(name=name) for name in ("opened", "closes", "pending"))
    given, written = (Signal(range(ROWS + 1), name=name) for name in ("given", "written"))
    word = Signal.like(dut.row, name="word_given")
    before, now = (Signal(len(p.as_value()), name=name) for name in ("before", "now"))
    for signal in (dut.population, dut.begin, dut.row_valid, dut.row, rows.word, rows.read_ready, closes):
        free(m, signal)
    m.d.comb += [
        now.eq(p.as_value()),
        Assume(~ResetSignal()),
        Assume(~opened | (now == before)),
        Assume(~dut.begin | ~opened),
        Assume((p.sink == Sink.ROWS) & (p.row_base <= 1)),
        Assume(~dut.row_valid | (opened & ((p.row_base << 3) + given < ROWS))),
        Assume(~closes | (opened & dut.quiet & ~dut.row_valid)),
    ]
    m.d.sync += [before.eq(now), opened.eq(dut.begin | (opened & ~closes)), pending.eq(dut.row_valid)]
    with m.If(dut.row_valid):
        m.d.sync += [given.eq(given + 1), word.eq(dut.row)]
    with m.If(rows.write_valid):
        m.d.sync += written.eq(written + 1)
    with m.If(dut.begin):
        m.d.sync += [given.eq(0), written.eq(0)]
    first, following = Signal(range(2 * ROWS)), inside["following"]
    m.d.comb += [
        first.eq(p.row_base << 3),
        # what is claimed
        Assert(
            ~rows.write_valid | (opened & (rows.write_row == first + written) & (rows.write_word == word))
        ),
        Assert(~(opened & dut.quiet) | (written == given)),
        Assert(~rows.read_valid),
        # invariants
        Assert(rows.write_valid == pending),
        Assert(inside["adding"] == pending),
        Assert(~inside["reading"] & ~inside["some_left"] & (inside["adds"] == 0)),
        Assert(pending | (inside["word"] == 0)),
        Assert(~opened | ((given == written + pending) & (first + given <= ROWS))),
        Assert(~opened | (following == Mux(first + given == ROWS, 0, first + given))),
        Assert(opened | ~pending),
        Cover(opened & dut.quiet & (written == 8) & (p.row_base == 1)),
    ]
    return m


def test_proved(tmp_path):
    verdict = prove(harness(), tmp_path)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(), tmp_path, mode="cover", depth=14)
    assert verdict.holds, verdict.log


class WithoutValues(test_outer.World):
    """A chip with gates in sweeps of pairs."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__(module)
        self.m.d.comb += Assume(self.dut.population.sink != Sink.ROWS)


def test_pairs_beside_gates(tmp_path, monkeypatch):
    monkeypatch.setattr(test_outer, "CONFIG", CONFIG)
    monkeypatch.setattr(test_outer, "World", WithoutValues)
    monkeypatch.setattr(outer, "PairWords", test_outer.AnyPairs)
    verdict = prove(test_outer.harness(), tmp_path)
    assert verdict.holds, verdict.log


#: what is changed
MUTANTS = {
    "rows are cleared": ("m.d.sync += some.eq(0)", "pass"),
    "quiet too early": ("~reading & ~adding &", "~reading &"),
    "the same row again": ("if c.gates:\n            with m.If(self.row_valid):\n                m.d.sync += following",
                           "if c.gates:\n            with m.If(self.i.valid):\n                m.d.sync += following"),
    "another row": ("at_write.eq(following)", "at_write.eq(following + 1)"),
    "a row of nothing": ("Mux(self.row_valid, self.row, 0)", "0"),
    "a word is lost": ("reading | self.row_valid, word", "reading | self.i.valid, word"),
    "from the first row on": ("following.eq(p.row_base << lanes)", "following.eq(0)"),
}  # fmt: skip


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_not_proved(tmp_path, change):
    assert not prove(harness(mutant(row_adder, *change)), tmp_path).holds
