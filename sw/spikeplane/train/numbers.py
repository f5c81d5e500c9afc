"""A chip's weights and momenta, by tag, through the link to stopped cores."""

from collections.abc import Iterable, Mapping

import numpy as np

from spikeplane.formats.tables import AnyMemory
from spikeplane.host.channel import Channel
from spikeplane.host.memories import read_words
from spikeplane.host.writes import write_packets
from spikeplane.train.image import TrainingImage
from spikeplane.train.network import LearningNetwork


def write_numbers(
    chip: Channel, image: TrainingImage, memory: AnyMemory, numbers: Mapping[int, np.ndarray]
) -> None:
    """Write float16 arrays, shaped as weights, to WEIGHT or MOMENTUM."""
    for tag, values in numbers.items():
        for kept in image.kept[tag]:
            placed = [(memory, kept.first + i, word) for i, word in enumerate(kept.words(values))]
            chip.exchange(write_packets(chip.config, kept.core, placed))


def read_numbers(
    chip: Channel, image: TrainingImage, network: LearningNetwork, memory: AnyMemory, tags: Iterable[int]
) -> dict[int, np.ndarray]:
    """The inverse, of the projections `tags`."""
    found: dict[int, np.ndarray] = {}
    for tag in tags:
        found[tag] = np.zeros(network.projections[tag].weight.shape, dtype=np.float16)
        for kept in image.kept[tag]:
            kept.put(read_words(chip, kept.core, memory, kept.first, len(kept.order)), found[tag])
    return found
