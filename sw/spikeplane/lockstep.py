"""Lockstep: two boards' outputs compared spike for spike, and the first difference named by step, population and neuron."""

from dataclasses import dataclass

import numpy as np

from spikeplane.network import Network


@dataclass(frozen=True)
class Comparison:
    """values: outputs compared (every neuron, step and sample); spikes: those that were not 0 in the reference; first: the first
    difference as one line, or None."""

    values: int
    spikes: int
    mismatches: int
    first: str | None

    def __str__(self) -> str:
        line = f"{self.mismatches} mismatches over {self.spikes:,} spikes ({self.values:,} values compared)"
        return f"{line}\n{self.first}" if self.first else line


def compare(network: Network, chip: dict[str, np.ndarray], golden: dict[str, np.ndarray], first_sample: int = 0) -> Comparison:
    """Compare the populations that both have, each int (N, T, C, H, W).

    The first difference is the one of the earliest sample and step, and there of the earliest population in the network's order: what
    comes after it may only be its consequence.
    """
    names = [p.name for p in network.populations if p.name in chip and p.name in golden]
    values = sum(golden[name].size for name in names)
    spikes = sum(int(np.count_nonzero(golden[name])) for name in names)
    mismatches, found = 0, None
    for order, name in enumerate(names):
        places = np.argwhere(chip[name] != golden[name])
        mismatches += len(places)
        if len(places):
            sample, step, *neuron = (int(i) for i in places[0])
            key = (sample, step, order)
            if found is None or key < found[0]:
                found = (key, name, neuron)
    first = None
    if found:
        (sample, step, _), name, (c, y, x) = found
        place = (sample, step, c, y, x)
        first = (
            f"first difference: sample {first_sample + sample}, step {step}, population '{name}', neuron (c={c}, y={y}, x={x}): "
            f"chip {int(chip[name][place])}, golden {int(golden[name][place])}"
        )
    return Comparison(values, spikes, mismatches, first)
