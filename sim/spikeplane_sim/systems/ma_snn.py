"""MA-SNN: attention over channels and pixels on the values in front of neurons. For images a residual network of one step;
for events convolutions whose attention is over all steps of a sample."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

import snntorch
import torch
from torch import Tensor, nn

from spikeplane.encoding import Encoding
from spikeplane_sim.systems.attended import Attended, Channels, Connected, Convolved, Pixels, Steps
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.system import System
from spikeplane_sim.systems.ta_snn import events as of_events

CHANNELS, STEPS = 16, 8


def fires() -> nn.Module:
    """In one step: 1 above 0.5."""
    return snntorch.Leaky(beta=0.0, threshold=0.5, reset_mechanism="none", init_hidden=True)


class Block(nn.Module):
    """Neurons, convolution, batch-norm, twice, channel and pixel attention; beside it the mean of 2x2 pixels, a 1x1
    convolution and batch-norm where the block halves the pixels."""

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            fires(), nn.Conv2d(into, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out),
            fires(), nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out),
        )  # fmt: skip
        self.attention = Attended(Channels(out, 8), Pixels())
        self.past = nn.Sequential(
            nn.AvgPool2d(2), nn.Conv2d(into, out, 1, bias=False), nn.BatchNorm2d(out)
        ) if stride > 1 else nn.Identity()  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Values."""
        return self.attention(self.layers(x).unsqueeze(1)).squeeze(1) + self.past(x)


class Residual(nn.Module):
    """Images (N, 3, H, W) -> scores (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        c = CHANNELS
        self.stem = nn.Sequential(nn.Conv2d(3, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c))
        self.blocks = nn.Sequential(Block(c, c, 2), Block(c, c, 1))
        self.spikes, self.head = fires(), nn.Linear(c, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Scores."""
        return self.head(self.spikes(self.blocks(self.stem(x))).mean((2, 3)))


def images(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    return calibrated(Residual(), torch.rand(8, 3, size, size), seed)


class Events(nn.Module):
    """Convolutions with attention over steps, channels and pixels, two fully connected layers; (N, T, 2, H, W) -> (N, 10)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        whole = Attended(Steps(STEPS, 4), Channels(CHANNELS, 8), Pixels())
        self.convs = nn.Sequential(
            Convolved(2, CHANNELS, 2, whole), Convolved(CHANNELS, CHANNELS, 2, Attended(Channels(CHANNELS, 8), Pixels()))
        )  # fmt: skip
        self.rows = nn.Sequential(
            Connected(CHANNELS * (size // 4) ** 2, 32, Attended(Steps(STEPS, 4))), Connected(32, 10)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Mean over the steps."""
        return self.rows(self.convs(x)).mean(1)


def events(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    return of_events(Events(size), size, seed)


SYSTEMS = (
    System(
        name="ma-snn",
        title="MA-SNN, images",
        paper="Yao et al., Attention Spiking Neural Networks, IEEE TPAMI 2023",
        shapes="16x16, a stem and two residual blocks 16x8x8 with channel and pixel attention, one step",
        model=images,
        encoding=Encoding(kind="direct", steps=1),
        multiple=2,
        agreement=98.5,
        assumed=("two blocks and a stem of 3x3, not the published numbers",),
        gates=True,
        low_planes=True,
        published="github:BICLab/Attention-SNN, Att_Res_SNN/models/resnet_2.py",
    ),
    System(
        name="ma-snn-events",
        title="MA-SNN, events",
        paper="Yao et al., Attention Spiking Neural Networks, IEEE TPAMI 2023",
        shapes="events 16x16, convolutions 2-16-16, 32 and 10 neurons, attention over steps, channels and pixels, T 8",
        model=events,
        inputs=lambda size: (2, size, size),
        encoding=Encoding(kind="planes", steps=STEPS),
        multiple=4,
        agreement=98.5,
        assumed=(
            "T 8 and layers of 16 channels, not T 60 and 64 and 128 channels; attention narrows by 4 and 8, not by 16",
            "all three kinds of attention in front of the first neurons, channels and pixels in front of the second, steps of rows",
        ),
        gates=True,
        low_planes=True,
        membrane_bits=24,  # three gates in a row: with 20 bits 95.4 % agree, with 24 bits 99.0
        published="github:BICLab/Attention-SNN, MA_SNN/module/LIF_Module.py",
    ),
)
