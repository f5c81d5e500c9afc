"""What rounding costs those that read a stream's values, by the planes that the values have.

```
    many planes   the values are fine; an accumulator holds  planes + bits of the weights + log2(fan-in),
                  so the weights behind them are coarse
    few planes    the weights are fine, and the values coarse
```
The error is that of the readers' currents: noise power over signal power.
"""

import numpy as np

from spikeplane.compiler.branches import Branches
from spikeplane.compiler.gates import has_function, reach
from spikeplane.compiler.layers import per_channel
from spikeplane.compiler.planes import widest
from spikeplane.compiler.sides import reached
from spikeplane.compiler.steps import flat, grid_of, top
from spikeplane.compiler.ties import is_gated, is_identity, uniform
from spikeplane.float_network import FloatPopulation, FloatProjection
from spikeplane.fused import current_limit
from spikeplane.network import times

_SPREAD = 4.0  #: what is usual, in root mean squares
_SLACK = (
    1.25  #: by how much a reader's unit may be coarser than its worst case, for the rounding of its weights
)
_ROUND = 1 / 12  #: power of what rounding to whole numbers changes


def weighted(branches: Branches, members: list[str]) -> bool:
    """Whether a class is read through weights that are not identities."""
    return any(not is_identity(branches.net, p) for p in _read(branches, members))


def pooled(branches: Branches, members: list[str]) -> bool:
    """Whether a class is read through sums of pixels."""
    return any(p.pool != (1, 1) for p in _read(branches, members))


def read_by_streams(branches: Branches, members: list[str]) -> bool:
    """Whether it is so by populations of other streams."""
    others = (p for p in _read(branches, members) if p.target in branches.ties.factor)
    return any(not is_identity(branches.net, p) for p in others)


def before(branches: Branches, members: list[str]) -> list[str]:
    """The classes whose units a class looks at when it chooses its own, by their first member: those that send to it, to its
    readers, and to their classes."""
    asked = {p.target for p in _read(branches, members)} | set(members)
    classes = branches.ties.members
    for each in classes.values():
        if asked.intersection(each):
            asked.update(each)
    sources = {p.source for name in asked for p in branches.net.incoming(name)}
    return [first for first, each in classes.items() if each != members and sources.intersection(each)]


def error(branches: Branches, members: list[str], unit: np.ndarray, most: int, low: int = 0) -> float:
    """Noise over signal in the readers of a class, added up over them, where its unit is `unit` (C,) and its
    values are sent on `most` planes, with `low` left out below them."""
    noise, sent = _noise(branches, members, unit, low), unit * 2.0**low
    targets = dict.fromkeys(p.target for p in _read(branches, members))
    return sum(branches.matters[t] * _behind(branches, members, t, sent, most, noise) for t in targets)


def _read(branches: Branches, members: list[str]) -> list[FloatProjection]:
    """The projections that leave a class."""
    return [
        p
        for p in branches.net.projections
        if p.source in members and not (p.target in members and branches.inside(p, members))
    ]


def _noise(branches: Branches, members: list[str], unit: np.ndarray, low: int) -> dict[str, np.ndarray]:
    """By member the power (C,) of what rounding changes in its values, in real numbers."""
    found: dict[str, np.ndarray] = {}
    for name in members:
        own = unit * branches.ties.factor[name]
        neuron, total = branches.net.population(name).neuron, (own * 2.0**low) ** 2 * _ROUND
        for p in branches.net.incoming(name):
            weight = branches.real(p)
            if branches.inside(p, members):
                gain = np.abs(np.asarray(p.weight, dtype=np.float64)).reshape(-1)
                total = total + gain**2 * found.get(p.source, 0 * own)
            elif weight is not None:
                step = np.maximum(own, np.abs(flat(weight)).max(1) / top(branches.bits[name]))
                total = total + _lost(weight, step, p.kind.by_source(_size(branches, p)))
        kept = per_channel(None if neuron is None else neuron.decay, len(unit))
        found[name] = total / np.where(kept < 1, 1 - kept**2, 1.0)
    return found


def _size(branches: Branches, projection: FloatProjection) -> np.ndarray:
    """The root mean square (C,) of a source's integers."""
    source = projection.source
    unit = branches.unit_sent(source)
    if unit is not None:
        return branches.usual[source] / unit / _SPREAD
    ones = np.ones(branches.net.population(source).shape[0])
    return ones * branches.largest.get(source, 1) / np.sqrt(2)


