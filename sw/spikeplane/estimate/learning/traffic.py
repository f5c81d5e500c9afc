"""Bits that DRAM moves for a sample: ours, and those of dense binary16 by the same count.

The dense one keeps each tensor in DRAM between kernels, as a GPU does whose cache is small; a larger cache moves less.
"""

import math

from spikeplane.estimate.learning.activity import LearningActivity
from spikeplane.estimate.learning.energy import NUMBER
from spikeplane.train.network import LearningNetwork

#: Accesses of 16 bits a neuron and step where nothing is fused: current (written, read), membrane (written, read, read by
#: the backward), spike (written, read by the next layer, read for its gradient), its delta (written, read), the current's (written, read).
NEURON = 12
#: A weight and batch: read forward, read backward, gradient cleared, written, read, weight read and written.
WEIGHT = 7
INPUT = 2  #: an input: forward, and for its weights' gradients
#: Ours, bits a neuron and step: spikes written, read, read again by the replay; windows written, read.
PLANES = 5
KEPT = 4  #: accesses of a weight and batch: read forward, read backward, read and written by the update


def _neurons(network: LearningNetwork) -> int:
    return sum(math.prod(p.shape) for p in network.populations if network.tags_into(p.name))


def _inputs(network: LearningNetwork) -> tuple[int, int]:
    """How many, and the bits of all."""
    sizes = [(math.prod(p.shape), p.value_bits) for p in network.inputs]
    return sum(size for size, _ in sizes), sum(size * bits for size, bits in sizes)


def _weights(network: LearningNetwork) -> int:
    return sum(p.weight.size for p in network.projections)


def dense_traffic(network: LearningNetwork, steps: int, samples: int) -> float:
    """Of dense binary16, batches of `samples`."""
    each = NEURON * _neurons(network) + INPUT * _inputs(network)[0]
    return NUMBER * (steps * each + WEIGHT * _weights(network) / samples)


def our_traffic(network: LearningNetwork, steps: int, samples: int, *, inside: bool) -> float:
    """Ours: with all `inside`, only the inputs, sent twice; else planes and weights too, a layer after the other."""
    inputs = INPUT * steps * _inputs(network)[1]
    if inside:
        return inputs
    hidden = PLANES * steps * _neurons(network)
    return inputs + hidden + NUMBER * KEPT * _weights(network) / samples


def delta_traffic(network: LearningNetwork, activity: LearningActivity) -> float:
    """What comes to it where a batch goes through a layer before the next one, so that deltas have to wait in DRAM: those
    of open windows, 16 bits written and read. (A delta that only leaks in from a later step is not counted.)"""
    return sum(
        2 * NUMBER * float(plane.bits.sum())
        for name, plane in activity.windows.items()
        if name in network.with_delta
    )
