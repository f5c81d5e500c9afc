"""One projection of the golden model: exact sums over its source's pixels.

A float convolution is used only where every partial sum is exact in it (2^24 in float32, 2^53 in float64). PyTorch's CPU
convolution is direct (a test holds it against explicit products at the largest sums). On CUDA, where libraries may choose
transforms that round and users may let float32 be cut to ten bits, the product is explicit and in float64; sums beyond that
are made on the CPU, because there are no products of int64 on CUDA.
"""

import numpy as np
import torch
import torch.nn.functional as F

from spikeplane.network import Network, Projection
from spikeplane_sim.golden.projections import RULES
from spikeplane_sim.golden.reach import bound_of

Tensor = torch.Tensor


class Synapses:
    """One projection as an exact convolution of source pixels: (N, C, H, W) -> (N, Cout, H', W')."""

    def __init__(
        self,
        projection: Projection,
        network: Network,
        membrane_bits: int,
        wide: torch.dtype,
        device: torch.device,
    ) -> None:
        self.projection, self.wide = projection, wide
        self.shape = network.population(projection.target).current_shape
        bound, rank = (
            bound_of(projection, network.population(projection.source), membrane_bits),
            projection.kind.rank,
        )
        narrow = torch.float32 if device.type == "cpu" else torch.float64
        self.dtype = narrow if bound <= 1 << 24 else torch.float64 if bound <= 1 << 53 else torch.int64
        device = device if self.dtype.is_floating_point else torch.device("cpu")
        integers = np.asarray(projection.weight, dtype=np.int64) << projection.pre_shift
        #: by step; one for all where they have no axis of steps
        self.weights = list(
            torch.as_tensor(integers, device=device).to(self.dtype).reshape(-1, *integers.shape[-rank:])
        )
        self.rule = RULES[projection.kind.tag]

    def __call__(self, source: Tensor, step: int = 0) -> Tensor:
        p, weight = self.projection, self.weights[step if len(self.weights) > 1 else 0]
        x, padding = pooled(source, p.pool).to(self.dtype), p.padding
        if p.up != (1, 1):
            x, padding = spread(x, p, self.shape[1:]), (0, 0)
        if source.device.type != "cpu" and x.is_floating_point():
            return self._explicit(x, weight, padding)
        return self.rule.direct(x.to(weight.device), weight, p.stride, padding).to(source.device, self.wide)

    def _explicit(self, x: Tensor, weight: Tensor, padding: tuple[int, int]) -> Tensor:
        """The same by unfolding and a matrix product."""
        p, kernel = self.projection, (weight.shape[-2], weight.shape[-1])
        columns = F.unfold(x, kernel, padding=padding, stride=p.stride)
        return self.rule.explicit(columns, weight).view(len(x), -1, *self.shape[1:]).to(self.wide)


def pooled(source: Tensor, pool: tuple[int, int]) -> Tensor:
    """Sums over pool[0] x pool[1] blocks of pixels; incomplete blocks at the far edges count too."""
    if pool == (1, 1):
        return source
    height, width = source.shape[-2:]
    padded = F.pad(source, (0, -width % pool[1], 0, -height % pool[0]))
    return padded.unfold(2, pool[0], pool[0]).unfold(3, pool[1], pool[1]).sum((-1, -2))


def spread(x: Tensor, p: Projection, out: tuple[int, ...]) -> Tensor:
    """The plane that a kernel without padding makes `out` pixels of: a pixel (y, x) at (y * uy + py, x * ux + px),
    0 elsewhere."""
    size = [(n - 1) * s + k for n, s, k in zip(out, p.stride, p.weight.shape[-2:], strict=True)]
    plane = x.new_zeros((*x.shape[:2], *size))
    places = plane[:, :, p.padding[0] :: p.up[0], p.padding[1] :: p.up[1]]
    height, width = (min(pair) for pair in zip(places.shape[2:], x.shape[2:], strict=True))
    places[:, :, :height, :width] = x[:, :, :height, :width]
    return plane
