"""Heads of attention that lie on no core's lanes, such as 12 channels: channels that never fire make them longer.

```
    channels of the model   | head 0: 12 | head 1: 12 |          queries, keys and values are repeated so, and what
    as the chip counts      | head 0: 12, 4 more | head 1: ...   attention counts goes back to the model's channels
```
"""

from itertools import count

import numpy as np

from spikeplane.config import LANES
from spikeplane.network import on_lanes


def laid_out(channels: int, heads: int) -> np.ndarray | None:
    """Which of the chip's channels each of the model's is, as a matrix (chip's, model's) of 0 and 1; None where they are the same."""
    size = channels // heads
    wide = next(n for n in count(size) if any(on_lanes(n, lanes) for lanes in LANES))
    if heads == 1 or wide == size:
        return None
    place = np.arange(channels)
    found = np.zeros((heads * wide, channels))
    found[place // size * wide + place % size, place] = 1.0
    return found
