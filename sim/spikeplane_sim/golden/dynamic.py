"""A dynamic projection Q -> A: its weights are counted in the step, from the spikes of K and V.

    M[i, j] = sum over tokens n of K[n, i] * V[n, j]        within a head; a token is a pixel
    I[n, j] = sum over i of Q[n, i] * M[i, j] * 2^pre_shift

Heads are `heads` runs of C / heads channels, one behind the other.
"""

import torch
from torch import Tensor

from spikeplane.network import Pair, Projection


class Dynamic:
    """One such projection: spikes (N, C, H, W) of Q, K and V -> currents (N, C, H, W).

    wide: the type of the currents. Sums of float64 are exact up to 2^53.
    """

    def __init__(self, projection: Projection, wide: torch.dtype) -> None:
        assert isinstance(projection.dynamic, Pair)
        self.heads, self.pre_shift, self.wide = projection.dynamic.heads, projection.pre_shift, wide

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q_heads, k_heads, v_heads = (self._heads(x) for x in (q, k, v))
        counted = k_heads @ v_heads.transpose(-1, -2)
        current = counted.transpose(-1, -2) @ q_heads
        return current.reshape(q.shape).to(self.wide) << self.pre_shift

    def _heads(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, heads, C / heads, tokens)."""
        return x.reshape(len(x), self.heads, x.shape[1] // self.heads, -1).to(torch.float64)
