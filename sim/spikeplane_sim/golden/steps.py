"""How many steps a sample may have."""

import numpy as np

from spikeplane.network import Network


def most_steps(network: Network) -> float:
    """The fewest steps that any weight or number of a population has, by step."""
    stepped = [len(p.weight) for p in network.projections if np.ndim(p.weight) > p.kind.rank]
    for p in network.populations:
        own = [np.asarray(v) for v in (p.theta, p.amount, p.bias, p.leaks) if v is not None]
        stepped += [len(v) for v in own if v.ndim > 1]
    return min(stepped, default=float("inf"))
