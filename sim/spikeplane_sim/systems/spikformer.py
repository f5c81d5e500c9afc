"""Spikformer's patch splitting: four times convolution, batch-norm, neurons and a maximum of spikes, then relative positions
whose spikes are added: tokens are counts 0..2. Then a block of self-attention and an MLP, each of which adds spikes."""

import torch
from torch import Tensor, nn

from spikeplane_sim.systems.attention import SpikeAttention, rates
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.cml import SpikeMlp
from spikeplane_sim.systems.layers import DIRECT, Classifier, conv_norm, lif, maximum
from spikeplane_sim.systems.system import System

WIDTHS, HEADS = (4, 8, 16, 32), 4


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


def stem(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    channels = WIDTHS[-1]
    net = Classifier(nn.Sequential(PatchSplitting(), SpikeMlp(channels, 2 * channels)), channels)
    return calibrated(net, torch.rand(8, 3, size, size), seed)


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    channels = WIDTHS[-1]
    body = nn.Sequential(PatchSplitting(), SpikeAttention(channels, HEADS), SpikeMlp(channels, 2 * channels))
    rare = rates(body, (size // 4) ** 2)
    return calibrated(Classifier(body, channels), torch.rand(8, 3, size, size), seed, rare=rare)


_STEM = System(
    name="spikformer-stem",
    title="Spikformer, its stem and MLP",
    paper="Zhou et al., Spikformer: When Spiking Neural Network Meets Transformer, ICLR 2023",
    shapes="16x16, channels 3-4-8-16-32, an MLP of 64, LIF tau 2, T 4",
    model=stem,
    encoding=DIRECT,
    assumed=("two of the four maxima, as for small images", "attention is left out"),
    published="github:ZK-Zhou/spikformer, cifar10/model.py",
    part=True,
)
_BLOCK = System(
    name="spikformer",
    title="Spikformer",
    paper=_STEM.paper,
    shapes="32x32, its stem, a block of 64 tokens of 32 channels, 4 heads, an MLP of 64, LIF tau 2, T 4",
    model=model,
    encoding=DIRECT,
    size=32,
    multiple=4,
    agreement=99.3,
    assumed=("two of the four maxima, as for small images", "the MLP is twice as wide, not four times"),
    published=_STEM.published,
    attention=True,
)
SYSTEMS = (_STEM, _BLOCK)
