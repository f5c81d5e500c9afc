"""Source channel c drives target channel c alone: weight (C, KH, KW)."""

import torch.nn.functional as F
from torch import Tensor

from spikeplane_sim.golden.projections.rule import Pair, Rule


class Aligned(Rule):
    """A convolution in as many groups as there are channels."""

    def direct(self, x: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
        """Each channel by itself."""
        return F.conv2d(x, weight[:, None], stride=stride, padding=padding, groups=len(weight))

    def explicit(self, columns: Tensor, weight: Tensor) -> Tensor:
        """A sum over the kernel of each channel."""
        own = columns.view(len(columns), len(weight), weight[0].numel(), -1)
        return (own * weight.flatten(1)[:, :, None]).sum(2)

    def real(self, x: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
        """Each channel by itself."""
        return F.conv2d(x, weight[:, None], stride=stride, padding=padding, groups=len(weight))

    def real_spread(self, x: Tensor, weight: Tensor, up: Pair) -> Tensor:
        """Each channel by itself."""
        return F.conv_transpose2d(x, weight.flip(-1, -2)[:, None], stride=up, groups=len(weight))
