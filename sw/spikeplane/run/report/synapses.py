"""How many synapses a projection stands for: every pair of neurons that a weight connects, the zero
weights included."""

import numpy as np

from spikeplane.network import Network, Projection


def synapse_count(network: Network, projection: Projection) -> int:
    """Connections between neurons; a stored weight of a convolution counts once for each place it
    is used at."""
    source, target = network.population(projection.source), network.population(projection.target)
    pairs = projection.pairs  # of channels
    for axis in (0, 1):
        pairs *= _along(
            source.shape[1 + axis],
            target.current_shape[1 + axis],
            projection.weight.shape[axis - 2],
            projection.stride[axis],
            projection.padding[axis],
            projection.pool[axis],
            projection.up[axis],
        )
    return pairs


def _along(size: int, places: int, kernel: int, stride: int, padding: int, pool: int, up: int) -> int:
    """Pairs (source, target) along one axis. A pooled source pixel stands for as many pixels as lie
    under it; with `up` what lies between two of them is none."""
    pixel = np.arange(places)[:, None] * stride + np.arange(kernel) - padding
    under = np.clip(size - pixel // up * pool, 0, pool)
    return int(under[(pixel >= 0) & (pixel % up == 0)].sum())
