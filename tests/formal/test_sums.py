"""The engine's forwarding, by induction: what an op finds, adds to and takes is what was written last, for any
sequence of ops, equal addresses back to back as well as others.

```
    ops of the solver's choice --+--> Sums: X of both banks, D --> sum of a lane, found --+--> equal
                                 +--> one word, an op after the other ---> word ----------+
```
The word is any of X or D, chosen once. A memory's other words may hold anything, and so may a word that is read in
the cycle in which it is written.
"""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false

from dataclasses import dataclass
from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, ResetSignal, Signal, Value
from prover import Inside, free, mutant, prove, symbolic

from spikeplane.config import ChipConfig
from spikeplane.training import TrainingConfig
from spikeplane_gateware.core import lanes
from spikeplane_gateware.ram import Ram
from spikeplane_gateware.units.training import matches, sums
from spikeplane_gateware.units.training.stage import along


@dataclass(frozen=True, kw_only=True)
class Narrow(TrainingConfig):
    """Exact words of 4 bits: where a word comes from is the same for any width, and the solver is done in seconds."""

    exact_bits: int = 4

    def __post_init__(self) -> None:
        pass


CONFIG = ChipConfig(
    rows=1, cols=1, lanes=8, weight_bits=16, weight_depth=64, acc_depth=16, parameter_depth=16, populations=1, projections=1,
    row_depth=4, column_depth=4, group_depth=4, egress_depth=4, coord_bits=2, group_bits=1,
    training=Narrow(tape_depth=16, partial_depth=16),
)  # fmt: skip
pytestmark = pytest.mark.slow
EXACT_WORDS, BITS = 2 * CONFIG.acc_depth, Narrow.exact_bits  #: of both banks; of a word
FORWARDED = 4  #: ops before an op whose sums are not in memory yet
AGO = 9  #: cycles that a claim looks back
DEPTH = 10  #: cycles after which nothing stands in the pipeline that came before


class OneWord(Ram):
    """A memory of which one word is kept; all others are whatever the solver likes."""

    kept: Value  #: its address

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word, found, other = (Signal(self.width, name=name) for name in ("kept_word", "found", "other"))
        known = Signal()
        here = OneWord.kept[: len(self.read_address)]
        writes = self.write_en & (self.write_address == here)
        free(m, other)
        m.d.comb += self.read_data.eq(Mux(known, found, other))
        with m.If(self.read_en):
            m.d.sync += [found.eq(word), known.eq((self.read_address == here) & ~writes)]
        with m.If(writes):
            m.d.sync += word.eq(self.write_data)
        return m


def harness(module: Any = sums, lane: int = 0) -> Module:
    """Any ops in the engine's order, any addends of a lane."""
    m = Module()
    OneWord.kept, gradient = symbolic(m, 6, "place"), symbolic(m, 1, "gradient")
    dut = module.Sums(CONFIG)
    inside = Inside(dut)
    m.submodules.dut = inside.fragment
    for signal in (dut.op, dut.words, dut.carries):
        free(m, signal)
    op = dut.op
    m.d.comb += [
        Assume(~ResetSignal()),
        Assume(~op.clears | op.writes),
        Assume(op.gradient | (op.place < EXACT_WORDS)),
        Assume(gradient | (OneWord.kept < EXACT_WORDS)),
    ]
    touched = op.touches & (op.gradient == gradient) & (op.place == OneWord.kept)
    history = along(m, "history", Cat(touched, touched & op.writes, op.clears), AGO)
    touches, writes, clears = ([one[i] for one in history] for i in range(3))
    word = Signal(BITS)  # behind all ops of five cycles ago and before
    addend = dut.words.word_select(lane, BITS) + dut.carries[lane]
    m.d.comb += Assume(~(writes[4] & clears[4]) | (addend == 0))
    with m.If(writes[4]):
        m.d.sync += word.eq(Mux(clears[4], 0, word) + addend)
    _claims(m, inside, dut, lane, gradient, word, touches, writes)
    return m


def _claims(
    m: Module, inside: Inside, dut: Any, lane: int, gradient: Value, word: Signal, touches: list, writes: list
) -> None:
    alone, part = ~Cat(*writes[4 : 4 + FORWARDED]).any(), slice(lane % 2 * BITS, (lane % 2 + 1) * BITS)
    finds, total = touches[3] & alone, inside[f"sum_{lane}"]
    kept = [inside[f"{name}_{lane - lane % 2}", "kept_word"][part] for name in ("exact", "gradient")]
    with m.If(finds):
        m.d.comb += Assert(dut.found.word_select(lane, BITS) == word)
    with m.If(writes[5]):
        m.d.comb += Assert(total == word)
    with m.Else():  # invariant: what is not on its way is in memory
        m.d.comb += Assert(Mux(gradient, kept[1], kept[0]) == word)
    m.d.comb += [
        Cover(Cat(*writes[1:6]).all() & (word == 5)),
        Cover(finds & writes[4 + FORWARDED] & (word == 3) & gradient),
        Cover(writes[5] & ~writes[6] & writes[7] & ~writes[8] & writes[9] & ~gradient & (word == 7)),
    ]


@pytest.fixture(autouse=True)
def one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "Ram", OneWord)


@pytest.mark.parametrize("lane", [0, 7])
def test_proved(tmp_path, lane):
    verdict = prove(harness(lane=lane), tmp_path, depth=DEPTH)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(), tmp_path, mode="cover", depth=16)
    assert verdict.holds, verdict.log


MUTANTS = {
    "the op just before is not forwarded": (sums, 'Mux(flag["one"], total, base)', "base"),
    "nor the one before that": (sums, 'Mux(flag["two"], total, 0)', "0"),
    "the third for the fourth": (
        sums,
        'Mux(flag["third"], third, fourth)',
        'Mux(flag["third"], fourth, third)',
    ),
    "what is cleared keeps what is forwarded": (
        sums,
        'Mux(flag["clears"], 0, word | older | two)',
        "word | older | two",
    ),
    "a stale word is taken beside its sum": (sums, 'Mux(flag["forwarded"], 0, chosen)', "chosen"),
    "gradients are sums": (matches, " & (before.gradient == now.gradient)", ""),
    "an op that only reads is forwarded": (
        matches,
        "self.valid[number] & before.writes",
        "self.valid[number]",
    ),
    "the fourth one before is not seen": (matches, "(same[2] | same[3])", "same[2]"),
    "an older sum beside a younger one": (matches, "~same[1] & (same[2] | same[3])", "same[2] | same[3]"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, monkeypatch, change):
    original, old, new = change
    module = broken = mutant(original, old, new)
    if original is matches:
        monkeypatch.setattr(sums, "Matches", broken.Matches)
        module = sums
    assert not prove(harness(module), tmp_path, mode="bmc", depth=16).holds
