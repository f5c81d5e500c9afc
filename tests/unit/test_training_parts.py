"""The binary16 parts of the gateware against integers: every number, ties and what lies beside them, every pair of
exponents, the limits of both widths, gaps between valid values."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import binary16_reference as reference
import numpy as np
import pytest
from training_blocks import SHIFT, WIDTHS, blocks

from spikeplane_gateware.units.training.binary16 import (
    DECODE_LATENCY,
    MUL_LATENCY,
    ROUND_LATENCY,
)

FINITE = [bits for bits in range(1 << 16) if bits >> 10 & 31 != 31]
Rows = dict[str, list[int]]


def through(part: str, latency: int, inputs: Rows, gaps: float = 0.0, seed: int = 0) -> dict[str, list[int]]:
    """What comes out of a part for a row of inputs each; of a fraction of cycles, `gaps`, nothing valid goes in,
    but any bits do."""
    rng = np.random.default_rng(seed)
    count = len(next(iter(inputs.values())))
    valid = rng.random(int(count / (1 - gaps) * 1.1) + 100) >= gaps
    at = np.flatnonzero(valid)[:count]
    cycles = int(at[-1]) + 1 + latency + 1
    taken = np.zeros(cycles, np.int64)
    taken[at] = 1
    given: dict[str, Any] = {f"{part}.valid": taken}
    for name, values in inputs.items():
        rows = rng.integers(0, 2, cycles) * -1  # beside the valid ones all bits or none
        rows[at] = values
        given[f"{part}.{name}"] = rows
    found = blocks().run(given, cycles)
    out = found[f"{part}.out_valid"].astype(bool)
    assert np.array_equal(np.flatnonzero(out), at + latency), "a latency, or a valid bit"
    if f"{part}.overflow" in found:
        assert not found[f"{part}.overflow"][~out].any(), "an overflow of nothing"
    return {
        key.split(".")[1]: [int(v) for v in rows[out]]
        for key, rows in found.items()
        if key.startswith(f"{part}.")
    }


def check(
    part: str, latency: int, inputs: Rows, rule: Callable[..., tuple[int, bool]], **settings: Any
) -> int:
    """Hold a rounding part against its rule; how often it saturated."""
    found = through(part, latency, inputs, **settings)
    wanted = [rule(*row) for row in zip(*inputs.values(), strict=True)]
    for place, (number, overflow) in enumerate(wanted):
        row = {name: values[place] for name, values in inputs.items()}
        assert (found["number"][place], found["overflow"][place]) == (number, overflow), (part, row)
    return sum(overflow for _, overflow in wanted)


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("gaps", [0.0, 0.5])
def test_every_number_is_decoded(bits: int, gaps: float) -> None:
    rng, part = random.Random(bits), f"decode_{bits}"
    inputs = {"number": FINITE, "negate": [rng.randrange(2) for _ in FINITE]}
    if bits == 48:
        inputs["shift"] = [rng.randrange(1 << SHIFT) for _ in FINITE]
    found = through(part, DECODE_LATENCY, inputs, gaps)
    for place, number in enumerate(FINITE):
        size = reference.units(number) << inputs.get("shift", FINITE)[place] * (bits == 48)
        wanted = -size if inputs["negate"][place] else size
        assert (found["word"][place] + found["carry"][place] - wanted) % (1 << bits) == 0, hex(number)


def words(bits: int, every: int, seed: int) -> Iterator[int]:
    """Exact words: around the limits, every `every`th tie and number with what lies a unit beside it, and
    of all lengths."""
    rng, most = random.Random(seed), (1 << (bits - 1)) - 1
    yield from (0, most, -most, -most - 1)
    yield from (place + more for place in (65519 << 24, 65520 << 24, 1 << 40, 1 << 41) for more in (-1, 0, 1))
    for low in range(rng.randrange(every), 0x7BFF, every):
        number, tie = reference.UNITS[low], (reference.UNITS[low] + reference.UNITS[low + 1]) // 2
        yield from (place + more for place in (number, tie) for more in (-1, 0, 1))
    for length in range(bits):
        yield from (rng.getrandbits(length) for _ in range(20))
        yield from ((1 << length) - 1, 1 << length)


def signed(values: Iterator[int], bits: int) -> list[int]:
    """Those that the word holds, and their opposites."""
    half = 1 << (bits - 1)
    return [word for value in values for word in (value, -value) if -half <= word < half]


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("gaps", [0.0, 0.6])
def test_sums_are_rounded_to_the_nearest(bits: int, gaps: float) -> None:
    given = signed(words(bits, 16 if gaps else 4, bits), bits)
    saturated = check(f"round_{bits}", ROUND_LATENCY, {"word": given}, reference.round16, gaps=gaps)
    assert (saturated > 20) == (bits > 36)


@pytest.mark.slow
@pytest.mark.parametrize("bits", WIDTHS)
def test_every_tie_is_rounded(bits: int) -> None:
    given = signed(words(bits, 1, 1), bits)
    check(f"round_{bits}", ROUND_LATENCY, {"word": given}, reference.round16)


def pairs(each: int, seed: int) -> Iterator[tuple[int, int]]:
    """Of every pair of exponents `each` numbers of any mantissas, and some of edges."""
    rng = random.Random(seed)
    edges = (0, 1, 2, 3, 512, 513, 1022, 1023)
    for e in range(31):
        for f in range(31):
            for _ in range(each):
                low, high = (
                    rng.choice(edges) if rng.random() < 0.3 else rng.getrandbits(10) >> rng.randrange(10)
                    for _ in "ab"
                )
                yield e << 10 | low | rng.randrange(2) << 15, f << 10 | high | rng.randrange(2) << 15


@pytest.mark.parametrize(
    ("each", "gaps"), [(40, 0.0), (8, 0.5), pytest.param(2000, 0.0, marks=pytest.mark.slow)]
)
def test_products_are_rounded_to_the_nearest(each: int, gaps: float) -> None:
    a, b = zip(*pairs(each, each), strict=True)
    given = {"a": list(a), "b": list(b)}
    assert check("mul", MUL_LATENCY, given, reference.mul16, gaps=gaps) > 100
    products = [abs(reference.units(x) * reference.units(y)) for x, y in zip(a, b, strict=True)]
    ties = [p for p in products if 0 < p < 1 << 48 and p % (1 << 24) == 1 << 23]
    assert len(ties) > 5, "products between two subnormals"


def test_products_that_are_ties_and_nothing() -> None:
    """Ties of normal products; every sign of zero; the largest numbers; the least product that saturates."""
    ties = [(x, y) for x in range(0x3C00, 0x4000, 3) for y in (0x3C01, 0x3C03, 0x3E00, 0x3FFF) if _tie(x, y)]
    zeros = [(x, y) for x in (0, 0x8000) for y in (0, 0x8000, 1, 0x8001, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF)]
    most = [(0x7BFF, x) for x in (0x3BFF, 0x3C00, 0x3C01, 0x7BFF, 0xFBFF, 0x0001, 0x8001)]
    edges = [(x, y) for x in range(0x5BE0, 0x5C20) for y in range(0x5BF0, 0x5C10)]
    given = [*ties, *zeros, *((y, x) for x, y in zeros), *most, *edges]
    assert len(ties) > 100
    a, b = zip(*given, strict=True)
    assert check("mul", MUL_LATENCY, {"a": list(a), "b": list(b)}, reference.mul16) > 100


def _tie(x: int, y: int) -> bool:
    product = reference.units(x) * reference.units(y)
    cut = product.bit_length() - 11
    return product % (1 << cut) == 1 << (cut - 1)


@pytest.mark.parametrize("exponent", [1, 12, 15, 18, 30])
def test_numbers_are_limited(exponent: int) -> None:
    """To +-2^(exponent - 15), and only what is beyond it is told."""
    limit = exponent << 10
    given = [number for number in FINITE if number % 7 == 0 or abs((number & 0x7FFF) - limit) < 3]
    found = through("clamp", 1, {"number": given, "exponent": [exponent] * len(given)})
    beyond = [reference.UNITS[number & 0x7FFF] > 1 << (exponent + 9) for number in given]
    assert found["beyond"] == beyond
    wanted = [number & 0x8000 | limit if far else number for number, far in zip(given, beyond, strict=True)]
    assert found["limited"] == wanted
    assert 0 < sum(beyond) < len(given)
