"""Gathered sums against integers: any visits, sources right behind one another, sums that wrap or are 0; and the queue
in which they wait."""

import random

import numpy as np
import pytest
from training_blocks import DEPTH, ID, TREES, WIDTH, blocks

from spikeplane_gateware.units.training.tree import tree_latency


@pytest.mark.parametrize(("lanes", "bits"), TREES)
@pytest.mark.parametrize("gaps", [0.0, 0.5])
def test_sums_of_sources(lanes: int, bits: int, gaps: float) -> None:
    rng, cycles = random.Random(lanes), 600
    given: dict[str, list[int]] = {name: [] for name in ("valid", "words", "carries", "ends", "id")}
    wanted, total = [], 0
    for cycle in range(cycles):
        valid = rng.random() >= gaps and cycle < cycles - 20
        words = [rng.getrandbits(bits) if rng.random() < 0.8 else 0 for _ in range(lanes)]
        carries, ends, whose = rng.getrandbits(lanes), rng.random() < 0.4, rng.getrandbits(ID)
        if cycle == cycles - 21:
            valid = ends = True  # the last source ends
        if rng.random() < 0.3:  # and sources that are 0 in all
            words = [(1 << bits) - (carries >> i & 1) for i in range(lanes)]
        row = (valid, sum(w % (1 << bits) << bits * i for i, w in enumerate(words)), carries, ends, whose)
        for name, value in zip(given, row, strict=True):
            given[name].append(int(value))
        if valid:
            total += sum(words) + carries.bit_count()
            if ends:
                total %= 1 << bits
                wanted.append((cycle + tree_latency(lanes), total, total != 0, whose))
                total = 0
    name = f"tree_{lanes}"
    found = blocks().run({f"{name}.{key}": np.array(values, object) for key, values in given.items()}, cycles)
    at = np.flatnonzero(found[f"{name}.out_valid"])
    out = [found[f"{name}.{key}"] for key in ("sum", "some", "out_id")]
    assert [(int(c), *(int(rows[c]) for rows in out)) for c in at] == wanted
    assert len({some for _, _, some, _ in wanted}) == 2
    assert len(wanted) > 80


@pytest.mark.parametrize(("writes", "takes"), [(0.9, 0.9), (0.2, 1.0), (0.5, 0.3)])
def test_words_wait_in_order(writes: float, takes: float) -> None:
    """Never more than fit: filled to the last word, emptied, and round its end many times."""
    rng, waiting, full = random.Random(f"{writes} {takes}"), [], 0
    for cycle in range(1500):
        word, ready = rng.getrandbits(WIDTH), rng.random() < takes
        write = rng.random() < writes and len(waiting) < DEPTH and cycle < 1400
        before, full = len(waiting), full + (len(waiting) == DEPTH)
        rows = {"write": int(write), "word": word, "o.ready": int(ready)}
        found = blocks().run({f"queue.{name}": np.array([value], object) for name, value in rows.items()}, 1)
        if write:
            waiting.append(word)
        if ready and found["queue.o.valid"][0]:
            assert int(found["queue.o.payload"][0]) == waiting.pop(0)
        assert bool(found["queue.empty"][0]) == (before == 0)
    assert not waiting
    assert (full > 50) == (writes > takes / 2)
