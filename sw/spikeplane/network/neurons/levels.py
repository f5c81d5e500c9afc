"""Neurons that send integer spikes: how many thresholds their membrane holds, to the nearest, at most a top level.

    s = round(clamp(v / theta, 0, D)), half to even;  u' = v - s * theta with a soft reset, else v

A core finds s bit by bit, from v + theta / 2 on, so D is 2^n - 1 or 2^(n-1), and theta is even.
"""

# what other kinds say as classes each top says of itself:
# pyright: reportIncompatibleVariableOverride=false

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.network.neurons.kind import NeuronKind

BITS = 7  #: of a level at most
#: The top levels that there are: all bits set, or only the highest.
TOPS = tuple(sorted({top for n in range(1, BITS + 1) for top in ((1 << n) - 1, 1 << (n - 1))}))


@dataclass(frozen=True)
class Levels(NeuronKind):
    """Levels from 0 to `top`, on as many planes as `top` has bits."""

    top: int

    spikes = True
    whole = True

    def __post_init__(self) -> None:
        if self.top not in TOPS:
            raise SpikeplaneError(
                f"integer spikes go from 0 to one of {', '.join(map(str, TOPS))}, which a core sends, not to {self.top}"
            )

    @property
    def tag(self) -> str:
        """A name for each top."""
        return f"levels-{self.top}"

    @property
    def stored(self) -> tuple[str, bool | str]:
        """The tag, in a field of its own."""
        return "kind", self.tag

    @property
    def title(self) -> str | None:
        """With its top."""
        return f"levels 0..{self.top}"

    @property
    def fields(self) -> Mapping[str, int]:
        """As planes that all count positive."""
        planes = self.top.bit_length()
        return {"membrane_out": 1, "relu": 1, "levels": planes, "capped": self.top == 1 << (planes - 1)}

    def bits(self, membrane_bits: int) -> int:
        """Those of the top."""
        return self.top.bit_length()

    def values(self, membrane_bits: int) -> tuple[int, int]:
        """Levels."""
        return 0, self.top

    def sent(self, v: np.ndarray, theta: np.ndarray, fired: np.ndarray) -> np.ndarray:
        """The nearest level, half to even."""
        held = np.clip(v.astype(np.int64), 0, self.top * theta.astype(np.int64))
        level, over = np.divmod(held, theta)
        return level + ((2 * over > theta) | ((2 * over == theta) & (level % 2 == 1)))

    def words(self, least: np.ndarray, amount: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Half a threshold, which makes rounding of comparing; half of the first amount that is compared and taken away,
        the later ones are halves of it."""
        return least >> 1, -(least << (self.top.bit_length() - 1))
