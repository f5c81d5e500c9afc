"""The population words that are read in parts, by induction: whatever the memory holds, whichever slots are asked for and whatever
is read back between jobs, in the cycle behind `stands` the word is that of the slot, and it stays until another read.

```
    asks, slot --> NarrowPopulation <--> any memory that nobody writes
    read-back ----------^    while no job is read
```
"""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from amaranth.hdl import Array, Assert, Assume, Cat, Cover, Module, Mux, ResetSignal, Signal, Value
from prover import Inside, free, mutant, prove, symbolic

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.narrow_tables import population_cycles, population_parts
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import Memory
from spikeplane_gateware.core.reads import clears
from spikeplane_gateware.core.soma.sweep import narrow_population
from spikeplane_gateware.ram import Ram

CONFIG = ChipConfig(
    rows=1, cols=1, lanes=8, acc_depth=16, membrane_depth=16, parameter_depth=16, populations=2, projections=1, row_depth=4,
    column_depth=4, group_depth=4, egress_depth=4, coord_bits=2, group_bits=1, narrow_tables=True,
)  # fmt: skip
#: words of three parts and of four; a step of the induction for each cycle of a read, and a chunk's
CHIPS = {
    "three parts": CONFIG,
    "four parts, all options": replace(CONFIG, levels=True, step_bits=2, dynamic_depth=64, dynamic_bits=8),
}


class AnyRam(Ram):
    """A memory with words of the solver's choice, which nobody writes."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = [symbolic(m, self.width, f"word_{n}") for n in range(1 << len(self.read_address))]
        with m.If(self.read_en):
            m.d.sync += self.read_data.eq(Array(words)[self.read_address])
        return m


def harness(config: ChipConfig = CONFIG, module: ModuleType = narrow_population) -> Module:
    """Any jobs, and any chunks that are read back while there is none."""
    m = Module()
    dut: Any = module.NarrowPopulation(config)
    inside = Inside(dut)
    m.submodules.dut = inside.fragment
    m.d.comb += Assume(~ResetSignal())
    parts = population_parts(config)
    words = Array(inside["table", f"word_{n}"] for n in range(config.populations << bits_for(parts)))
    asked, stood, known, at = Signal(), Signal(), Signal(), Signal.like(dut.slot)
    before = Signal.like(dut.slot)
    for signal in (dut.slot, dut.asks):
        free(m, signal)
    m.d.comb += [  # a level until it stands, of one slot
        Assume(dut.slot < config.populations),
        Assume(~asked | (dut.asks & (dut.slot == before))),
        Assume(~stood | ~dut.asks),
    ]
    m.d.sync += [asked.eq(dut.asks & ~dut.stands), stood.eq(dut.stands), before.eq(dut.slot)]
    since = Signal(range(2 * parts), name="since")  # cycles of this read
    m.d.sync += since.eq(Mux(dut.asks & ~dut.stands, since + 1, 0))
    with m.If(dut.stands):
        m.d.sync += [known.eq(1), at.eq(dut.slot)]
    with m.Elif(dut.asks | dut.read.access):
        m.d.sync += known.eq(0)
    loads, word = _read_back(m, dut, words), dut.population.as_value()
    expected = Cat(*[words[_place(config, n, at)] for n in range(parts)])
    m.d.comb += [
        Assert(~known | (word == expected[: len(word)])),
        Assert(~dut.stands | (since == population_cycles(config) - 1)),
        Cover(known & (at == 1) & (word[:CHUNK_BITS] != 0)),
    ]
    if module is narrow_population:  # invariants: whole reads only, and the register moves for nothing else
        m.d.comb += [
            Assert(~dut.stands | asked),
            Assert((asked & ~dut.stands) | (inside["left"] == parts - 1)),
            Assert(dut.stands | (since + inside["left"] == parts - 1)),
            Assert(inside["takes"] == (asked | loads)),
        ]
    return m


def _place(config: ChipConfig, number: Any, slot: Any) -> Value:
    """Where a part lies."""
    return Value.cast(slot) * (1 << bits_for(population_parts(config))) + number


def _read_back(m: Module, dut: Any, words: Any) -> Signal:
    """Chunks of this memory or of another, one at a time: asked for, read, loaded, and there until it is taken. Returns
    when one is loaded."""
    parts, shown = dut.parts, Signal()
    number, address, other, begins = (
        Signal(bits, name=name) for name, bits in (("n", 4), ("address", 1), ("other", 1), ("begins", 1))
    )
    held = [Signal.like(signal, name=f"{signal.name}_held") for signal in (number, address, other)]
    access, load, stays = Signal(name="access"), Signal(name="load"), Signal(name="stays")
    for signal in (number, address, other, begins, stays):
        free(m, signal)
    under_way = access | load | shown
    m.d.comb += [
        Assume(number < parts),
        Assume(~dut.asks | ~(begins | under_way)),
        Assume(~begins | ~under_way),
        dut.read.address.eq(held[1]),
        dut.read.access.eq(access),
        dut.read.load.eq(load),
        clears(dut.read, Memory.POPULATION, dut.tables).eq(
            Mux(under_way, Mux(held[2], -1, ~(1 << held[0])), 0)
        ),
    ]
    m.d.sync += [access.eq(begins), load.eq(access), shown.eq(load | (shown & stays))]
    with m.If(begins):
        m.d.sync += [one.eq(now) for one, now in zip(held, (number, address, other), strict=True)]
    found = Mux(held[2], 0, words[_place(dut.config, held[0], held[1])])
    m.d.comb += [Assert(~shown | (dut.read_data == found)), Cover(shown & (dut.read_data != 0))]
    return load


@pytest.mark.parametrize("name", CHIPS)
def test_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert [population_parts(config) for config in CHIPS.values()] == [3, 4]
    monkeypatch.setattr(narrow_population, "Ram", AnyRam)
    verdict = prove(harness(CHIPS[name]), tmp_path, depth=population_cycles(CHIPS[name]) + 2)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrow_population, "Ram", AnyRam)
    verdict = prove(harness(), tmp_path, mode="cover", depth=12)
    assert verdict.holds, verdict.log


MUTANTS = {
    "a part too few": ("reads & (left == 0)", "reads & (left == 1)"),
    "from the next part on": ("Mux(left == 0, self.parts - 1, left - 1)", "left - 1"),
    "the lowest part first": ("self._place(left, self.slot)", "self._place(self.parts - 1 - left, self.slot)"),
    "read again while it stands": ("self.asks & ~self.stands", "self.asks"),
    "another slot": ("Cat(number[: bits_for(self.parts)], slot)", "Cat(number[: bits_for(self.parts)], slot ^ 1)"),
    "taken while nothing is read": ("takes.eq(reads | self.read.access)", "takes.eq(1)"),
    "not read back": ("takes.eq(reads | self.read.access)", "takes.eq(reads)"),
    "shown beside another memory": ("with m.If(hidden):", "with m.If(0):"),
    "the first part is read back": ("self._place(self._number(others), self.read.address)", "self._place(left, self.read.address)"),
}  # fmt: skip


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path: Path, change: tuple[str, str]) -> None:
    broken = mutant(narrow_population, *change)
    vars(broken)["Ram"] = AnyRam
    verdict = prove(harness(CONFIG, broken), tmp_path, mode="bmc", depth=2 * population_cycles(CONFIG) + 4)
    assert not verdict.holds
