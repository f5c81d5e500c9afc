"""Value streams: which populations of values count in one unit, channel by channel, and in which.

```
    v0 ──1──▶ v1 ──1──▶ v2        an identity joins: v0, v1, v2 have one unit, its weight is the integer 1
       ╲                          a gain g per channel joins too: the unit behind it is |g| times the unit before
        ──▶ neurons ◀──1── w      two identities into one population join their sources
```
A class is joined by union and find. Its unit is the coarsest that a member needs: so that usual values fit
the membranes, the worst case the accumulators, and a branch of large weights the 8 bits that they have.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from spikeplane.float_network import FloatNetwork, FloatPopulation, FloatProjection
from spikeplane.network import Gate, is_stepped

_MOST_GAIN = (
    16.0  #: of an identity that still joins two units; a larger one, or its inverse, has weights of its own
)


@dataclass
class Ties:
    """Classes of value populations. `members`: by the class's first population, in the network's order;
    `factor`: by population its unit, in units of its class (C,)."""

    members: dict[str, list[str]] = field(default_factory=dict)
    factor: dict[str, np.ndarray] = field(default_factory=dict)


def ties(net: FloatNetwork) -> Ties:
    """The classes of a network's streams: of populations that send values to others."""
    streams = [p for p in net.populations if sends_on(net, p)]
    forest = _Forest({p.name: p.shape[0] for p in streams})
    for one, other, ratio in sorted(_joins(net, forest), key=lambda join: _plainness(join[2])):
        if _plainness(ratio) <= _MOST_GAIN and not (_uniform(net, one, other) and np.ptp(ratio)):
            forest.join(one, other, ratio)
    found = Ties()
    roots: dict[str, str] = {}
    for population in streams:
        root, factor = forest.find(population.name)
        first = roots.setdefault(root, population.name)
        found.members.setdefault(first, []).append(population.name)
        found.factor[population.name] = factor / forest.find(first)[1]
    return found


def sends_on(net: FloatNetwork, population: FloatPopulation) -> bool:
    """It sends values, to other populations."""
    return is_stream(population) and any(p.source == population.name for p in net.projections)


def is_stream(population: FloatPopulation) -> bool:
    """It sends values as they are, no function of them, whose unit is its table's."""
    return population.neuron is not None and population.sends_values and not population.neuron.function


def rounds(population: FloatPopulation) -> bool:
    """It keeps nothing of its values from step to step, so that a half in its bias rounds what floors would cut."""
    neuron = population.neuron
    return neuron is not None and neuron.threshold is None and not np.any(neuron.decay)


def in_front_of_neurons(net: FloatNetwork) -> set[str]:
    """Value populations that leak and are sent as they are, to neurons with a threshold that get nothing else:
    synaptic currents. Of several currents into one neuron, large ones may cancel."""
    found = {p.name for p in net.populations if is_stream(p) and p.neuron is not None and p.neuron.leaks}
    for p in net.projections:
        neuron, alone = net.population(p.target).neuron, len(net.incoming(p.target)) == 1
        spikes = (
            neuron is not None and neuron.threshold is not None and not net.population(p.target).sends_values
        )
        if p.source in found and not (spikes and alone and is_identity(net, p)):
            found.discard(p.source)
    return {name for name in found if any(p.source == name for p in net.projections)}


def is_identity(net: FloatNetwork, projection: FloatProjection) -> bool:
    """Values through one weight a channel, none of them 0, and no gate."""
    return is_stream(net.population(projection.source)) and projection.dynamic is None and single(projection)


def is_gated(net: FloatNetwork, projection: FloatProjection) -> bool:
    """Values times a gate: an integer of them times one of the gate is 1 of the target's currents."""
    return is_stream(net.population(projection.source)) and isinstance(projection.dynamic, Gate)


def behind_gate(net: FloatNetwork, name: str) -> bool:
    """Its unit is that of a product, and no other's."""
    return any(isinstance(p.dynamic, Gate) for p in net.incoming(name))


def single(projection: FloatProjection) -> bool:
    """One weight a channel, none of them 0, and a target pixel meets it once: pixels as they are, or repeated."""
    weight, up = np.asarray(projection.weight), projection.up
    if is_stepped(projection):
        return False
    alone = weight.shape[-2] <= up[0] and weight.shape[-1] <= up[1]
    return (
        projection.kind.by_packet and alone and bool((weight == weight[..., :1, :1]).all() and weight.all())
    )


def gain(projection: FloatProjection) -> np.ndarray:
    """The magnitudes (C,) of an identity's weights."""
    return np.abs(np.asarray(projection.weight, dtype=np.float64)[..., 0, 0]).reshape(-1)


def _joins(net: FloatNetwork, forest: "_Forest") -> Iterable[tuple[str, str, np.ndarray]]:
    """(one, other, ratio): the unit of `other` is to be `ratio` times that of `one`."""
    for population in net.populations:
        into = [
            p for p in net.incoming(population.name) if is_identity(net, p) and not behind_gate(net, p.source)
        ]
        if behind_gate(net, population.name):
            continue
        if population.name in forest.sizes:
            yield from ((p.source, population.name, gain(p)) for p in into)
        elif population.name != net.output:
            yield from ((a.source, b.source, gain(a) / gain(b)) for a, b in zip(into, into[1:], strict=False))


def _plainness(ratio: np.ndarray) -> float:
    return float(np.maximum(ratio, 1 / ratio).max())


def _uniform(net: FloatNetwork, *names: str) -> bool:
    """One of them has the same unit in all channels."""
    return any(uniform(net, net.population(name)) for name in names)


def uniform(net: FloatNetwork, population: FloatPopulation) -> bool:
    """All channels have one unit: they are compared with one another, or reset to one potential, or are multiplied for those
    that do."""
    neuron = population.neuron
    behind = (
        p.target for p in net.projections if p.source == population.name and isinstance(p.dynamic, Gate)
    )
    return (
        population.name == net.output
        or (neuron is not None and neuron.v_reset != 0)
        or any(uniform(net, net.population(name)) for name in behind)
    )


class _Forest:
    """Union and find with a ratio (C,) from every name to its parent."""

    def __init__(self, sizes: dict[str, int]) -> None:
        self.sizes = sizes
        self.parent = {name: name for name in sizes}
        self.ratio = {name: np.ones(size) for name, size in sizes.items()}

    def find(self, name: str) -> tuple[str, np.ndarray]:
        """The root, and the unit of `name` in units of the root."""
        ratio = np.ones(self.sizes[name])
        while self.parent[name] != name:
            ratio = ratio * self.ratio[name]
            name = self.parent[name]
        return name, ratio

    def join(self, one: str, other: str, ratio: np.ndarray) -> None:
        """unit(other) = ratio * unit(one). Where they are in one class already, nothing changes: an
        identity that does not agree with it has weights of its own."""
        (a, in_a), (b, in_b) = self.find(one), self.find(other)
        if a != b:
            self.parent[b], self.ratio[b] = a, ratio * in_a / in_b
