"""The row of an update by itself, on words that no network reaches: steps beyond a narrow word, momenta beside gradients
that fill one."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from spikeplane.config import ChipConfig
from spikeplane.training import TrainingConfig
from spikeplane_gateware.units.training.row import Row, Rule
from spikeplane_sim.bench.block import Blocks
from spikeplane_sim.golden.training.binary16 import decode, mul16, round16

LANES, CYCLES, ROWS = 8, 40, 40
CHIPS = {"narrow": (36, False), "moving": (48, True)}  #: exact_bits, momentum


@cache
def blocks() -> Blocks:
    made = {
        name: Row(
            ChipConfig(rows=1, cols=1, lanes=8, weight_bits=16, training=TrainingConfig(exact_bits=bits, momentum=momentum))
        )
        for name, (bits, momentum) in CHIPS.items()
    }  # fmt: skip
    return Blocks(made)


def numbers(rng: np.random.Generator, count: int) -> np.ndarray:
    """Finite binary16 numbers of all sizes, as bits; none is -0."""
    bits = rng.integers(0, 0x7C00, count) | (rng.integers(0, 2, count) << 15)
    return np.where(bits == 0x8000, 0, bits)


def halves(bits: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(bits.astype(np.uint16).view(np.float16))


def ran(name: str, words: np.ndarray, weights: np.ndarray, **levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (bits) and addends of each row of words (rows, LANES), a row behind the other."""
    row: Any = blocks().packed.components[name]
    cycles = len(words) * CYCLES
    width = len(row.word[0])
    given: dict[str, np.ndarray] = {f"{name}.start": np.zeros(cycles, np.uint64)}
    given[f"{name}.start"][::CYCLES] = 1
    for level, value in levels.items():
        given[f"{name}.{level}"] = np.full(cycles, value, np.uint64)
    for lane in range(LANES):
        given[f"{name}.word.{lane}"] = np.repeat(words[:, lane] % (1 << width), CYCLES).astype(np.uint64)
        given[f"{name}.weights.{lane}"] = np.repeat(weights[:, lane], CYCLES).astype(np.uint64)
    found = blocks().run(given, cycles)
    last = slice(CYCLES - 1, None, CYCLES)
    made = np.stack([found[f"{name}.numbers.{lane}"][last] for lane in range(LANES)], 1)
    added = np.stack([found[f"{name}.addends.{lane}"][last] for lane in range(LANES)], 1).astype(np.int64)
    assert found[f"{name}.done"].sum() == len(words)
    return made.astype(np.int64), added - ((added >> width - 1) << width)


@pytest.mark.parametrize("factor", [0x0400, 0x3C00, 0x5000, 0x7BFF])
def test_a_step_beyond_a_narrow_word_is_the_largest_that_it_holds(factor: int) -> None:
    """Its sign stays; smaller ones are what they are."""
    rng = np.random.default_rng(factor)
    words = rng.integers(-(1 << 35), 1 << 35, (ROWS, LANES)) >> rng.integers(0, 34, (ROWS, LANES))
    made, added = ran("narrow", words, np.zeros_like(words), rule=Rule.GRADIENT, factor=factor)
    rounded, _ = round16(torch.as_tensor(words).ravel())
    steps, _ = mul16(halves(np.full(words.size, factor)), rounded)
    assert (made.ravel() == rounded.numpy().view(np.uint16)).all()
    expected = decode(steps.clamp(-2047, 2047))
    assert (torch.as_tensor(added).ravel() == expected).all()
    assert bool((steps.abs() > 2047).any()) == (factor > 0x4000)


def test_momenta_decay_to_numbers_and_are_added_to_whole_gradients() -> None:
    rng = np.random.default_rng(1)
    q = numbers(rng, ROWS * LANES).reshape(ROWS, LANES)
    words = rng.integers(-(1 << 47), 1 << 47, (ROWS, LANES)) >> rng.integers(0, 46, (ROWS, LANES))
    words[0], q[0] = (1 << 47) - 1, 0x7BFF  # the largest of both leave a word of 48 bits
    words[1], q[1] = -(1 << 47), 0xFBFF
    mu = 0x3B33  # 0.9
    decayed, _ = ran("moving", words, q, rule=Rule.GRADIENT, factor=mu, decays=1)
    expected, _ = mul16(halves(np.full(q.size, mu)), halves(q.ravel()))
    assert (decayed.ravel() == expected.numpy().view(np.uint16)).all()
    for weights in (decayed, q):
        made, added = ran("moving", words, weights, rule=Rule.GRADIENT, factor=0x3C00)
        rounded, saturated = round16(torch.as_tensor(words).ravel() + decode(halves(weights.ravel())))
        assert (made.ravel() == rounded.numpy().view(np.uint16)).all()
        assert (torch.as_tensor(added).ravel() == decode(rounded)).all()
        assert 16 < int(saturated.sum()) < saturated.numel() // 2
