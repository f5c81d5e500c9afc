"""Spikes that come later, and populations that get nothing else."""

from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.float_network import SPIKES_ALONE, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers.flow import Spikes, Value


def later(made: Any, layer: str, value: Value, steps: int) -> Value:
    """The value so many steps later: of neurons one, and behind neurons that repeat it one more each. Raises
    SpikeplaneError for what is no spikes, or late already."""
    if steps == 0:
        return value
    late = isinstance(value, Spikes) and any(s.delay for s in value.sources)
    if not isinstance(value, Spikes) or late or made.has_input(value) or (steps > 1 and not value.binary):
        raise made.refuse(layer, f"a delay of {steps} steps", "spikes of neurons can be late, nothing else")
    for number in range(1, steps):
        neuron = FloatNeuron(decay=0.0, threshold=np.ones(value.shape[0]), reset="none")
        repeated = made.neuron(f"{layer}_{number}", made.currents(layer, _one_late(value)), neuron)
        value = replace(repeated, flat=value.flat)
    if steps > 1:
        made.assume(layer, "delay", f"{steps - 1} of {steps} steps by neurons", SPIKES_ALONE)
    return _one_late(value)


def _one_late(value: Value) -> Spikes:
    assert isinstance(value, Spikes)
    return replace(value, sources=tuple(replace(s, delay=1) for s in value.sources), split=None)


def in_time(
    populations: list[FloatPopulation], projections: list[FloatProjection]
) -> tuple[list[FloatProjection], list[str]]:
    """The projections, and for each population that gets nothing in the step itself one of zeros besides, from
    where its late spikes come, or from another in front of it where they come from behind it alone: what tells it that
    it may run. Also the names of those populations.
    """
    found, helped = list(projections), []
    place = {p.name: n for n, p in enumerate(populations)}
    for population in populations:
        late = [p for p in projections if p.target == population.name]
        if population.neuron is None or not late or not all(p.delay for p in late):
            continue
        before = [p for p in late if place[p.source] < place[population.name]]
        others = [
            p for p in populations[: place[population.name]] if p.neuron is not None and not p.sends_values
        ]
        if before:
            least = min(before, key=lambda p: p.weight.size)
            found.append(replace(least, delay=0, weight=np.zeros_like(least.weight)))
        elif others:
            found.append(min((_of_zeros(p, population) for p in others), key=lambda p: p.weight.size))
        if before or others:
            helped.append(population.name)
    return found, helped


def _of_zeros(source: FloatPopulation, target: FloatPopulation) -> FloatProjection:
    """Synapses of weight 0, as few as reach the target's pixels."""
    kernel, padding = zip(
        *(_reach(n, wanted) for n, wanted in zip(source.shape[1:], target.current_shape[1:], strict=True)),
        strict=True,
    )
    weight = np.zeros((target.shape[0], source.shape[0], *kernel))
    return FloatProjection(source=source.name, target=target.name, weight=weight, padding=padding)


def _reach(pixels: int, wanted: int) -> tuple[int, int]:
    """Kernel and padding along one dimension."""
    kernel = max(1 + (wanted - pixels) % 2, pixels - wanted + 1)
    return kernel, (wanted - pixels + kernel - 1) // 2