def _lost(weight: np.ndarray, step: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Power (C,) of what rounding weights to steps (C,) changes, for sources of root mean square `size`. Errors
    of one sign add up where sources go together."""
    rows, step = flat(weight), step[:, None]
    wrong = (np.round(rows / step) * step - rows) * flat(np.ones_like(weight) * size)
    return (wrong**2).sum(1) + wrong.sum(1) ** 2 / 2


def _behind(
    branches: Branches,
    members: list[str],
    target: str,
    unit: np.ndarray,
    most: int,
    noise: dict[str, np.ndarray],
) -> float:
    """Noise over signal in the currents of one reader; of the argument of a function the noise alone. unit: of what is sent."""
    population = branches.net.population(target)
    coarse = _unit(branches, members, target, unit, most)
    signal, wrong = np.zeros(population.shape[0]), np.zeros(population.shape[0])
    for p in branches.net.incoming(target):
        if p.source not in members:
            continue
        weight, own = np.asarray(p.weight, dtype=np.float64), unit * branches.ties.factor[p.source]
        pixels, by = p.pool[0] * p.pool[1], p.kind.by_source
        power = by((branches.usual[p.source] / _SPREAD) ** 2) * pixels
        signal = signal + flat(weight**2 * power).sum(1)
        wrong = wrong + flat(weight**2 * by(noise[p.source]) * pixels).sum(1)
        rows = flat(weight * by(own))
        largest = np.abs(rows).max(1)
        # exact, while the reader's unit is no coarser
        if is_identity(branches.net, p) or is_gated(branches.net, p):
            step, grid = coarse * _SLACK, largest
        else:
            step = np.maximum(coarse, largest / top(branches.bits[target]))
            grid = grid_of(np.abs(rows), largest, branches.bits[target])
        size = by(branches.usual[p.source] / _SPREAD / own) * np.sqrt(pixels)
        wrong = wrong + np.where((grid > 0) & (step <= grid), 0, _lost(weight * by(own), step, size))
    if has_function(population):
        return float(wrong.mean())
    live = signal > 0
    if branches.matters[target] < 1:  # of many numbers that make a gate the small ones decide nothing
        return float(wrong.sum() / signal.sum()) if live.any() else 0.0
    if uniform(branches.net, population):
        signal, wrong = signal.sum(keepdims=True), wrong.sum(keepdims=True)
        live = signal > 0
    left = np.maximum(signal - wrong, 1e-3 * signal)  # where nothing is left of a reader, that is worst
    return float((wrong[live] / left[live]).mean()) if live.any() else 0.0


def _unit(branches: Branches, members: list[str], target: str, unit: np.ndarray, most: int) -> np.ndarray:
    """The finest unit (C,) of a reader at which its worst case fits the accumulator, and what is usual the
    membrane of one that sends values."""
    population, config = branches.net.population(target), branches.config
    parts = []
    for p in branches.net.incoming(target):
        weight, pixels = (
            np.asarray(p.weight, dtype=np.float64),
            times(p, branches.net.population(p.source).shape),
        )
        real = branches.real(p)
        if p.source in members:
            own = unit * branches.ties.factor[p.source]
            sent = own * 2.0 ** (branches.planes(p.source, own, most) - 1) * pixels
            parts.append((weight * p.kind.by_source(sent), p.up, -1, 1))
        elif real is None:
            parts.append((weight * p.kind.by_source(branches.usual[p.source]) * pixels, p.up, -1, 1))
        else:
            parts.append((real, p.up, *branches.ends(p, most)))
    total = reached(parts, per_channel(population.bias, population.shape[0]))
    found = total / current_limit(config)
    if population.sends_values:
        found = np.maximum(found, _usual(branches, population) / ((1 << (config.membrane_bits - 1)) - 1))
    if target in branches.ties.factor:
        found = np.maximum(found, _of_class(branches, target))
    return np.full_like(found, found.max()) if uniform(branches.net, population) else found


def _usual(branches: Branches, population: FloatPopulation) -> np.ndarray | float:
    """The largest membrane (C,) that is usual."""
    if has_function(population):
        return reach(population, branches.peaks.get(population.name), branches.config)
    return branches.usual[population.name]


def _of_class(branches: Branches, target: str) -> np.ndarray:
    """What the unit (C,) of a reader's class is at least: usual values of all its members fit their planes."""
    members = next(m for m in branches.ties.members.values() if target in m)
    highest, factor = (1 << (widest(branches.config) - 1)) - 1, branches.ties.factor
    least = np.max([branches.usual[name] / highest / factor[name] for name in members], axis=0)
    return np.maximum(least, branches.coarsest(members)) * factor[target]
