"""The columns of streamed gradients against sets of steps: spikes of several populations, each at a step of its own, and
the words of deltas that a sum asks for."""

import random
from collections.abc import Iterable
from functools import cache

import numpy as np
import pytest

from spikeplane.config import ChipConfig
from spikeplane.training import TrainingConfig
from spikeplane_gateware.units.training.streams import Streams
from spikeplane_sim.bench.block import Blocks

SIZES = ((32, 16, 2), (96, 40, 3))  #: stream_steps, stream_sources, stream_targets
SLOTS: tuple[int, ...] = (0, 3, 15)


@cache
def blocks() -> Blocks:
    return Blocks({f"streams_{size[0]}": Streams(config(*size)) for size in SIZES})


def config(steps: int, sources: int, targets: int) -> ChipConfig:
    training = TrainingConfig(
        streamed=True, stream_steps=steps, stream_sources=sources, stream_targets=targets
    )
    return ChipConfig(rows=1, cols=1, lanes=8, weight_bits=16, acc_depth=64, training=training)


class Driven:
    """Streams of so many steps, and what their columns hold."""

    def __init__(self, steps: int) -> None:
        self.name = f"streams_{steps}"
        self.columns: dict[int, set[int]] = {}
        self.at = dict.fromkeys(SLOTS, 0)

    def run(self, cycles: int, **inputs: Iterable[int]) -> dict[str, np.ndarray]:
        given = {f"{self.name}.{key}": np.array(list(values), object) for key, values in inputs.items()}
        found = blocks().run(given, cycles)
        return {key.removeprefix(f"{self.name}."): rows for key, rows in found.items()}

    def clear(self) -> int:
        """Everything; in how many cycles."""
        cycles = 1
        while not self.run(1, clears=[1])["done"][0]:
            cycles += 1
        self.run(2)
        self.columns, self.at = {}, dict.fromkeys(SLOTS, 0)
        return cycles

    def spikes(self, columns: list[int], slot: int) -> None:
        """One right after the other."""
        for column in columns:
            self.columns.setdefault(column, set()).add(self.at[slot])
        n = len(columns)
        self.run(n + 6, spike=[1] * n, spike_column=columns, spike_slot=[slot] * n)

    def step(self, slot: int) -> None:
        assert self.run(1, slot=[slot], step=[1])["index"][0] == self.at[slot]
        self.at[slot] += 1

    def sum(self, column: int, history: int, steps: int) -> None:
        """The words it asks for, and in how many cycles."""
        most = 400
        found = self.run(most, sums=[1] * most, column=[column] * most, history=[history] * most)
        self.run(2)
        valid = found["valid"].astype(bool)
        expected = [history + at for at in sorted(self.columns.get(column, ()))]
        assert found["address"][valid].tolist() == expected
        done = int(np.flatnonzero(found["done"])[0])
        assert done == len(expected) + steps // 32 + 9
        assert not valid[done - 4 :].any()  # the sum stands at `done`
        assert found["done"][done:].all()


@pytest.mark.parametrize(("steps", "sources", "targets"), SIZES)
def test_columns(steps: int, sources: int, targets: int) -> None:
    rng, driven = random.Random(steps), Driven(steps)
    bits = (sources - 1).bit_length()
    for _ in range(2):  # the second time after what the first left
        assert driven.clear() == (steps // 32 << bits) + 2
        owner = {column: rng.choice(SLOTS) for column in range(sources)}
        for number in range(steps * len(SLOTS)):
            slot = SLOTS[number % 3] if number < 6 else rng.choice(SLOTS)
            if driven.at[slot] == steps - 1:
                continue
            mine = [column for column, whose in owner.items() if whose == slot]
            driven.spikes(rng.sample(mine, rng.randrange(len(mine) + 1)), slot)
            driven.step(slot)
        for slot in SLOTS:  # the last step of all
            driven.spikes([column for column, whose in owner.items() if whose == slot], slot)
        for column in range(sources):
            driven.sum(column, 64 + rng.randrange(targets) * steps, steps)
        assert {min(driven.columns[c]) for c in range(sources)} & {0, 1}
        assert max(max(values) for values in driven.columns.values()) == steps - 1


def test_columns_without_spikes_ask_for_nothing() -> None:
    driven = Driven(96)
    driven.clear()
    for column in (0, 39):
        driven.sum(column, 64, 96)
    driven.spikes([39], 3)
    driven.sum(39, 64, 96)
    driven.sum(38, 64, 96)
