"""`Round16` for every exact word: its number is the nearest, it keeps the order of words, and what is a number already
stays what it is.

```
    word --+--> Round16 --> number --+--> decoded: |word - decoded| <= half of either step beside the number
    more --+--> Round16 --> above ---+--> word <= more: number <= above
           word = decode(any number) --> number
```
The solver chooses the words once: after the pipeline's cycles they have come out.
"""

from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal, Value
from prover import mutant, prove, symbolic

from spikeplane_gateware.units.training import binary16, rounding

pytestmark = pytest.mark.slow
WIDTHS = (36, 48)
LARGEST = 0x7BFF
CYCLES = binary16.ROUND_LATENCY + 2


class Round:
    """A Round16 whose word stands still; `settled`: its number is that of the word."""

    def __init__(self, m: Module, name: str, word: Value, stages: Any = rounding) -> None:
        inner = Module()
        found = stages.round16(inner, "round", Signal(init=1), word)
        m.submodules[name] = inner
        age = Signal(range(CYCLES + 1), name=f"{name}_age")
        m.d.sync += age.eq(Mux(age == CYCLES, CYCLES, age + 1))
        self.number, self.overflow, self.settled = found.number, found.overflow, age == CYCLES


def units(number: Any, width: int) -> Any:
    """What the bits of a finite number count, without its sign."""
    exponent = number[10:15]
    mantissa: Any = Cat(number[:10], exponent.any())
    return (mantissa << Mux(exponent.any(), exponent - 1, 0)[:5])[:width]


def nearest(bits: int, stages: Any = rounding) -> Module:
    """Twice the distance is at most a step; where it is one, the number's last bit is 0."""
    m = Module()
    word = symbolic(m, bits, "word")
    r = Round(m, "dut", word, stages)
    wide = bits + 3
    size = Signal(wide)
    m.d.comb += size.eq(Mux(word[-1], (~word + 1)[:bits], word))
    number = r.number[:15]
    here, above, below = (Signal(wide, name=name) for name in ("here", "above", "below"))
    m.d.comb += [
        here.eq(units(number, wide)),
        above.eq(units((number + 1)[:15], wide)),  # above the largest: 65536
        below.eq(Mux(number == 0, 0, units((number - 1)[:15], wide))),
    ]
    over = Signal()
    m.d.comb += over.eq(size >= (65520 << 24) if bits > 40 else 0)
    up, down, even = here + above, here + below, ~number[0]
    with m.If(r.settled):
        m.d.comb += Assert(r.overflow == over)
        m.d.comb += Assert((r.number[15] == word[-1]) | (word == 0))
        with m.If(over):
            m.d.comb += Assert(number == LARGEST)
        with m.Else():
            m.d.comb += Assert((2 * size < up) | ((2 * size == up) & even))
            m.d.comb += Assert((2 * size > down) | ((2 * size == down) & even))
            m.d.comb += Assert((r.number != 0x8000) & ((size == 0) == (number == 0)))
        m.d.comb += Cover((number == LARGEST) & ~over) if bits > 40 else Cover(number[10:15] == 26)
    return m


def ordered(bits: int, stages: Any = rounding) -> Module:
    """Of two words the larger one has the larger number, or both have the same."""
    m = Module()
    word, more = symbolic(m, bits, "word"), symbolic(m, bits, "more")
    low, high = Round(m, "low", word, stages), Round(m, "high", more, stages)
    m.d.comb += Assume(word.as_signed() <= more.as_signed())
    with m.If(low.settled):
        m.d.comb += Assert(_place(low.number) <= _place(high.number))
        m.d.comb += Cover(low.number != high.number)
    return m


def _place(number: Any) -> Any:
    """Bits that grow with a number."""
    return Mux(number[15], -number[:15], number[:15])


def kept(bits: int, stages: Any = rounding) -> Module:
    """What a number counts, if the word holds it, is rounded to that number."""
    m = Module()
    number = symbolic(m, 16, "number")
    size = units(number, 48)
    word = Signal(bits)
    m.d.comb += word.eq(Mux(number[15], -size, size))
    m.d.comb += [Assume(number[10:15] != 31), Assume(number != 0x8000)]
    if bits < 48:
        m.d.comb += Assume(size[bits - 1 :] == 0)
    r = Round(m, "dut", word, stages)
    with m.If(r.settled):
        m.d.comb += [Assert(r.number == number), Assert(~r.overflow), Cover(number == 0x83FF)]
    return m


RULES = {"nearest": nearest, "ordered": ordered, "kept": kept}


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("rule", RULES)
def test_proved(tmp_path, rule, bits):
    verdict = prove(RULES[rule](bits), tmp_path, depth=CYCLES + 1)
    assert verdict.holds, verdict.log


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("rule", RULES)
def test_not_vacuous(tmp_path, rule, bits):
    verdict = prove(RULES[rule](bits), tmp_path, mode="cover", depth=CYCLES + 2)
    assert verdict.holds, verdict.log


MUTANTS = {
    "ties go away from zero": ("nearest", "f.half & (f.below | f.kept[0])", "f.half"),
    "what lies far below does not count": ("nearest", "below=c.below | below", "below=below"),
    "one bit more saturates": ("nearest", "_WHOLE = 40", "_WHOLE = 39"),
    "a negative word is a unit too small": ("kept", " + negative)", ")"),
    "nothing saturates beside the largest": ("ordered", "f.over | (largest & up)", "f.over"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    rule, old, new = change
    assert not prove(
        RULES[rule](48, mutant(rounding, old, new)), tmp_path, mode="bmc", depth=CYCLES + 2
    ).holds
