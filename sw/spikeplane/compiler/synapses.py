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
    lanes = config.lanes
    kernel = projection.weight.shape[-2:]
    slots = 1 if projection.aligned else min(lanes, source.shape[0])
    word = slots * (1 if projection.aligned else groups)  # weight words of one kernel position
    (sy, sx), (py, px) = projection.stride, projection.padding
    pool = projection.pool
    rows = _axis(source.shape[1], pool[0], kernel[0], sy, py, height, width, kernel[1] * word)
    columns = _axis(source.shape[2], pool[1], kernel[1], sx, px, width, 1, word)
    plane, block = height * width, kernel[0] * kernel[1] * word
    entries = []
    for group in range(-(-source.shape[0] // lanes)):
        if not projection.aligned:
            entries.append({"count": groups, "acc": 0, "weight": group * block})
        elif first <= group < first + groups:
            entries.append({"count": 1, "acc": (group - first) * plane, "weight": (group - first) * block})
        else:
            entries.append({"count": 0, "acc": 0, "weight": 0})
    steps = {
        "acc_row": -width,
        "acc_column": -1,
        "acc_group": plane,
        "weight_row": sy * kernel[1] * word,
        "weight_column": sx * word,
        "weight_group": slots,
    }
    words = _aligned_words if projection.aligned else _dense_words
    return Synapses(words(projection.weight, config, first, groups, slots), rows, columns, entries, steps)


def weight_words(projection: Projection, network: Network, config: ChipConfig, groups: int) -> int:
    """Words that `build_synapses` makes for `groups` groups."""
    pixels = projection.weight.shape[-2] * projection.weight.shape[-1]
    if projection.aligned:
        return groups * pixels
    channels, lanes = network.population(projection.source).shape[0], config.lanes
    sources = -(-channels // lanes) * lanes if channels > lanes else channels
    return groups * pixels * sources


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


def _dense_words(weight: np.ndarray, config: ChipConfig, first: int, groups: int, slots: int) -> list[int]:
    """In the order source group, ky, kx, target group, source bit."""
    lanes, (_, channels, kh, kw) = config.lanes, weight.shape
    sources = -(-channels // lanes) if channels > lanes else 1
    part = np.zeros((groups * lanes, sources * slots, kh, kw), dtype=np.int64)
    rows = weight[first * lanes : (first + groups) * lanes]
    part[: len(rows), :channels] = rows
    ordered = (
        part.reshape(groups, lanes, sources, slots, kh, kw).transpose(2, 4, 5, 0, 3, 1).reshape(-1, lanes)
    )
    return [_weights_word(row, config) for row in ordered]


def _aligned_words(weight: np.ndarray, config: ChipConfig, first: int, groups: int, slots: int) -> list[int]:
    """In the order group, ky, kx."""
    lanes, (_, kh, kw) = config.lanes, weight.shape
    part = np.zeros((groups * lanes, kh, kw), dtype=np.int64)
    rows = weight[first * lanes : (first + groups) * lanes]
    part[: len(rows)] = rows
    ordered = part.reshape(groups, lanes, kh, kw).transpose(0, 2, 3, 1).reshape(-1, lanes)
    return [_weights_word(row, config) for row in ordered]


def _weights_word(row: np.ndarray, config: ChipConfig) -> int:
    values = (row < 0) if config.weight_bits == 1 else row
    return lanes_word(values.tolist(), config.weight_bits)
