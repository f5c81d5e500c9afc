"""What one batch shows of a network while it learns: who fires, whose window is open, the gradients."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from spikeplane.train.network import Learned, LearningNetwork
from spikeplane_sim.golden.training.arithmetic import Exact
from spikeplane_sim.golden.training.rules import Rules

SAMPLES = 64  #: that are looked at, at most: the memory of a tape


@dataclass(frozen=True)
class Seen:
    """Of the first SAMPLES samples of a batch.

    spikes     by population, inputs too: spikes of a neuron and step, 0..1 (of values of several bits the mean)
    windows    by population of hidden neurons: the share of neurons and steps whose window is open, 0..1
    gradients  by tag of a trained projection float64, as its weights are laid out: of the mean loss, with respect to a weight
    """

    spikes: dict[str, float]
    windows: dict[str, float]
    gradients: dict[int, np.ndarray]


def seen(
    network: LearningNetwork,
    learned: Learned,
    planes: Mapping[str, np.ndarray],
    labels: np.ndarray,
    *,
    squared: bool = False,
) -> Seen:
    """Forward and backward of samples (N, T, C, H, W) by input population, labels (N,), with these weights; they
    are not changed, and a rounding that saturates is not refused."""
    rules = Rules(network, Exact())
    weights = rules.weights(learned.weights)
    given = {name: torch.as_tensor(values[:SAMPLES]) for name, values in planes.items()}
    readout, tape = rules.forward(weights, given)
    count, steps = next(iter(given.values())).shape[:2]
    words, _ = rules.backward(weights, tape, rules.error(readout, labels[:SAMPLES], steps, squared=squared))
    scale = 2.0**-24 / (count * steps)
    gradients = {tag: words[tag].numpy().astype(np.float64) * scale for tag in words}
    return Seen(_means(network, tape.spikes), _means(network, tape.windows), gradients)


def _means(network: LearningNetwork, planes: Mapping[str, torch.Tensor]) -> dict[str, float]:
    driven = [p.name for p in network.populations if not p.constant and p.name in planes]
    return {name: float(planes[name].double().mean()) for name in driven}
