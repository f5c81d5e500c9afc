"""A dummy kind of projection, as somebody would add it: what the network asks of it, and its golden rule.

A convolution in groups of channels, weight (Cout, Cin / groups, KH, KW), which the chip walks as a dense one.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from spikeplane.network.projections.dense import Dense
from spikeplane_sim.golden.projections.rule import Pair, Rule


def whole(weight: np.ndarray, source: int) -> np.ndarray:
    """The same synapses as a dense weight (Cout, source, KH, KW), 0 between groups."""
    out, own = weight.shape[:2]
    found = np.zeros((out, source, *weight.shape[2:]), dtype=weight.dtype)
    for target in range(out):
        first = target // (out * own // source) * own
        found[target, first : first + own] = weight[target]
    return found


class Grouped(Dense):
    """The file of `spikeplane.network.projections`."""

    tag = "grouped"
    stored = "kind", "grouped"
    said = ", group by group"

    def connects(self, channels: tuple[int, ...], source: int, target: int) -> bool:
        """Groups of equal size on both sides."""
        return channels[0] == target and source % channels[1] == 0 and target % (source // channels[1]) == 0

    def linked(self, weight: np.ndarray, source: int) -> np.ndarray | None:
        """As the dense weight is."""
        return super().linked(whole(weight, source), source)

    def ordered(self, weight: np.ndarray, source: int, lanes: int, first: int, groups: int) -> np.ndarray:
        """As the dense weight is."""
        return super().ordered(whole(weight, source), source, lanes, first, groups)

    def products(self, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """A matrix product a group."""
        count = values.shape[2] // weight.shape[1]
        pairs = zip(np.split(values, count, 2), np.split(weight, count), strict=True)
        return np.concatenate([own @ part.T for own, part in pairs], 2)


class GroupedRule(Rule):
    """The file of `spikeplane_sim.golden.projections`."""

    def direct(self, x: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
        """A convolution in groups."""
        groups = x.shape[1] // weight.shape[1]
        return conv2d(x, weight, stride=stride, padding=padding, groups=groups)

    def explicit(self, columns: Tensor, weight: Tensor) -> Tensor:
        """A matrix product a group."""
        count = columns.shape[1] // weight[0].numel()
        parts = zip(weight.flatten(1).chunk(count), columns.chunk(count, 1), strict=True)
        return torch.cat([part @ own for part, own in parts], 1)

    def real(self, x: Tensor, weight: Tensor, stride: Pair, padding: Pair) -> Tensor:
        """A convolution in groups."""
        return self.direct(x, weight, stride, padding)

    def real_spread(self, x: Tensor, weight: Tensor, up: Pair) -> Tensor:
        """A transposed convolution in groups."""
        count = x.shape[1] // weight.shape[1]
        kernel = torch.cat([part.flip(-1, -2).transpose(0, 1) for part in weight.chunk(count)])
        return conv_transpose2d(x, kernel, stride=up, groups=count)
