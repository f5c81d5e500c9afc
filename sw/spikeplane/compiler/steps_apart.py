"""Synapses between channels that hold several steps (`Population.fold`): what is 0 for whole channel groups is neither
stored nor walked.

```
 source group of step t ─▶ target groups of the steps u that its weights reach, from the first to the last of them
 weights               ─▶ source group, target group, ky, kx, bit: so many blocks of a kernel as are met
```
"""

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.network import Network, Projection
from spikeplane.network.projections.kind import Meeting

#: By source group the first target group of a part that it meets, and the one behind the last.
Met = list[tuple[int, int]]


def met_groups(
    projection: Projection, network: Network, config: ChipConfig, first: int, groups: int
) -> Met | None:
    """Of a part of `groups` channel groups from `first` on; None where all is met, or the steps are not in channels."""
    source, target = network.population(projection.source), network.population(projection.target)
    if projection.kind.by_packet or min(source.fold, target.fold) < 2:
        return None
    grouped = by_group(projection.weight, config.lanes, first, groups)
    used = np.asarray(grouped.any((1, 3, 4, 5)))  # (target group, source group)
    found = [(int(row.argmax()), groups - int(row[::-1].argmax())) if row.any() else (0, 0) for row in used.T]
    return None if all(one == (0, groups) for one in found) else found


def met_alone(met: Met) -> list[Meeting]:
    """What each source group meets, its blocks behind those of the group before."""
    behind = np.cumsum([0] + [high - low for low, high in met]).tolist()
    return [Meeting(high - low, low, at) for (low, high), at in zip(met, behind, strict=False)]


def by_group(weight: np.ndarray, lanes: int, first: int, groups: int) -> np.ndarray:
    """Weights (Cout, Cin, KH, KW) as (target group of the part, lane, source group, bit, KH, KW), with zeros where there are
    no channels."""
    _, channels, rows, columns = weight.shape
    sources = -(-channels // lanes)
    part = np.zeros((groups * lanes, sources * lanes, rows, columns), dtype=np.int64)
    mine = weight[first * lanes : (first + groups) * lanes]
    part[: len(mine), :channels] = mine
    return part.reshape(groups, lanes, sources, lanes, rows, columns)


def packed(weight: np.ndarray, lanes: int, met: Met, first: int, slots: int) -> np.ndarray:
    """The weights that are met, (words, lanes), in the order source group, target group, ky, kx, bit; `slots`: words of a
    kernel position and group."""
    count = max(high for _, high in met)
    grouped = by_group(weight, lanes, first, count)
    parts = [
        grouped[low:high, :, group, :slots].transpose(0, 3, 4, 2, 1).reshape(-1, lanes)
        for group, (low, high) in enumerate(met)
    ]
    return np.concatenate(parts)
