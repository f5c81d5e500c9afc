"""One projection into one part: its weight words and its coordinate table entries
(docs/architecture.md, Lookup)."""

from dataclasses import dataclass

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.formats.layout import lanes_word
from spikeplane.network import Network, Projection


@dataclass
class Synapses:
    """Words and entries of one projection into `groups` groups from `first` on; weight addresses
    count from 0."""

    weights: list[int]
    rows: list[dict[str, int]]
    columns: list[dict[str, int]]
    groups: list[dict[str, int]]
    steps: dict[str, int]


def build_synapses(
    projection: Projection, network: Network, config: ChipConfig, first: int, groups: int
) -> Synapses:
    """The tables with accumulator addresses counted from the part's first word."""
    source = network.population(projection.source)
    _, height, width = network.population(projection.target).current_shape
    lanes, kind = config.lanes, projection.kind
    kernel = projection.weight.shape[-2:]
    slots = kind.slots(source.shape[0], lanes)
    word = slots * kind.spread(groups)  # weight words of one kernel position
    (sy, sx), (py, px) = projection.stride, projection.padding
    pool = projection.pool
    rows = _axis(source.shape[1], pool[0], kernel[0], sy, py, height, width, kernel[1] * word)
    columns = _axis(source.shape[2], pool[1], kernel[1], sx, px, width, 1, word)
    plane, block = height * width, kernel[0] * kernel[1] * word
    entries = []
    for group in range(-(-source.shape[0] // lanes)):
        met = kind.meets(group, first, groups)
        entries.append({"count": met.count, "acc": met.plane * plane, "weight": met.block * block})
    steps = {
        "acc_row": -width,
        "acc_column": -1,
        "acc_group": plane,
        "weight_row": sy * kernel[1] * word,
        "weight_column": sx * word,
        "weight_group": slots,
    }
    ordered = kind.ordered(projection.weight, source.shape[0], lanes, first, groups)
    return Synapses([_weights_word(row, config) for row in ordered], rows, columns, entries, steps)


def weight_words(projection: Projection, network: Network, config: ChipConfig, groups: int) -> int:
    """Words that `build_synapses` makes for `groups` groups."""
    channels, lanes, kind = network.population(projection.source).shape[0], config.lanes, projection.kind
    pixels = projection.weight.shape[-2] * projection.weight.shape[-1]
    words = kind.slots(channels, lanes) * kind.spread(groups) * pixels
    return words * kind.blocks(-(-channels // lanes), groups)


def _axis(
    size: int, pool: int, kernel: int, stride: int, padding: int, out: int, acc: int, weight: int
) -> list[dict[str, int]]:
    """One coordinate's entries: which kernel positions k meet which outputs o, where o * stride =
    at + padding - k."""
    entries = []
    for meets in _meets(size, pool, kernel, stride, padding, out):
        k, o = meets[0] if meets else (0, 0)
        entries.append({"count": len(meets), "acc": o * acc, "weight": k * weight})
    return entries


def axis_reach(size: int, pool: int, kernel: int, stride: int, padding: int, out: int) -> list[int]:
    """For each of `size` source coordinates the target coordinates that a spike there meets."""
    return [len(meets) for meets in _meets(size, pool, kernel, stride, padding, out)]


def _meets(
    size: int, pool: int, kernel: int, stride: int, padding: int, out: int
) -> list[list[tuple[int, int]]]:
    """For each source coordinate the (kernel position, output) pairs."""
    return [
        [
            (k, (at // pool + padding - k) // stride)
            for k in range(kernel)
            if (at // pool + padding - k) % stride == 0 and 0 <= at // pool + padding - k < out * stride
        ]
        for at in range(size)
    ]


def _weights_word(row: np.ndarray, config: ChipConfig) -> int:
    values = (row < 0) if config.weight_bits == 1 else row
    return lanes_word(values.tolist(), config.weight_bits)
