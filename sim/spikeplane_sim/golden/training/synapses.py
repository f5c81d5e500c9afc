"""One projection in three verbs: `add` spikes to currents, `gather` deltas back to the source, and the `outer`
product of both, which is its gradient.

    add     X_j += w_ij                    for each spike of i
    gather  p_i += mul16(w_ij, d_j)        every product rounded, their sum exact
    outer   D_ij += d_j                    for each spike of i
"""

import torch
import torch.nn.functional as F

from spikeplane.train.network import LearningNetwork
from spikeplane_sim.golden.training.arithmetic import Arithmetic

Tensor = torch.Tensor


class Synapses:
    """A projection `tag` of a network, in an arithmetic."""

    def __init__(self, network: LearningNetwork, tag: int, arithmetic: Arithmetic) -> None:
        self.projection = network.projections[tag]
        self.arithmetic = arithmetic
        self.source = network.population(self.projection.source).shape
        self.target = network.population(self.projection.target).shape
        pool = self.projection.pool
        #: the source's pixels as they count
        self.counted = (self.source[0], -(-self.source[1] // pool[0]), -(-self.source[2] // pool[1]))
        self.whole = self.projection.weight.shape[1:] == self.counted and self.projection.padding == (
            0,
            0,
        )  # fully connected: its columns are the pixels

    def add(self, weight: Tensor, values: Tensor) -> Tensor:
        """Words (M, *target) of currents of values (M, *source); weight: numbers (Cout, Cin, KH, KW)."""
        columns = self._columns(values)
        words = self.arithmetic.word(weight).flatten(1)
        if self.whole:
            return (columns[:, :, 0] @ words.T).view(-1, *self.target)
        return (words @ columns).view(-1, *self.target)

    def outer(self, values: Tensor, deltas: Tensor) -> Tensor:
        """Words (Cout, Cin, KH, KW): the gradient of values (M, *source) and numbers deltas (M, *target)."""
        columns = self._columns(values).transpose(0, 1).flatten(1)
        words = self.arithmetic.word(deltas).flatten(2).transpose(0, 1).flatten(1)
        return (words @ columns.T).view(self.projection.weight.shape)

    def gather(self, weight: Tensor, deltas: Tensor) -> Tensor:
        """Words (M, *source): every weight times the delta (M, *target) behind it, summed for each source."""
        weights, deltas = weight.flatten(1), deltas.flatten(2)
        sums = torch.zeros(
            (len(deltas), weights.shape[1], deltas.shape[2]),
            dtype=self.arithmetic.words,
        )
        for one, delta in zip(weights, deltas.unbind(1), strict=True):
            sums += self.arithmetic.word(self.arithmetic.product(one[:, None], delta[:, None, :]))
        return self._spread(sums)

    def _columns(self, values: Tensor) -> Tensor:
        """(M, *source) as words' type (M, Cin * KH * KW, positions): what each target pixel meets."""
        pool = self.projection.pool
        values = values.to(self.arithmetic.words)
        if pool != (1, 1):
            values = F.pad(values, (0, -self.source[2] % pool[1], 0, -self.source[1] % pool[0]))
            values = values.unfold(2, pool[0], pool[0]).unfold(3, pool[1], pool[1]).sum((-1, -2))
        if self.whole:
            return values.reshape(len(values), -1, 1)
        p = self.projection
        return F.unfold(values, p.weight.shape[2:], padding=p.padding, stride=p.stride)

    def _spread(self, columns: Tensor) -> Tensor:
        """The sums of columns back at the pixels that met them, (M, *source)."""
        p = self.projection
        if self.whole:
            pixels = columns.view(-1, *self.counted)
        else:
            pixels = F.fold(columns, self.counted[1:], p.weight.shape[2:], padding=p.padding, stride=p.stride)
        rows = pixels.repeat_interleave(p.pool[0], 2).repeat_interleave(p.pool[1], 3)
        return rows[:, :, : self.source[1], : self.source[2]]
