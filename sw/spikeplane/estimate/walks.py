"""How often a core walks a population's packets: once for each spike, or on a chip of two spikes a cycle once for two of the same mask."""

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.estimate.activity import Activity
from spikeplane.network import Network

_ROUNDS = 40  #: of halving a share: beyond a float's bits


def walks(network: Network, config: ChipConfig, activity: Activity) -> dict[str, np.ndarray]:
    """By population, for each step, the walks of its packets' set bits."""
    if config.spikes_per_cycle == 1:
        return activity.spikes
    channels = {p.name: min(p.shape[0], config.lanes) for p in network.populations}
    return {
        name: in_pairs(spikes, activity.packets[name], channels[name])
        for name, spikes in activity.spikes.items()
    }


def in_pairs(spikes: np.ndarray, packets: np.ndarray, most: int) -> np.ndarray:
    """Of masks that are not 0, with so many set bits together, the sum of half their bits, rounded up.

    Bits are taken as independent, and as often set as gives the masks their mean: of `most` of them an odd number is set in
    (1 - (1 - 2 share)^most) / 2 of all masks.
    """
    mean = np.clip(spikes / np.maximum(packets, 1e-12), 1, most)
    low, high = np.zeros_like(mean), np.ones_like(mean)
    for _ in range(_ROUNDS):
        share = (low + high) / 2
        more = most * share > mean * (1 - (1 - share) ** most)
        low, high = np.where(more, low, share), np.where(more, share, high)
    odd = np.minimum(1, (1 - (1 - 2 * high) ** most) / 2 / (1 - (1 - high) ** most))
    return (spikes + packets * odd) / 2
