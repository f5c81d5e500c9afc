"""Every source channel drives every target channel: convolutions, and fully connected layers, whose kernel
covers the whole source."""

import numpy as np

from spikeplane.network.projections.kind import Meeting, ProjectionKind


class Dense(ProjectionKind):
    """weight (Cout, Cin, KH, KW)."""

    tag = "dense"
    stored = "aligned", False
    rank = 4
    by_packet = False

    def connects(self, channels: tuple[int, ...], source: int, target: int) -> bool:
        """All with all."""
        return channels == (target, source)

    def spread(self, groups: int) -> int:
        """A word of each group."""
        return groups

    def slots(self, channels: int, lanes: int) -> int:
        """A word a source channel of the group."""
        return min(lanes, channels)

    def blocks(self, sources: int, groups: int) -> int:
        """A block a source group, for all of the part."""
        return sources

    def meets(self, group: int, first: int, groups: int) -> Meeting:
        """All of the part, by the source group's block."""
        return Meeting(groups, 0, group)

    def linked(self, weight: np.ndarray, source: int) -> np.ndarray | None:
        """By any of a kernel's positions."""
        return None if np.count_nonzero(weight) == weight.size else np.asarray(weight.any((2, 3)))

    def ordered(self, weight: np.ndarray, source: int, lanes: int, first: int, groups: int) -> np.ndarray:
        """In the order source group, ky, kx, target group, source bit."""
        _, channels, kh, kw = weight.shape
        sources, slots = -(-channels // lanes), self.slots(channels, lanes)
        part = np.zeros((groups * lanes, sources * slots, kh, kw), dtype=np.int64)
        rows = weight[first * lanes : (first + groups) * lanes]
        part[: len(rows), :channels] = rows
        part = part.reshape(groups, lanes, sources, slots, kh, kw)
        return part.transpose(2, 4, 5, 0, 3, 1).reshape(-1, lanes)

    def products(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """A matrix product over the source's channels."""
        return values @ weight.T

    def by_source(self, values: np.ndarray) -> np.ndarray:
        """Along its second axis."""
        return values.reshape(1, -1, 1, 1)


DENSE = Dense()
