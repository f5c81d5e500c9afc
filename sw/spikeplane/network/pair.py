"""What makes a projection dynamic: its weights are not trained, they are counted anew in every step.

```
 K ─┐  M[i, j] = sum over tokens n of K[n, i] * V[n, j]      within a head
 V ─┴▶ M ──┐
 Q ────────┴▶ A:  I[n, j] = sum over i of Q[n, i] * M[i, j]
```
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Protocol, Self

from spikeplane.network.gate import Gate


def on_lanes(size: int, lanes: int) -> bool:
    """Whether heads of `size` channels lie on the lanes of a core: each is a part of them, or a multiple."""
    return not (size % lanes if size > lanes else lanes % size)


@dataclass(frozen=True)
class Pair:
    """The populations whose spikes make the weights of a dynamic projection Q -> A, in the step in which Q's are sent.

    k, v    names of keys and values; a token is a pixel
    heads   K, V, Q and A, all of one shape, have so many heads of channels / heads channels that stand behind one another
    """

    k: str
    v: str
    heads: int

    @property
    def names(self) -> tuple[str, str]:
        """The populations that it reads."""
        return self.k, self.v

    def renamed(self, other: Callable[[str], str]) -> Self:
        """With other names of populations."""
        return replace(self, k=other(self.k), v=other(self.v))


class Counted(Protocol):
    """A projection, in floats or in integers."""

    @property
    def pool(self) -> tuple[int, int]:
        """As `Projection.pool`."""
        ...

    @property
    def dynamic(self) -> Pair | Gate | None:
        """As `Projection.dynamic`."""
        ...


def times(projection: Counted, shape: tuple[int, int, int]) -> int:
    """How often one of its weights counts at most, of a source of that shape (C, H, W), whose neurons send 1: once a
    pixel of its pool; of a dynamic one, whose weights say which channels meet, once a token, or as often as its gate says."""
    if isinstance(projection.dynamic, Gate):
        return projection.dynamic.top
    return prod(projection.pool) if projection.dynamic is None else prod(shape[1:])
