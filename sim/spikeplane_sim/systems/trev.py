"""T-RevSNN: no membranes at all. Sub-networks stand in the place of steps; each has four levels, whose values are the level's
blocks on what comes from below and above, plus its own values of the sub-network before times a factor a channel."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

import snntorch
import torch
from torch import Tensor, nn

from spikeplane.encoding import Encoding
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.system import System

CHANNELS, NETWORKS, LEVELS = 8, 2, 4
ALPHA = 0.5


def rounded() -> nn.Module:
    """A value clipped to 0..1 and rounded, halves to even: 1 above 0.5. Neurons that keep nothing."""
    return snntorch.Leaky(beta=0.0, threshold=0.5, reset_mechanism="none", init_hidden=True)


def sampled(size: int, stride: int) -> nn.Sequential:
    """Spikes of the values of another level, a convolution, batch-norm."""
    conv = nn.Conv2d(CHANNELS, CHANNELS, size, stride, size // 2, bias=False)
    return nn.Sequential(rounded(), conv, nn.BatchNorm2d(CHANNELS))


def standardised(conv: nn.Conv2d) -> nn.Conv2d:
    """Weights of mean 0 and of variance 1 / fan-in, as the published layers make theirs in every forward."""
    with torch.no_grad():
        weight, inputs = conv.weight, conv.weight[0].numel()
        weight.sub_(weight.mean((1, 2, 3), keepdim=True))
        weight.div_(weight.std((1, 2, 3), keepdim=True, correction=0) * inputs**0.5)
    return conv


class Block(nn.Module):
    """x + factor * depthwise(1x1(spikes(1x1(depthwise(spikes(x)))))): no neurons between a depthwise and a 1x1
    convolution."""

    def __init__(self, scaled: bool) -> None:
        super().__init__()
        c, hidden = CHANNELS, 4 * CHANNELS
        self.spikes1, self.deep1 = rounded(), nn.Conv2d(c, c, 3, padding=1, groups=c)
        self.point1, self.spikes2 = nn.Conv2d(c, hidden, 1), rounded()
        with torch.no_grad():
            self.point1.weight.mul_(4.0)  # as standardised weights: neurons behind them fire
        self.point2, self.deep2 = nn.Conv2d(hidden, c, 1), nn.Conv2d(c, c, 3, padding=1, groups=c)
        self.factor = nn.Parameter(torch.full((1, c, 1, 1), 0.7)) if scaled else None

    def forward(self, x: Tensor) -> Tensor:
        """Values."""
        y = self.deep2(self.point2(self.spikes2(self.point1(self.deep1(self.spikes1(x))))))
        return x + (y if self.factor is None else y * self.factor)


class Level(nn.Module):
    """What comes from the level below (halved, of levels 1 and 2), and behind the first sub-network from the one above
    (doubled, into levels 0 and 1); two blocks."""

    def __init__(self, level: int, first: bool) -> None:
        super().__init__()
        self.below = nn.Identity() if level == 0 else sampled(3, 2) if level < 3 else sampled(1, 1)
        self.above: nn.Module | None = None
        if not first and level < 3:
            up = [nn.Upsample(scale_factor=2)] if level < 2 else []
            self.above = nn.Sequential(sampled(1, 1), *up)
        self.blocks = nn.Sequential(Block(True), Block(False))

    def forward(self, below: Tensor, above: Tensor) -> Tensor:
        """Values of the level."""
        x = self.below(below)
        return self.blocks(x if self.above is None else x + self.above(above))


class Reversible(nn.Module):
    """Images (N, 3, H, W) -> scores (N, 10), in one step."""

    def __init__(self, networks: int) -> None:
        super().__init__()
        c = CHANNELS
        # nothing between them: the published leaky_relu has slope 1
        self.stem = nn.Sequential(
            standardised(nn.Conv2d(3, c, 7, 2, 3)), standardised(nn.Conv2d(c, c, 3, 2, 1))
        )
        self.levels = nn.ModuleList(
            nn.ModuleList(Level(level, number == 0) for level in range(LEVELS)) for number in range(networks)
        )
        self.alpha = nn.ParameterList(torch.full((1, c, 1, 1), ALPHA) for _ in range((networks - 1) * LEVELS))
        self.spikes, self.head = rounded(), nn.Linear(c, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Scores."""
        x = self.stem(x)
        values = [x] * LEVELS
        for number, levels in enumerate(self.levels):
            for level, made in enumerate(levels):  # type: ignore[arg-type]
                new = made(x if level == 0 else values[level - 1], values[min(level + 1, LEVELS - 1)])
                kept = number and self.alpha[(number - 1) * LEVELS + level] * values[level]
                values[level] = new + kept if number else new
        return self.head(self.spikes(values[-1]).mean((2, 3)))


def model(size: int, seed: int, networks: int = NETWORKS) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    return calibrated(Reversible(networks), torch.rand(8, 3, size, size), seed)


SYSTEM = System(
    name="t-revsnn",
    title="T-RevSNN",
    paper="Hu et al., High-Performance Temporal Reversible Spiking Neural Networks, ICML 2024",
    shapes="32x32, stem of two convolutions to 8x8, 2 sub-networks of 4 levels, 8 channels each, one step",
    model=model,
    encoding=Encoding(kind="direct", steps=1),
    size=32,
    multiple=16,
    agreement=98.5,
    low_planes=True,
    assumed=(
        "two sub-networks, not four, whose projections and probes are more than the 256 tags of a chip",
        "weights of the last 1x1 and depthwise convolutions are not shared between sub-networks",
    ),
    published="github:BICLab/T-RevSNN, models/spike_rev_reuse.py",
)
