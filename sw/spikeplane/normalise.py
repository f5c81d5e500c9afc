"""Normalised inputs: gain * value + offset per channel, folded into the synapses behind an input.

Padding is 0 behind the normalisation, and the offset is not there. So the offset is a bias only where
nothing is padded; elsewhere a population that sends 1 at every pixel carries it, through the same kernel.
"""

from dataclasses import replace

import numpy as np

from spikeplane.float_network import FloatNetwork, FloatPopulation, FloatProjection
from spikeplane.network import DENSE


def normalised(net: FloatNetwork, name: str, gain: np.ndarray, offset: np.ndarray) -> FloatNetwork:
    """The network that does with the values x of input `name` what `net` does with gain * x + offset;
    gain, offset: float (C,)."""
    source = net.population(name)
    constant = FloatPopulation(name=_constant(net, source), shape=(1, *source.shape[1:]), constant=True)
    biases: dict[str, np.ndarray] = {}
    projections: list[FloatProjection] = []
    for p in net.projections:
        if p.source != name:
            projections.append(p)
            continue
        scaled, moved = _folded(p, gain, offset)
        projections.append(replace(p, weight=scaled))
        if not moved.any():
            continue
        if _whole(p, source):
            added = moved.sum((-3, -2, -1)) * (p.pool[0] * p.pool[1])
            biases[p.target] = biases.get(p.target, np.zeros_like(added)) + added
        else:
            projections.append(replace(p, source=constant.name, weight=moved, kind=DENSE))
    populations = [_biased(p, biases.get(p.name)) for p in net.populations]
    if any(p.source == constant.name for p in projections) and constant.name not in {
        p.name for p in populations
    }:
        place = next(i for i, p in enumerate(populations) if p.neuron is not None)
        populations.insert(place, constant)
    return replace(net, populations=tuple(populations), projections=tuple(projections))


def _folded(p: FloatProjection, gain: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights that scale, in the projection's form, and those of the offset, (Cout, 1, KH, KW), behind an axis of
    steps where there is one."""
    weight = np.asarray(p.weight, dtype=np.float64)
    shape = (-1, 1, 1)
    if p.kind.rank == 3:
        return weight * gain.reshape(shape), np.expand_dims(weight * offset.reshape(shape), -3)
    return weight * gain.reshape(shape), (weight * offset.reshape(shape)).sum(-3, keepdims=True)


def _whole(p: FloatProjection, source: FloatPopulation) -> bool:
    """Every neuron behind it sees a whole kernel of whole blocks."""
    if tuple(p.up) != (1, 1):
        return False
    divides = all(size % block == 0 for size, block in zip(source.shape[1:], p.pool, strict=True))
    return tuple(p.padding) == (0, 0) and divides


def _biased(population: FloatPopulation, added: np.ndarray | None) -> FloatPopulation:
    if added is None:
        return population
    bias = 0.0 if population.bias is None else np.asarray(population.bias, dtype=np.float64)
    return replace(population, bias=bias + added)


def _constant(net: FloatNetwork, source: FloatPopulation) -> str:
    """Its name: as importers call it, or another one where a layer is called so."""
    name = f"constant {source.shape[1]}x{source.shape[2]}"
    while any(p.name == name and not p.constant for p in net.populations):
        name += "+"
    return name
