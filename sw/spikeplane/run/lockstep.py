"""Lockstep: two boards' outputs compared spike for spike, and the first difference named by step,
population and neuron."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spikeplane.network import Network

Outputs = dict[str, np.ndarray]


@dataclass(frozen=True, order=True)
class Difference:
    """Where chip and golden model differ: sample, step, the population by its order and name, neuron (c, y, x),
    and what each of them gave."""

    sample: int
    step: int
    order: int
    population: str
    neuron: tuple[int, int, int]
    chip: int
    golden: int

    def __str__(self) -> str:
        c, y, x = self.neuron
        return (
            f"first difference: sample {self.sample}, step {self.step}, population '{self.population}', "
            f"neuron (c={c}, y={y}, x={x}): chip {self.chip}, golden {self.golden}"
        )

    def plain(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "sample": self.sample,
            "step": self.step,
            "population": self.population,
            "neuron": list(self.neuron),
            "chip": self.chip,
            "golden": self.golden,
        }


@dataclass(frozen=True)
class Comparison:
    """What comparing outputs with the golden model's found.

    values      outputs compared: every neuron, step and sample
    spikes      those that were not 0 in the reference
    mismatches  those that differ
    first       the first difference as one line, or None
    by_layer    mismatches of each population compared
    samples     the numbers of those that differ, in order
    where       the first difference; None for none, and where a side lacks a population
    """

    values: int
    spikes: int
    mismatches: int
    first: str | None
    by_layer: dict[str, int] = field(default_factory=dict)
    samples: tuple[int, ...] = ()
    where: Difference | None = None

    def joined(self, later: "Comparison") -> "Comparison":
        """With that of samples behind these."""
        names = [*self.by_layer, *(name for name in later.by_layer if name not in self.by_layer)]
        mine, other = self.by_layer, later.by_layer
        return Comparison(
            self.values + later.values,
            self.spikes + later.spikes,
            self.mismatches + later.mismatches,
            self.first or later.first,
            {name: mine.get(name, 0) + other.get(name, 0) for name in names},
            self.samples + later.samples,
            self.where if self.first else later.where,
        )

    def __str__(self) -> str:
        if not self.values:
            return "nothing was compared: neither side has an output"
        line = f"{self.mismatches} mismatches over {self.spikes:,} spikes ({self.values:,} values compared)"
        if self.first:
            return f"{line}\n{self.first}"
        return line if self.spikes else f"{line}: no neuron fired, which shows little; use other data"


def compare(
    network: Network,
    chip: Outputs,
    golden: Outputs,
    first_sample: int = 0,
    names: Iterable[str] | None = None,
) -> Comparison:
    """Compare the populations `names` (default: those of neurons that either side has), each int
    (N, T, C, H, W).

    One that a side lacks, or has in another shape, is a mismatch in every value. The first
    difference is the one of the earliest sample and step, and there of the earliest population in
    the network's order: what comes after it may only be its consequence.
    """
    wanted = [p.name for p in network.populations if p.neuron is not None] if names is None else list(names)
    values = spikes = 0
    by_layer: dict[str, int] = {}
    samples: set[int] = set()
    found: list[tuple[tuple[int, int, int], str, Difference | None]] = []
    for order, name in enumerate(wanted):
        ours, theirs = chip.get(name), golden.get(name)
        if ours is None and theirs is None and names is None:
            continue
        size = max((side.size for side in (ours, theirs) if side is not None), default=1)
        values += size
        spikes += 0 if theirs is None else int(np.count_nonzero(theirs))
        if ours is None or theirs is None or ours.shape != theirs.shape:
            by_layer[name] = size
            samples |= {first_sample + n for n in range(_count(ours, theirs))}
            line = f"first difference: population '{name}': {_sides(ours, theirs)}"
            found.append(((first_sample, 0, order), line, None))
            continue
        places = np.argwhere(ours != theirs)
        by_layer[name] = len(places)
        samples |= set((first_sample + places[:, 0]).tolist())
        if len(places):
            where = _first(places[0], first_sample, order, name, ours, theirs)
            found.append(((where.sample, where.step, order), str(where), where))
    _, line, where = min(found, key=lambda one: one[0]) if found else (None, None, None)
    return Comparison(values, spikes, sum(by_layer.values()), line, by_layer, tuple(sorted(samples)), where)


def _count(*sides: np.ndarray | None) -> int:
    """Samples of a population that a side lacks, or has in another shape."""
    return max((len(side) for side in sides if side is not None), default=0)


def _first(
    place: np.ndarray, first_sample: int, order: int, name: str, ours: np.ndarray, theirs: np.ndarray
) -> Difference:
    """Where a population differs first."""
    sample, step, c, y, x = at = tuple(int(i) for i in place)
    return Difference(first_sample + sample, step, order, name, (c, y, x), int(ours[at]), int(theirs[at]))


def _sides(ours: np.ndarray | None, theirs: np.ndarray | None) -> str:
    chip, golden = (
        "no output" if side is None else f"outputs of shape {side.shape}" for side in (ours, theirs)
    )
    return f"chip {chip}, golden {golden}"
