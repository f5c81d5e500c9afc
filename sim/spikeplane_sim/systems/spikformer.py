"""Spikformer's patch splitting: four times convolution, batch-norm, neurons and a maximum of spikes, then relative positions
whose spikes are added: tokens are counts 0..2. Its attention multiplies spikes that both move, which is not there yet."""

import torch
from torch import Tensor, nn

from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.cml import SpikeMlp
from spikeplane_sim.systems.layers import DIRECT, Classifier, conv_norm, lif, maximum
from spikeplane_sim.systems.system import System

WIDTHS = (4, 8, 16, 32)


class PatchSplitting(nn.Module):
    """(T, N, 3, H, W) -> counts (T, N, 32, H / 4, W / 4): the maximum behind the last two."""

    def __init__(self) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for into, out, pooled in zip((3, *WIDTHS), WIDTHS, (False, False, True, True), strict=False):
            steps += [conv_norm(into, out), lif(), *([maximum()] if pooled else [])]
        self.steps = nn.Sequential(*steps)
        self.position = nn.Sequential(conv_norm(WIDTHS[-1], WIDTHS[-1]), lif())

    def forward(self, x: Tensor) -> Tensor:
        """Tokens."""
        x = self.steps(x)
        return x + self.position(x)


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    channels = WIDTHS[-1]
    net = Classifier(nn.Sequential(PatchSplitting(), SpikeMlp(channels, 2 * channels)), channels)
    return calibrated(net, torch.rand(8, 3, size, size), seed)


SYSTEM = System(
    name="spikformer-stem",
    title="Spikformer, its stem and MLP",
    paper="Zhou et al., Spikformer: When Spiking Neural Network Meets Transformer, ICLR 2023",
    shapes="16x16, channels 3-4-8-16-32, an MLP of 64, LIF tau 2, T 4",
    model=model,
    encoding=DIRECT,
    assumed=("two of the four maxima, as for small images", "attention is left out"),
    published="github:ZK-Zhou/spikformer, cifar10/model.py",
    part=True,
)
