"""Layers that do not learn, told rather than found out at the end."""

from collections.abc import Mapping

import numpy as np

from spikeplane.train.network import LearningNetwork

Weights = Mapping[int, np.ndarray]


def idle_layers(
    network: LearningNetwork, before: Weights, after: Weights, windows: Mapping[str, float]
) -> list[str]:
    """A line for each hidden layer of trained weights of which an epoch changed none. `windows`: by population the share of
    neurons and steps inside their windows."""
    told = []
    for p in network.populations:
        tags = [tag for tag in network.tags_into(p.name) if network.projections[tag].trained]
        if p.theta is None or not tags or any((before[tag] != after[tag]).any() for tag in tags):
            continue
        if windows.get(p.name):
            told.append(f"no weight of layer '{p.name}' changed in epoch 1: its steps are too small")
        else:
            told.append(f"no neuron of layer '{p.name}' was inside its window in epoch 1: it does not learn")
    return told
