"""The words of a projection of which not every block is met (`network.blocks`): convolutions in groups, pruned
layers, steps in channels.

```
 source group ─▶ target groups that its weights reach, from the first to the last of them
 weights      ─▶ source group, target group, ky, kx, bit: so many blocks of a kernel as are met
```
"""

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.network import Network, Projection, weights
from spikeplane.network.blocks import Met, met_by
from spikeplane.network.projections.kind import Meeting


def met_groups(
    projection: Projection, network: Network, config: ChipConfig, first: int, groups: int
) -> Met | None:
    """Of a part of `groups` channel groups from `first` on, in any step; None where all is met."""
    linked = projection.kind.linked(
        np.abs(weights(projection)).max(0), network.population(projection.source).shape[0]
    )
    if linked is None:
        return None
    found = met_by(linked[first * config.lanes : (first + groups) * config.lanes], config.lanes)
    return None if all(one == (0, groups) for one in found) else found


def met_alone(met: Met) -> list[Meeting]:
    """What each source group meets, its blocks behind those of the group before."""
    behind = np.cumsum([0] + [high - low for low, high in met]).tolist()
    return [Meeting(high - low, low, at) for (low, high), at in zip(met, behind, strict=False)]


def packed(ordered: np.ndarray, met: Met, kernel: tuple[int, int], groups: int) -> np.ndarray:
    """The words that are met, (words, lanes), in the order source group, target group, ky, kx, bit.

    ordered: all of a part of `groups` groups, as `ProjectionKind.ordered` has them; kernel: its rows and columns.
    """
    words = ordered.reshape(len(met), *kernel, groups, -1, ordered.shape[-1])
    parts = [
        block[:, :, low:high].transpose(2, 0, 1, 3, 4).reshape(-1, ordered.shape[-1])
        for block, (low, high) in zip(words, met, strict=True)
    ]
    return np.concatenate(parts)
