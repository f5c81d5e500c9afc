"""Lockstep: two boards' outputs compared spike for spike, and the first difference named by step,
population and neuron."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spikeplane.network import Network

Outputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Comparison:
    """values: outputs compared (every neuron, step and sample); spikes: those that were not 0 in
    the reference; first: the first difference as one line, or None."""

    values: int
    spikes: int
    mismatches: int
    first: str | None

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
    values = spikes = mismatches = 0
    found: list[tuple[tuple[int, int, int], str]] = []
    for order, name in enumerate(wanted):
        ours, theirs = chip.get(name), golden.get(name)
        if ours is None and theirs is None and names is None:
            continue
        size = max((side.size for side in (ours, theirs) if side is not None), default=1)
        values += size
        spikes += 0 if theirs is None else int(np.count_nonzero(theirs))
        if ours is None or theirs is None or ours.shape != theirs.shape:
            mismatches += size
            found.append(
                ((first_sample, 0, order), f"first difference: population '{name}': {_sides(ours, theirs)}")
            )
            continue
        places = np.argwhere(ours != theirs)
        mismatches += len(places)
        if len(places):
            found.append(_first(places[0], first_sample, order, name, ours, theirs))
    return Comparison(values, spikes, mismatches, min(found)[1] if found else None)


def _first(
    place: np.ndarray, first_sample: int, order: int, name: str, ours: np.ndarray, theirs: np.ndarray
) -> tuple[tuple[int, int, int], str]:
    """Where a population differs first, as a key to sort by, and in words."""
    sample, step, c, y, x = at = tuple(int(i) for i in place)
    return (first_sample + sample, step, order), (
        f"first difference: sample {first_sample + sample}, step {step}, population '{name}', "
        f"neuron (c={c}, y={y}, x={x}): "
        f"chip {int(ours[at])}, golden {int(theirs[at])}"
    )


def _sides(ours: np.ndarray | None, theirs: np.ndarray | None) -> str:
    chip, golden = (
        "no output" if side is None else f"outputs of shape {side.shape}" for side in (ours, theirs)
    )
    return f"chip {chip}, golden {golden}"
