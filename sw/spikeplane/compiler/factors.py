"""What a program's integers count, channel by channel: the one factor between them and the real weights.

```
    integers ── times one factor a channel ──▶ weights          the one that most weights of the channel have, of all sources
    threshold of the program ── times it ────▶ threshold        else the one that the thresholds have: weights differ then
```
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from spikeplane.compiler.layers import per_channel
from spikeplane.float_network import FloatNetwork
from spikeplane.program import Program

#: Weights (C, ...) by where they come from and how.
Weights = Mapping[tuple[Any, ...], np.ndarray]
_CLOSE = 1e-4  #: relative: what float32 leaves of a factor
_COMMON = 1e-3  #: by how much the factors of a readout's channels are apart at most


def weights(net: FloatNetwork, program: Program, target: str) -> tuple[Weights, Weights]:
    """What drives a population: in real numbers per integer of its sources, and the program's integers."""
    values = {p.name: program.encodings[p.name].value for p in net.inputs if not p.constant}
    real = ((p, np.asarray(p.weight, np.float64) * values.get(p.source, 1.0)) for p in net.incoming(target))
    whole = ((p, np.asarray(p.weight, np.int64) << p.pre_shift) for p in program.network.incoming(target))
    return _summed(real), _summed(whole)


def factors(net: FloatNetwork, program: Program, target: str, real: Weights, whole: Weights) -> np.ndarray:
    """The real value (C,) of the integer 1 of a population's currents; 1 where nothing says it."""
    rows, ints = (
        np.concatenate([each[key].reshape(len(each[key]), -1) for key in real], 1) for each in (real, whole)
    )
    found = np.array([_usual(*pair) for pair in zip(rows, ints, strict=True)])
    held, population = program.network.population(target), net.population(target)
    assert population.neuron is not None
    if population.neuron.threshold is None:
        if target == net.output and (found > 0).any():  # a readout has one unit
            common = np.median(found[found > 0])
            found = np.where(np.abs(found / common - 1) < _COMMON, found, common)
    elif held.theta is not None:
        threshold = per_channel(population.neuron.threshold, len(found))
        threshold = threshold + _corrected(program, target, len(found))
        theta = np.broadcast_to(held.theta, found.shape).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            right = np.abs(threshold / found - theta) <= 1 + _CLOSE * np.abs(theta)
            found = np.where((found > 0) & right, found, threshold / theta)
    return np.where(np.isfinite(found) & (found > 0), found, 1.0)


def _usual(row: np.ndarray, whole: np.ndarray) -> float:
    """The factor that most weights of a channel have, 0 where they have none."""
    both = (row != 0) & (whole != 0)
    ratios = np.sort(row[both] / whole[both])
    ratios = ratios[ratios > 0]
    return float(ratios[(len(ratios) - 1) // 2]) if len(ratios) else 0.0


def _corrected(program: Program, target: str, channels: int) -> np.ndarray:
    """By how much a correction moved the thresholds (C,)."""
    known = None if program.source is None else program.source.corrections
    return known[target].threshold if known and target in known else np.zeros(channels)


def _summed(parts: Iterable[tuple[Any, np.ndarray]]) -> Weights:
    """Those of two parts, and of two projections alike, added up."""
    total: dict[tuple[Any, ...], np.ndarray] = defaultdict(lambda: np.zeros(1))
    for p, weight in parts:
        key = (p.source, p.delay, repr(p.kind), p.stride, p.padding, p.pool, np.shape(weight))
        total[key] = total[key] + weight
    return total
