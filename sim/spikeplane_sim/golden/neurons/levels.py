"""Integer spikes: v / theta to the nearest whole number, half to even, from 0 to a top."""

from dataclasses import dataclass

import torch
from torch import Tensor

from spikeplane_sim.golden.neurons.rule import Rule


@dataclass(frozen=True)
class Levels(Rule):
    """Levels from 0 to `top`."""

    top: int

    def largest(self, membrane_bits: int) -> int:
        """The top."""
        return self.top

    def sent(self, v: Tensor, theta: Tensor, fired: Tensor) -> Tensor:
        """One level for each odd multiple of theta / 2 that v reaches; an even level's end is its own, so the next one
        begins beyond it."""
        twice, theta = 2 * v.to(torch.int64), theta.to(torch.int64)
        level = torch.zeros_like(v)
        for below in range(self.top):
            middle = (2 * below + 1) * theta
            level += twice > middle if below % 2 == 0 else twice >= middle
        return level

    def real(self, v: Tensor, theta: Tensor | None, fired: Tensor | None) -> Tensor:
        """The same of real numbers; `round` is half to even."""
        assert theta is not None
        return (v / theta).clamp(0, self.top).round()

    def decided(self, sent: Tensor, fired: Tensor) -> Tensor:
        """Where anything is sent."""
        return sent > 0

    def times(self, sent: Tensor, fired: Tensor) -> Tensor:
        """The level."""
        return sent
