"""ASA-SNN: the channels and steps of a sample with the largest scores tell what is important of it from the rest, and a gate
of each pixel weighs either."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

import torch
from torch import Tensor, nn

from spikeplane.encoding import Encoding
from spikeplane_sim.systems.attended import Connected, Convolved
from spikeplane_sim.systems.system import System
from spikeplane_sim.systems.ta_snn import events as of_events

STEPS, CHANNELS, CLASSES = 8, 8, 10
SHARE = 0.5  #: of the channels, and of the steps, that a mask has


def of_the_largest(scores: Tensor, dim: int) -> Tensor:
    """1 where a score is among the largest along a dimension, as many as are its share; 0 elsewhere."""
    count = int(scores.shape[dim] * SHARE)
    return torch.zeros_like(scores).scatter(dim, torch.topk(scores, count, dim).indices, 1.0)


class Scores(nn.Module):
    """(N, T, C, H, W) -> a score of each step and channel (N, T, C): a layer over the steps, of weighted means and maxima over
    the pixels."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.mean, self.largest = nn.AdaptiveAvgPool3d((None, 1, 1)), nn.AdaptiveMaxPool3d((None, 1, 1))
        self.of_mean, self.of_largest = nn.Parameter(torch.tensor(0.5)), nn.Parameter(torch.tensor(0.5))
        self.layer = nn.Linear(steps, steps, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        mean, largest = self.mean(x), self.largest(x)
        both = (0.5 + self.of_mean) * mean + (0.5 + self.of_largest) * largest
        return self.layer(both.flatten(2).transpose(1, 2)).transpose(1, 2)


class Weighed(nn.Module):
    """Values (N, T, C, H, W) of a part of the steps and channels, 0 elsewhere, times a gate of each pixel that a convolution
    makes of their mean and maximum. share: how large the part is."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share, self.conv = share, nn.Conv2d(2, 1, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Values."""
        y = x.flatten(1, 2)
        both = torch.cat((y.mean(1, keepdim=True) / self.share, y.amax(1, keepdim=True)), 1)
        return (torch.sigmoid(self.conv(both)) * y).unflatten(1, x.shape[1:3])


class Apart(nn.Module):
    """Important is what one of the two masks has, and not the other."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.scores = Scores(steps)
        self.important, self.rest = Weighed(SHARE), Weighed(1 - SHARE)

    def forward(self, x: Tensor) -> Tensor:
        """Values (N, T, C, H, W)."""
        scores = self.scores(x)
        both = (of_the_largest(scores, 2) + of_the_largest(scores, 1)) / 2
        mask = torch.where(both == 0.5, 1.0, 0.0)[..., None, None]
        return self.important(mask * x) + self.rest((1.0 - mask) * x)


class Events(nn.Module):
    """Two convolutions with attention, two fully connected layers; (N, T, 2, H, W) -> rates (N, 10)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        sizes = ((2, CHANNELS), (CHANNELS, CHANNELS))
        self.convs = nn.Sequential(*(Convolved(i, o, 2, Apart(STEPS), 0.0) for i, o in sizes))
        self.rows = nn.Sequential(
            Connected(CHANNELS * (size // 4) ** 2, 32, reset=0.0), Connected(32, CLASSES, reset=0.0)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Mean over the steps."""
        return self.rows(self.convs(x)).mean(1)


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    return of_events(Events(size), size, seed)


SYSTEM = System(
    name="asa-snn",
    title="ASA-SNN",
    paper="Yao et al., Inherent Redundancy in Spiking Neural Networks, ICCV 2023",
    shapes="events 16x16, convolutions 2-8-8 with masks of the 4 largest of 8 channels and the 4 largest of 8 steps, 32 and 10 "
    "neurons, T 8",
    model=model,
    inputs=lambda size: (2, size, size),
    encoding=Encoding(kind="planes", steps=STEPS),
    multiple=4,
    agreement=98.5,
    assumed=(
        "T 8, two convolutions of 8 channels, not T 60 and three of 64 and 128",
        "a sample's mask is its own; the published indexing gives each sample what any sample of its batch has in its mask",
        "of equal scores the first one goes first, which PyTorch leaves open",
    ),
    gates=True,
    low_planes=True,
    published="github:BICLab/ASA-SNN, models/module/Attn.py",
)
