"""One projection into one part: its weight words and its coordinate table entries
(docs/architecture.md, Lookup)."""

from dataclasses import dataclass

import numpy as np

from spikeplane.compiler.blocks import met_alone, met_groups, packed
from spikeplane.compiler.spare import lanes_met
from spikeplane.config import ChipConfig
from spikeplane.network import Network, Population, Projection, is_stepped

_AT_ONCE = 4096  #: words that are packed together


@dataclass
class Synapses:
    """Words and entries of one projection into `groups` groups from `first` on; weight addresses
    count from 0. `weights`: of all steps behind one another."""

    weights: list[int]
    rows: list[dict[str, int]]
    columns: list[dict[str, int]]
    groups: list[dict[str, int]]
    steps: dict[str, int]


def build_synapses(
    projection: Projection, network: Network, config: ChipConfig, first: int, groups: int
) -> Synapses:
    """The tables with accumulator addresses counted from the part's first word."""
    source, target = network.population(projection.source), network.population(projection.target)
    _, height, width = target.current_shape
    lanes, kind = config.lanes, projection.kind
    channels = lanes_met(projection, network, config)
    weight = _filled(stored(projection, source), channels - source.shape[0])
    kernel = weight.shape[-2:]
    slots = kind.slots(channels, lanes)
    met = met_groups(projection, network, config, first, groups)
    word = slots * (kind.spread(groups) if met is None else 1)  # weight words of one kernel position
    row, column = (
        at * (kept == positions)  # one position for all: the walker stays there
        for at, kept, positions in zip(
            (kernel[1] * word, word), kernel, projection.weight.shape[-2:], strict=True
        )
    )
    rows, columns = (_meets(projection, source, target, axis) for axis in (0, 1))
    plane, block = height * width, kernel[0] * kernel[1] * word
    meetings = [kind.meets(group, first, groups) for group in range(-(-source.shape[0] // lanes))]
    meetings = meetings if met is None else met_alone(met)
    entries = [{"count": m.count, "acc": m.plane * plane, "weight": m.block * block} for m in meetings]
    steps = {
        "acc_row": -width,
        "acc_column": -1,
        "acc_group": plane,
        "weight_row": projection.stride[0] * row,
        "weight_column": projection.stride[1] * column,
        "weight_group": slots if met is None else block,
    }
    words = []
    for one in weight if is_stepped(projection) else (weight,):
        ordered = kind.ordered(one, channels, lanes, first, groups)
        ordered = ordered if met is None else packed(ordered, met, kernel, groups)
        words += packed_weights(ordered, config)
    return Synapses(words, _entries(rows, width, row), _entries(columns, 1, column), entries, steps)


def stored(projection: Projection, source: Population) -> np.ndarray:
    """The weight as a core keeps it: along an axis of zeros between the pixels, or of one pixel, a kernel that is
    the same everywhere (an upsampling, a broadcast) as its first position."""
    weight = projection.weight
    for axis in (0, 1):
        first = np.take(weight, [0], axis - 2)
        if (projection.up[axis] > 1 or source.shape[1 + axis] == 1) and (weight == first).all():
            weight = first
    return weight


def _filled(weight: np.ndarray, more: int) -> np.ndarray:
    """With weights of 0 from so many more channels."""
    missing = [(0, 0)] * weight.ndim
    missing[-3] = (0, more)
    return np.pad(weight, missing)


def weight_words(
    projection: Projection, network: Network, config: ChipConfig, first: int, groups: int
) -> int:
    """Words that `build_synapses` makes for `groups` groups from `first` on, of one step."""
    source, lanes, kind = network.population(projection.source), config.lanes, projection.kind
    slots = kind.slots(lanes_met(projection, network, config), lanes)
    rows, columns = stored(projection, source).shape[-2:]
    met = met_groups(projection, network, config, first, groups)
    if met is not None:
        return slots * rows * columns * sum(high - low for low, high in met)
    words = slots * kind.spread(groups) * rows * columns
    return words * kind.blocks(-(-source.shape[0] // lanes), groups)


def axis_reach(projection: Projection, network: Network, axis: int) -> list[int]:
    """For each of the source's rows (axis 0) or columns (1) the target's that a spike there meets."""
    source, target = network.population(projection.source), network.population(projection.target)
    return [len(meets) for meets in _meets(projection, source, target, axis)]


def _entries(met: list[list[tuple[int, int]]], acc: int, weight: int) -> list[dict[str, int]]:
    """One axis's entries, by how far apart outputs and kernel positions are."""
    entries = []
    for meets in met:
        k, o = meets[0] if meets else (0, 0)
        entries.append({"count": len(meets), "acc": o * acc, "weight": k * weight})
    return entries


def _meets(
    projection: Projection, source: Population, target: Population, axis: int
) -> list[list[tuple[int, int]]]:
    """For each coordinate of the source which kernel positions k meet which outputs o, where o * stride =
    at * up + padding - k, as (k, o)."""
    kernel, stride = projection.weight.shape[axis - 2], projection.stride[axis]
    out, pool = target.current_shape[1 + axis], projection.pool[axis]
    found = []
    for at in range(source.shape[1 + axis]):
        place = at // pool * projection.up[axis] + projection.padding[axis]
        found.append(
            [
                (k, (place - k) // stride)
                for k in range(kernel)
                if (place - k) % stride == 0 and 0 <= place - k < out * stride
            ]
        )
    return found


def packed_weights(ordered: np.ndarray, config: ChipConfig) -> list[int]:
    """Rows of weights (words, lanes) as words of the weight memory, as `lanes_word` packs one; many at once."""
    bits, found = config.weight_bits, list[int]()
    for first in range(0, len(ordered), _AT_ONCE):
        rows = ordered[first : first + _AT_ONCE]
        values = (rows < 0 if bits == 1 else rows).astype("<i4")
        each = np.unpackbits(values[..., None].view(np.uint8), axis=-1, bitorder="little")[..., :bits]
        packed = np.packbits(each.reshape(len(rows), -1), axis=1, bitorder="little")
        found += [int.from_bytes(row.tobytes(), "little") for row in packed]
    return found
