"""What is asked of a kind of projection: how a source's channels meet a target's, whatever the pixels do.

Every kind walks pixels alike (stride, padding, pool: see `Projection`), and the first axis of its weight
is the target's channel, so bounds, quantisation and guard bits are the same for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Meeting:
    """What a source group meets in a part: `count` target groups (0: none) from the part's group `plane` on,
    by the weights from block `block` on."""

    count: int
    plane: int
    block: int


@dataclass(frozen=True)
class ProjectionKind(ABC):
    """A closed family: `KINDS` lists it, one file a kind.

    tag     its name, by which the golden model finds its rule
    stored  field and value that name it in a program file: ("kind", tag), but of the two that are
            older than the field
    rank    axes of its weight, the two of the kernel's pixels included
    by_packet   a packet is one visit of a pixel, whatever its mask; if not, each of its spikes is one
    said    behind the message of a weight that does not connect two shapes
    fields  of the projection's memory word, as the chip's lookup takes them
    """

    tag: ClassVar[str]
    stored: ClassVar[tuple[str, bool | str]]
    rank: ClassVar[int]
    by_packet: ClassVar[bool]
    said: ClassVar[str] = ""
    fields: ClassVar[Mapping[str, int]] = {}

    @abstractmethod
    def connects(self, channels: tuple[int, ...], source: int, target: int) -> bool:
        """Whether a weight of these leading axes connects so many channels."""

    @abstractmethod
    def spread(self, groups: int) -> int:
        """Words of a part of `groups` channel groups that one visit of a pixel adds to."""

    @abstractmethod
    def slots(self, channels: int, lanes: int) -> int:
        """Weight words of one kernel position, source group and target group."""

    @abstractmethod
    def blocks(self, sources: int, groups: int) -> int:
        """Blocks of weights, a kernel each, of so many source groups into a part of `groups` groups."""

    @abstractmethod
    def meets(self, group: int, first: int, groups: int) -> Meeting:
        """What source group `group` meets in a part of `groups` groups from `first` on."""

    def linked(self, weight: np.ndarray, source: int) -> np.ndarray | None:
        """Which target channels a source channel reaches by a weight that is not 0, (target, `source`); None where all
        do, or where a packet is a visit. Of the kinds that say it a core stores the channel groups that are met."""
        return None

    @abstractmethod
    def ordered(self, weight: np.ndarray, source: int, lanes: int, first: int, groups: int) -> np.ndarray:
        """The weights of a part, (words, lanes), in the order that the core walks them: block, kernel row
        and column, target group, slot. `source`: channels of the source."""

    @abstractmethod
    def products(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Sums at one kernel position: values (N, pixels, source channels) and the weight's leading axes
        -> (N, pixels, target channels). For estimates; the golden model has its own rule."""

    def by_source(self, values: np.ndarray) -> np.ndarray:
        """Numbers of the source's channels (C,), shaped to multiply the weight. Channel c of a kind without
        an axis for sources has its own alone."""
        return values.reshape(-1, 1, 1)
