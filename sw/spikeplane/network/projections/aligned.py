"""Source channel c drives target channel c alone: depthwise convolutions, pooling, identity."""

import numpy as np

from spikeplane.network.projections.kind import Meeting, ProjectionKind


class Aligned(ProjectionKind):
    """weight (C, KH, KW). A core adds a packet's whole mask at once, lane by lane."""

    tag = "aligned"
    stored = "aligned", True
    rank = 3
    said = ", channel by channel"
    fields = {"aligned": 1}
    by_packet = True

    def connects(self, channels: tuple[int, ...], source: int, target: int) -> bool:
        """As many on both sides."""
        return channels == (target,) and source == target

    def spread(self, groups: int) -> int:
        """The word of its own group."""
        return 1

    def slots(self, channels: int, lanes: int) -> int:
        """One word holds the weights of all lanes."""
        return 1

    def blocks(self, sources: int, groups: int) -> int:
        """A block a group of the part."""
        return groups

    def meets(self, group: int, first: int, groups: int) -> Meeting:
        """The group of the same channels, where it is in the part."""
        if first <= group < first + groups:
            return Meeting(1, group - first, group - first)
        return Meeting(0, 0, 0)

    def ordered(self, weight: np.ndarray, source: int, lanes: int, first: int, groups: int) -> np.ndarray:
        """In the order group, ky, kx."""
        _, kh, kw = weight.shape
        part = np.zeros((groups * lanes, kh, kw), dtype=np.int64)
        rows = weight[first * lanes : (first + groups) * lanes]
        part[: len(rows)] = rows
        return part.reshape(groups, lanes, kh, kw).transpose(0, 2, 3, 1).reshape(-1, lanes)

    def products(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Channel by channel."""
        return values * weight


ALIGNED = Aligned()
