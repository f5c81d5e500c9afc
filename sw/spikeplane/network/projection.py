"""Synapses from one population to another."""

from dataclasses import dataclass, field
from math import prod

import numpy as np

from spikeplane.later import LATER
from spikeplane.network.gate import Gate
from spikeplane.network.pair import Pair
from spikeplane.network.projections import DENSE, ProjectionKind


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Synapses from one population to another, as a convolution over the source's pixels.

    kind      which channels it connects: DENSE, all with all, or ALIGNED, channel c with channel c
    weight    int array (Cout, Cin, KH, KW), or (C, KH, KW) of an aligned one (depthwise, pooling,
              identity). A fully connected layer on (C, H, W) is a convolution whose kernel covers the
              whole source. With an axis of steps in front, (T, Cout, ...), step t of a sample takes the t-th
              (of a delayed one the step in which it arrives)
    pool      (py, px): source pixel (y, x) counts as (y // py, x // px): sum pooling in front of
              the synapses for nothing
    up        (uy, ux): after that, (y, x) counts as (y * uy, x * ux), with zeros between: a transposed
              convolution, an upsampling. One more pixel counts where the target has room for it
    delay     1: recurrent, delivers at step t + 1 what was fired at t
    pre_shift   every weight counts 2^pre_shift times: guard bits of the target's currents, or a
                ratio between projections
    dynamic     the keys and values that make its weights in each step; `weight` (C, C, 1, 1) is then 1 within
                heads and 0 outside. Or the gate that what the source sends is multiplied by; `weight` (C, 1, 1) of an aligned
                one is then 1
    """

    source: str
    target: str
    weight: np.ndarray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pool: tuple[int, int] = (1, 1)
    kind: ProjectionKind = DENSE
    delay: int = 0
    pre_shift: int = 0
    up: tuple[int, int] = field(default=(1, 1), metadata=LATER)
    dynamic: Pair | Gate | None = field(default=None, metadata=LATER)

    @property
    def pairs(self) -> int:
        """Pairs of channels that it connects, in a step; of a dynamic one those within heads."""
        return prod(self.weight.shape[-self.kind.rank : -2]) // (
            self.dynamic.heads if isinstance(self.dynamic, Pair) else 1
        )

    @property
    def weights(self) -> int:
        """How many weights it has; those of a dynamic one are counted while the network runs."""
        return 0 if self.dynamic else self.weight.size
