"""How far currents can go: what integers hold the sums."""

import numpy as np

from spikeplane.network import Network, Population, Projection, times
from spikeplane_sim.golden.neurons import NEURON_RULES


def bound_of(projection: Projection, source: Population, membrane_bits: int) -> int:
    """No partial sum of the projection exceeds this magnitude."""
    neuron, largest = source.neuron, (1 << source.value_bits) - 1
    if neuron is not None:
        largest = NEURON_RULES[neuron.kind.tag].largest(membrane_bits)
        if neuron.planes:
            largest = min(largest, 2**neuron.planes)
        largest = -(-largest >> neuron.low)
    weight, rank = np.abs(np.asarray(projection.weight, dtype=np.int64)), projection.kind.rank
    largest *= times(projection, source.shape)
    return (int(weight.sum(tuple(range(1 - rank, 0))).max()) * largest) << projection.pre_shift


def reach_of(population: Population, network: Network, membrane_bits: int) -> int:
    """No partial sum of the population's currents exceeds this magnitude."""
    bias = 0 if population.bias is None else int(np.abs(np.asarray(population.bias, dtype=np.int64)).max())
    incoming = network.incoming(population.name)
    return bias + sum(bound_of(p, network.population(p.source), membrane_bits) for p in incoming)
