"""Every source channel drives every target channel: weight (Cout, Cin, KH, KW)."""

import torch.nn.functional as F
from torch import Tensor

from spikeplane_sim.golden.projections.rule import Pair, Rule


class Dense(Rule):
    """A convolution."""

    def direct(self, x: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
        """Over all channels."""
        return F.conv2d(x, weight, stride=stride, padding=padding)

    def explicit(self, columns: Tensor, weight: Tensor) -> Tensor:
        """A matrix product."""
        return weight.flatten(1) @ columns

    def real(self, x: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
        """Over all channels."""
        return F.conv2d(x, weight, stride=stride, padding=padding)

    def real_spread(self, x: Tensor, weight: Tensor, up: Pair) -> Tensor:
        """Over all channels."""
        return F.conv_transpose2d(x, weight.flip(-1, -2).transpose(0, 1), stride=up)
