"""A gated projection X -> A, and a function of the membrane as a table.

I[n, c, y, x] = X[n, c, y, x] * G[n, c or 0, y or 0, x or 0] * 2^pre_shift
sent          = values[clamp((v >> shift) + 128, 0, 255)]
"""

import torch
from torch import Tensor

from spikeplane.network import Gate, Projection, Table
from spikeplane_sim.golden.dynamic import Dynamic


class Gated:
    """One such projection: what X sends (N, C, H, W), and what its gate sends, of as many channels and pixels or of one
    -> currents (N, C, H, W) of type `wide`."""

    def __init__(self, projection: Projection, wide: torch.dtype) -> None:
        self.pre_shift, self.wide = projection.pre_shift, wide

    def __call__(self, x: Tensor, g: Tensor) -> Tensor:
        return (x.to(torch.int64) * g.to(torch.int64) << self.pre_shift).to(self.wide)


def by_values(projection: Projection, wide: torch.dtype) -> Dynamic | Gated | None:
    """What a projection does that multiplies what populations send; None for one of weights."""
    if projection.dynamic is None:
        return None
    gated = isinstance(projection.dynamic, Gate)
    return Gated(projection, wide) if gated else Dynamic(projection, wide)


def looked_up(table: Table, v: Tensor) -> Tensor:
    """The entries for membranes of any shape, of their type."""
    entries = torch.as_tensor(table.values, dtype=v.dtype, device=v.device)
    return entries[((v >> table.shift) + 128).clamp(0, 255).to(torch.int64)]
