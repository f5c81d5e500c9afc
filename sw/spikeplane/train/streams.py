"""Streamed gradients: which projections of a network have them on a chip, how their weights lie, and what a batch takes.

A dense layer keeps no gradient. Its core keeps a bit for each source neuron and step of a batch, whether it fired, and the
deltas of its targets of all steps; an update adds up those of the steps in which the source fired.
"""

import numpy as np

from spikeplane.compiler.synapses import Synapses
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.training_tables import streams
from spikeplane.network import DENSE
from spikeplane.train.network import LearningNetwork, LearningProjection
from spikeplane.training import CHUNK


def can_stream(network: LearningNetwork, p: LearningProjection) -> bool:
    """It is trained, its kernel covers the whole source, and a source neuron sends one spike in a step at most."""
    source = network.population(p.source)
    dense = p.weight.shape[1:] == source.shape and p.padding == (0, 0) and p.pool == (1, 1)
    return p.trained and dense and source.value_bits == 1


def is_streamed(network: LearningNetwork, p: LearningProjection, config: ChipConfig) -> bool:
    """Whether the chip streams its gradient: wherever it can."""
    return streams(config) and can_stream(network, p)


def check_batch(network: LearningNetwork, config: ChipConfig, samples: int, steps: int) -> None:
    """Raises SpikeplaneError where a batch has more steps than the chip keeps spikes and deltas of."""
    training = config.training
    if training is None or not any(is_streamed(network, p, config) for p in network.projections):
        return
    if samples * steps > training.stream_steps:
        raise SpikeplaneError(
            f"a batch of {samples} samples of {steps} steps takes {samples * steps} steps of streamed gradients, and the chip "
            f"has stream_steps = {training.stream_steps}; set stream_steps = {whole_steps(samples, steps)}, or use smaller batches"
        )


def whole_steps(samples: int, steps: int) -> int:
    """The least stream_steps for such a batch."""
    return -(-samples * steps // CHUNK) * CHUNK


def weight_words(network: LearningNetwork, p: LearningProjection, groups: int, lanes: int) -> int:
    """Weight words of a projection into `groups` groups."""
    channels, (_, _, height, width) = network.population(p.source).shape[0], p.weight.shape
    blocks = DENSE.blocks(-(-channels // lanes), groups)
    return DENSE.slots(channels, lanes) * DENSE.spread(groups) * blocks * height * width


def group_by_group(order: np.ndarray, synapses: Synapses, groups: int) -> np.ndarray:
    """A dense projection's weight words, one target group after the other: the place of a word in its group is then the
    number of its source neuron. Tables that lead there, changed in place."""
    slots = synapses.steps["weight_group"]
    for entry in (*synapses.rows, *synapses.columns, *synapses.groups):
        entry["weight"] //= groups
    synapses.steps["weight_group"] = len(order) // groups
    words = order.reshape(-1, groups, slots, order.shape[1])
    return words.transpose(1, 0, 2, 3).reshape(order.shape)
