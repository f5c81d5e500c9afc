"""Values of all steps at once, for attention over the steps: a sample is presented again, and what a population kept of the
presentation before is known in every step of the next.

```
 value of step t ──▶ K, kept: channels of step t take it in step t, and keep it in all others
 K ──▶ layers over all steps ──▶ a value for each step, of which the one of step t is taken in step t
```
"""

from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.float_network import FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers.constants import settled
from spikeplane.importers.flow import Currents, Source, Spikes, Value
from spikeplane.importers.kernels import projections, sources
from spikeplane.network import DENSE, MEMBRANE, is_stepped, steps_of


def whole(made: Any, layer: str, value: Value, steps: int) -> Spikes:
    """The value (C, H, W) of every step, (steps * C, H, W), those of step 0 first."""
    name = made.free(f"{layer}.steps")
    currents = settled(made.populations, made.currents(layer, made.evened(replace(value, flat=False))))
    into = None if _apart(made, currents) else projections(name, currents)
    if into is None or any(is_stepped(p) for p in into):
        sent = made.values(f"{layer}_sent", replace(value, flat=False), f"all steps' are known in '{layer}'")
        currents = made.currents(layer, sent)
        into = projections(name, currents)
    assert into is not None
    channels = currents.shape[0]
    at = np.eye(steps)
    neuron = FloatNeuron(decay=np.repeat(1.0 - at, channels, 1), reset="none", kind=MEMBRANE)
    shape = steps * channels, currents.shape[1], currents.shape[2]
    bias = np.kron(at, currents.bias)
    made.populations.append(FloatPopulation(name=name, shape=shape, neuron=neuron, bias=bias, kept=True))
    made.projections += [_into_each(p, at) for p in into]
    made.assume(name, "values", f"of all {steps} steps, kept", "a sample is presented once more")
    return Spikes((Source(name),), shape)


def _apart(made: Any, currents: Currents) -> bool:
    return currents.window is not None or currents.attends or steps_of(currents.bias) is not None


def _into_each(p: FloatProjection, at: np.ndarray) -> FloatProjection:
    """The projection into channels of each step, in that step alone."""
    weight = p.weight
    if weight.ndim == 3:
        weight = np.eye(len(weight))[:, :, None, None] * weight[:, None]
    return replace(
        p,
        kind=DENSE,
        weight=np.concatenate([at[:, s, None, None, None, None] * weight[None] for s in range(len(at))], 1),
    )


def presentations(populations: list[FloatPopulation], synapses: list[FloatProjection]) -> int:
    """How often a sample is given: once more for each of the kept populations that stand behind one another."""
    depth: dict[str, int] = {}
    for population in populations:
        before = [depth.get(s, 0) for p in synapses if p.target == population.name for s in sources(p)]
        depth[population.name] = max(before, default=0) + population.kept
    return 1 + max(depth.values(), default=0)
