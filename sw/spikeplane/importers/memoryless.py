"""Neurons behind counts of spikes that keep nothing, whatever their leak: any spike fires them.

```
    v = decay * u + gain * n, n = 0, 1, 2, ...      n = 0: u = 0, so v = 0 stays below the threshold
    fires at gain * 1 already, and resets to 0      n > 0: v >= gain >= threshold, and u = 0 again
```
Such a neuron is an OR of all that it gets; and gates that nothing takes go.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.float_network import FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers.by_step import merge
from spikeplane.importers.kernels import sources


def simplify(made: Any, output: str) -> None:
    """Leave only what is needed of an import, in `made`: `output` is read out."""
    _used(made, output)
    merge(made, output)
    _as_ors(made)


def _used(made: Any, output: str) -> None:
    """Take gates out that drive nothing."""
    while True:
        driving = {name for p in made.projections for name in sources(p)} | {output}
        idle = {name for name in made.gates if name not in driving}
        idle &= {p.name for p in made.populations}
        if not idle:
            return
        made.populations[:] = [p for p in made.populations if p.name not in idle]
        made.projections[:] = [p for p in made.projections if p.target not in idle]
        made.assumptions[:] = [a for a in made.assumptions if a.layer not in idle]


def _as_ors(made: Any) -> None:
    """Make neurons that any spike fires ORs: without a membrane, with weights of 1."""
    firing = {p.name for p in made.populations if _fires(p)}
    for place, population in enumerate(made.populations):
        into = [n for n, p in enumerate(made.projections) if p.target == population.name]
        given = [made.projections[n] for n in into]
        if not _any_fires(population, given, firing):
            continue
        theta = np.ones(population.shape[0])
        neuron = FloatNeuron(decay=0.0, threshold=theta, reset="none")
        made.populations[place] = replace(population, neuron=neuron, bias=None)
        for n in into:
            weight = (made.projections[n].weight > 0).astype(np.float64)
            made.projections[n] = replace(made.projections[n], weight=weight)
        why = "its input is a count of spikes, of which one is enough, and firing resets it to 0"
        made.assume(population.name, "membrane", "none: an OR", why)


def _fires(population: FloatPopulation) -> bool:
    neuron = population.neuron
    return neuron is not None and neuron.kind.spikes and not neuron.kind.whole


def _any_fires(population: FloatPopulation, given: list[FloatProjection], firing: set[str]) -> bool:
    """Whether one spike of any that the neurons get is enough, and they rest at 0 without."""
    neuron = population.neuron
    if neuron is None or neuron.threshold is None or not neuron.kind.spikes or population.window is not None:
        return False
    if neuron.reset != "hard" or neuron.v_reset or (population.bias is not None and population.bias.any()):
        return False
    if not given or any(p.layer or p.dynamic or p.source not in firing for p in given):
        return False
    theta = np.asarray(neuron.threshold, dtype=np.float64)
    return bool((theta > 0).all()) and all(_enough(p.weight, theta, neuron.strict) for p in given)


def _enough(weight: np.ndarray, theta: np.ndarray, strict: bool) -> bool:
    """Whether every weight is 0 or one number, that fires every channel (C,) alone."""
    numbers = np.unique(weight)
    if numbers[0] < 0 or len(numbers[numbers > 0]) != 1:
        return False
    return bool((numbers[-1] > theta).all() if strict else (numbers[-1] >= theta).all())
