"""How far a layer's integer currents are from the real ones, by its weights alone: what rounding changes over what there
is, in root mean squares, for sources of which a part is active.

```
 spikes ──▶ weights: a part of what is active     values ──▶ what their own weights change too, block by block
```
"""

from collections.abc import Sequence

import numpy as np

from spikeplane.compiler.layers import Layer
from spikeplane.compiler.steps import flat
from spikeplane.network import Population, times

_ACTIVE = 0.25  #: part of the sources that are active in a step
_SPREAD = 4.0  #: what is usual, in root mean squares


def changed(
    layer: Layer,
    whole: Sequence[np.ndarray],
    steps: Sequence[np.ndarray],
) -> np.ndarray:
    """Of the currents (2, C): the power of what rounding changes, and that of what there is. whole: the integers of the
    weights; steps: what 1 of them is (C,)."""
    mean, wrong, power = (np.zeros(layer.population.shape[0]) for _ in range(3))
    for p, source, real, weight, step, known in zip(
        layer.incoming, layer.sources, layer.real, whole, steps, layer.before, strict=True
    ):
        pixels = times(p, source.shape)
        rows, off = flat(real), flat(weight) * step[:, None] - flat(real)
        if known is None:
            active, largest = 1.0 if source.constant else _ACTIVE, _largest(source)
            varies = active * (1 - active) * largest**2 * pixels
            mean = mean + active * largest * pixels * off.sum(1)
            wrong, power = wrong + varies * (off**2).sum(1), power + varies * (rows**2).sum(1)
            continue
        noise, values = (flat(np.ones_like(real) * p.kind.by_source(each)) * pixels for each in known)
        wrong = wrong + (off**2 * values).sum(1) + (rows**2 * noise).sum(1)
        power = power + (rows**2 * values).sum(1)
    return np.stack([mean**2 + wrong, power])


def share(found: np.ndarray) -> float:
    """Of what `changed` finds, in root mean squares, the mean of the channels that there are."""
    wrong, power = found
    live = power > 0
    return float(np.sqrt(wrong[live] / power[live]).mean()) if live.any() else 0.0


def _largest(source: Population) -> float:
    return float((1 << source.value_bits) - 1) / np.sqrt(2) if source.value_bits > 1 else 1.0
