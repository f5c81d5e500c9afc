"""Layers whose numbers differ from step to step: batch-norms of their own in each step, a factor of each step.

```
 a value of each step ─▶ the same projections in all, their weights behind one another ─▶ a population of values
 values that one population takes as they are ─▶ its own projections
```
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.float_network import FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers.constants import settled
from spikeplane.importers.flow import Currents, Source, Spikes, Value
from spikeplane.importers.kernels import projections, sources
from spikeplane.network import MEMBRANE, is_stepped, steps_of


def of_steps(made: Any, layer: str, parts: Sequence[Value], *, spikes: bool = False) -> Value | None:
    """One value that is parts[t] in step t: a population that sends it. None where they are not alike but in their numbers.
    spikes: they are 0 or 1, and so is what it sends."""
    name = made.free(layer)
    each = [_received(made, layer, name, part) for part in parts]
    first, bias = each[0]
    for other, _ in each:
        if other is None or first is None or len(other) != len(first):
            return None
        if not all(_alike(a, b) for a, b in zip(first, other, strict=True)):
            return None
    assert first is not None
    weights = [[(into or [])[place].weight for into, _ in each] for place in range(len(first))]
    biases = [own for _, own in each]
    if all(np.array_equal(same[0], w) for same in (*weights, biases) for w in same):
        return parts[0]
    neuron = FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE)
    if spikes:
        neuron = FloatNeuron(decay=0.0, reset="none", threshold=np.ones(parts[0].shape[0]))
    made.populations.append(
        FloatPopulation(name=name, shape=parts[0].shape, neuron=neuron, bias=_stacked(biases))
    )
    made.projections += [replace(p, weight=_stacked(w)) for p, w in zip(first, weights, strict=True)]
    made.assume(name, "numbers of each step", f"weights of {len(parts)} steps", "a sample has as many")
    return Spikes((Source(name),), parts[0].shape)


def _received(
    made: Any, layer: str, name: str, part: Value
) -> tuple[list[FloatProjection] | None, np.ndarray]:
    currents: Currents = settled(made.populations, made.currents(layer, made.evened(part)))
    if currents.window is not None or currents.attends:
        return None, currents.bias
    return projections(name, currents), currents.bias


def _alike(one: FloatProjection, other: FloatProjection) -> bool:
    same = ("source", "stride", "padding", "pool", "kind", "delay", "up")
    return one.weight.shape == other.weight.shape and all(getattr(one, n) == getattr(other, n) for n in same)


def _stacked(each: list[np.ndarray]) -> np.ndarray:
    """One for all steps where they are alike."""
    alike = all(np.array_equal(each[0], other) for other in each)
    return np.asarray(each[0]) if alike else np.stack(each)


def merge(made: Any, output: str) -> None:
    """Values of such populations that one other takes as they are become its own currents."""
    for relay in [p for p in made.populations if p.name != output and _by_step(made, p)]:
        readers = [p for p in made.projections if relay.name in sources(p)]
        if len(readers) == 1 and _taken(made, readers[0]):
            _merged(made, relay, readers[0])


def _by_step(made: Any, population: FloatPopulation) -> bool:
    into = [p for p in made.projections if p.target == population.name]
    own = steps_of(population.bias) is not None or any(is_stepped(p) for p in into)
    return own and population.neuron is not None and population.neuron.relays


def _taken(made: Any, p: FloatProjection) -> bool:
    """As they are, times a factor a channel."""
    target = next(t for t in made.populations if t.name == p.target)
    pixels = (p.stride, p.padding, p.pool, p.up) == ((1, 1), (0, 0), (1, 1), (1, 1))
    plain = p.kind.by_packet and p.weight.ndim == 3 and p.weight.shape[-2:] == (1, 1)
    return plain and pixels and not p.delay and p.dynamic is None and target.window is None


def _merged(made: Any, relay: FloatPopulation, reader: FloatProjection) -> None:
    gain = reader.weight[:, 0, 0]
    found = []
    for p in made.projections:
        if p.target == relay.name:
            shape = (-1, *[1] * (p.kind.rank - 1))
            found.append(replace(p, target=reader.target, weight=p.weight * gain.reshape(shape)))
        elif p is not reader:
            found.append(p)
    made.projections[:] = found
    made.populations[:] = [
        replace(
            p, bias=(0.0 if p.bias is None else p.bias) + gain * (0.0 if relay.bias is None else relay.bias)
        )
        if p.name == reader.target
        else p
        for p in made.populations
        if p is not relay
    ]
