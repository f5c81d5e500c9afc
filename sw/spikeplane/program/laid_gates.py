"""A gated projection X -> A (`network.gate`) as a chip has it.

```
 the network     G            X ──gate──▶ A
 as it is laid   G ─▶ A.gate                    its sweep writes rows of the dynamic memory of the core where A is
                     A.gate ┈▶ A.relay ◀─ X     tokens only: a copy of X, without memory, waits
                               A.relay ──gate──▶ A    reads the rows
```
X itself waits, without a relay, where it is of neurons and the gate is not made of it in the same step.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.network import ALIGNED, DENSE, MEMBRANE, Gate, Network, Neuron, Population, Projection
from spikeplane.program.laid_parts import GatePopulation, Order

_VALUES = Neuron(leak="memoryless", reset="none", kind=MEMBRANE)


@dataclass
class _Laid:
    """What there is so far, and the widths of its values."""

    populations: list[Population]
    projections: list[Projection]
    membrane_bits: int

    def population(self, name: str) -> Population:
        """The one of that name."""
        return next(p for p in self.populations if p.name == name)

    def named(self, name: str) -> str:
        """That name, or one like it that is not taken."""
        while any(p.name == name for p in self.populations):
            name += "'"
        return name

    def needs(self, name: str, source: str) -> bool:
        """Whether a population's step comes behind that of `source`, or is the same."""
        edges = {(p.source, p.target) for p in self.projections if not p.delay}
        edges |= {(p.dynamic.g, p.target) for p in self.projections if isinstance(p.dynamic, Gate)}
        found, new = {source}, [source]
        while new:
            one = new.pop()
            added = {target for start, target in edges if start == one} - found
            found |= added
            new += added
        return name in found


def with_gates(network: Network, config: ChipConfig) -> Network:
    """The network, laid but for its gates, with all of what is laid; populations in order."""
    laid = _Laid(list(network.populations), list(network.projections), config.membrane_bits)
    for tag, projection in enumerate(network.projections):
        if isinstance(projection.dynamic, Gate):
            _lay(laid, tag, projection, projection.dynamic)
    populations = _ordered(laid.populations, laid.projections)
    return replace(network, populations=populations, projections=tuple(laid.projections))


def _lay(laid: _Laid, tag: int, projection: Projection, gate: Gate) -> None:
    source, given = laid.population(projection.source), laid.population(gate.g)
    channels, top = source.shape[0], given.values(laid.membrane_bits)[1]
    rows = GatePopulation(
        name=laid.named(f"{projection.target}.gate"),
        shape=(channels, *given.shape[1:]),
        neuron=replace(_VALUES, planes=max(1, top.bit_length()), relu=True),
        theta=np.zeros(channels, dtype=np.int64),
        reader=tag,
    )
    laid.populations.append(rows)
    laid.projections.append(_spread(given, rows))
    waiting = source.name
    if source.neuron is None or laid.needs(given.name, source.name):
        relay = _relay(laid, source, f"{projection.target}.relay")
        laid.populations.append(relay)
        laid.projections.append(_identity(source.name, relay))
        laid.projections[tag] = replace(projection, source=relay.name)
        waiting = relay.name
    one = np.ones((channels, 1, 1), dtype=np.int64)
    laid.projections.append(Order(source=rows.name, target=waiting, weight=one, kind=ALIGNED))


def _spread(given: Population, rows: Population) -> Projection:
    """What the gate sends, to each channel or from its only one to all."""
    if given.shape[0] == rows.shape[0]:
        return _identity(given.name, rows)
    weight = np.ones((rows.shape[0], 1, 1, 1), dtype=np.int64)
    return Projection(source=given.name, target=rows.name, weight=weight, kind=DENSE)


def _identity(source: str, target: Population) -> Projection:
    weight = np.ones((target.shape[0], 1, 1), dtype=np.int64)
    return Projection(source=source, target=target.name, weight=weight, kind=ALIGNED)


def _relay(laid: _Laid, source: Population, name: str) -> Population:
    """Neurons that send what the source has sent: spikes, or values on as many planes."""
    neuron = Neuron(leak="memoryless", reset="none")
    if source.values(laid.membrane_bits) != (0, 1):
        own = source.neuron
        below = source.signed if own is None else not (own.relu or own.kind.whole)
        neuron = replace(_VALUES, planes=source.bits(laid.membrane_bits), relu=not below)
    theta = np.ones(source.shape[0], dtype=np.int64)
    return Population(name=laid.named(name), shape=source.shape, neuron=neuron, theta=theta)


def _ordered(populations: Iterable[Population], projections: list[Projection]) -> tuple[Population, ...]:
    """Sources first, in the given order where that is open."""
    before = {
        p.name: {s.source for s in projections if s.target == p.name and not s.delay} for p in populations
    }
    left, found = list(populations), list[Population]()
    while left:
        known = {p.name for p in found}
        following = next(p for p in left if before[p.name] <= known)
        left.remove(following)
        found.append(following)
    return tuple(found)
