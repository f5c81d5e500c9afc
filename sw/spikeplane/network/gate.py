"""What makes a projection a gate: what its source sends is multiplied by what another population sends.

```
 G ──┐
 X ──┴▶ A:  I[c, y, x] += X[c, y, x] * G[c or 0, y or 0, x or 0]
```
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class Gate:
    """The population that the values of a gated projection X -> A are multiplied by, in the step in which X's are sent.

    g     its name: (C, H, W) as X, or 1 in place of C, or of H and W: a gate for each channel, pixel, step, or neuron
    top   the largest value that it sends, in integers; of a float network, where it sends real values, 1
    """

    g: str
    top: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """The populations that it reads."""
        return (self.g,)

    def renamed(self, other: Callable[[str], str]) -> Self:
        """With other names of populations."""
        return replace(self, g=other(self.g))
