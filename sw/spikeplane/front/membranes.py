"""Membranes of one sample, as the golden model has them."""

from collections.abc import Sequence

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.front.names import population
from spikeplane.program import Program
from spikeplane.provided import provided


def potentials(program: Program, inputs: dict[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    """v of each step (T, C, H, W), what is held against the threshold, before any reset; and what is sent, of the
    same shape. inputs: (T, C, H, W) by input. Raises SpikeplaneError for a population without neurons."""
    found = program.network.population(population(program, name))
    if found.neuron is None:
        neurons = [p.name for p in program.network.populations if p.neuron is not None]
        raise SpikeplaneError(
            f"population '{found.name}' has no neurons, and no membranes; there are {', '.join(neurons)}"
        )
    widths = {"membrane_bits": program.config.membrane_bits, "acc_bits": program.config.acc_bits}
    model, seen = provided("GoldenModel")(program.network, **widths), {}
    both = [
        (seen[found.name][0].cpu().numpy(), outputs[found.name][0].cpu().numpy())
        for outputs in model.steps({key: planes[None] for key, planes in inputs.items()}, seen)
    ]
    v, sent = (np.stack(side) for side in zip(*both, strict=True))
    return v, sent


def thresholds(program: Program, name: str) -> np.ndarray | None:
    """(C,) of a population; None: it sends its membranes and has none."""
    found = program.network.population(population(program, name))
    if found.sends_values or found.theta is None:
        return None
    return np.broadcast_to(np.asarray(found.theta), found.shape[:1])


def chosen(v: np.ndarray, sent: np.ndarray, neurons: int | Sequence[int]) -> list[int]:
    """Numbers of neurons, in the order of channel, row, column: those that fire most, and of as many spikes those
    that come highest; or those that are named. Raises SpikeplaneError for others than there are."""
    size = v[0].size
    if isinstance(neurons, int | np.integer):
        if neurons < 1:
            raise SpikeplaneError(f"neurons must be 1 or more, or their numbers, not {neurons}")
        fired, top = (np.count_nonzero(sent.reshape(len(v), -1), 0), v.reshape(len(v), -1).max(0))
        return np.lexsort((np.arange(size), -top, -fired))[:neurons].tolist()
    wrong = [n for n in neurons if not 0 <= n < size]
    if wrong or not len(neurons):
        said = f"neuron {wrong[0]} is not there" if wrong else "no neuron is named"
        raise SpikeplaneError(f"{said}; the population has 0 to {size - 1}")
    return [int(n) for n in neurons]
