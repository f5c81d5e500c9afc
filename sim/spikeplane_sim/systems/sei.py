"""SEI-BWSNN: a transformer's feed-forward block whose weights are +1 and -1 times a step a channel, with a shortcut around
each of its layers."""

import torch
from torch import Tensor, nn

from spikeplane.encoding import Encoding
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import conv_norm, lif, repeated
from spikeplane_sim.systems.system import System

CHANNELS, HIDDEN, STEPS = 32, 128, 2


class FeedForward(nn.Module):
    """Tokens (N, 32, H, W) as images of spikes' currents: x + BN(W2 spikes(BN(W1 spikes(x)))), then neurons, a head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv_norm(3, CHANNELS, 1)
        self.spikes, self.wide = lif(), conv_norm(CHANNELS, HIDDEN, 1)
        self.inside, self.narrow = lif(), conv_norm(HIDDEN, CHANNELS, 1)
        self.out, self.head = lif(), nn.Linear(CHANNELS, 10, bias=False)
        self.last = lif()

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, 3, H, W) -> rates (N, 10)."""
        x = self.stem(repeated(x, STEPS))
        x = x + self.narrow(self.inside(self.wide(self.spikes(x))))
        return self.last(self.head(self.out(x).flatten(3).mean(3))).mean(0)


def signed(net: nn.Module) -> None:
    """Weights +1 and -1 times their layer's mean size a channel."""
    with torch.no_grad():
        for part in net.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                step = part.weight.abs().flatten(1).mean(1).reshape(-1, *[1] * (part.weight.ndim - 1))
                part.weight.copy_(torch.where(part.weight < 0, -1.0, 1.0) * step)


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    net = FeedForward()
    signed(net)
    with torch.no_grad():  # scores that make the last neurons fire
        net.head.weight.abs_().mul_(torch.where(torch.rand_like(net.head.weight) < 0.3, -1.0, 1.0)).mul_(4)
    return calibrated(net, torch.rand(8, 3, size, size), seed)


SYSTEM = System(
    name="sei",
    title="SEI binary-weight SNN",
    paper="Meng et al., A Self-Ensemble Inspired Approach for Effective Training of Binary-Weight Spiking Neural Networks, "
    "arXiv 2508.12609 (2025)",
    shapes="64 tokens of 32 channels, 32-128-32, a shortcut of values, 1-bit weights, LIF tau 2, T 2",
    model=model,
    encoding=Encoding(kind="direct", steps=STEPS),
    size=8,
    weight_bits=1,
    assumed=(
        "read from the abstract only: the published method trains, inference is a transformer whose feed-forward weights have 1 bit",
        "stem and head have weights of 1 bit too, because a chip has one width",
    ),
)
