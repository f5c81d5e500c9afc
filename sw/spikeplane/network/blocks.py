"""Blocks of weights, a channel group of the target by one of the source: a source group meets the target groups from the
first to the last that one of its weights reaches. Others are all 0, and no core stores them.

```
 source group   0  1  2  3         met
 target group 0 w  w  .  .         0: groups 0 and 1     1: 0 to 3, the 0 between them too
              1 w  .  .  .         2: none               3: 3
              2 .  .  .  .
              3 .  w  .  w
```
"""

import numpy as np

from spikeplane.network.projections.kind import ProjectionKind

#: By source group the first target group that it meets, and the one behind the last.
Met = list[tuple[int, int]]


def met_by(linked: np.ndarray, lanes: int) -> Met:
    """Of channels that are linked (target, source), in groups of `lanes`."""
    used = linked
    for axis in (0, 1):
        used = np.logical_or.reduceat(used, range(0, used.shape[axis], lanes), axis)
    count = len(used)
    return [(int(row.argmax()), count - int(row[::-1].argmax())) if row.any() else (0, 0) for row in used.T]


def held(kind: ProjectionKind, weight: np.ndarray, source: int, lanes: int) -> np.ndarray:
    """Which weights are in blocks that are met (by step: in any), of the weight's shape. `source`: channels of the source."""
    linked = kind.linked(np.abs(weight).max(0) if weight.ndim > kind.rank else weight, source)
    if linked is None:
        return np.ones(weight.shape, dtype=bool)
    mask = np.zeros(linked.shape, dtype=bool)
    for group, (low, high) in enumerate(met_by(linked, lanes)):
        mask[low * lanes : high * lanes, group * lanes : (group + 1) * lanes] = True
    return np.broadcast_to(mask[:, :, None, None], weight.shape)
