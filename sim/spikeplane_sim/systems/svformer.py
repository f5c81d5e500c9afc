"""SVFormer, for frames of a video: batch-norms of each step's own, neurons whose decay was trained, blocks of convolutions and
of attention around a stream of values, a path of local features beside them, and a convolution over all steps as readout."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

from functools import partial

import torch
from spikingjelly.activation_based import layer, neuron
from torch import Tensor, nn

from spikeplane.encoding import Encoding
from spikeplane_sim.systems.attention import rates
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import conv
from spikeplane_sim.systems.system import System

CHANNELS, HEADS, CLASSES = 32, 4, 10
_SPREAD = 0.3  #: of decays around 1/2, before the sigmoid


def decaying() -> nn.Module:
    """u + d (x - u) with a trained d, fires at >= 1, reset to 0."""
    made = neuron.ParametricLIFNode(detach_reset=True, step_mode="m")
    nn.init.normal_(made.w, 0.0, _SPREAD)
    return made


class StepNorm(nn.Module):
    """A batch-norm of channels, with statistics of each step's own."""

    def __init__(self, channels: int, steps: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(steps * channels)

    def forward(self, x: Tensor) -> Tensor:
        """(T, N, C, H, W)."""
        every = x.transpose(0, 1).flatten(1, 2)
        return self.norm(every).unflatten(1, (x.shape[0], x.shape[2])).transpose(0, 1)


class Local(nn.Module):
    """Adds to the values 1x1, depthwise 5x5 and 1x1 convolutions of their spikes, with biases and nothing in between."""

    def __init__(self, channels: int, steps: int) -> None:
        super().__init__()
        self.spikes, self.norm = decaying(), StepNorm(channels, steps)
        self.mixed = nn.Sequential(
            conv(channels, channels, 1, bias=True),
            conv(channels, channels, 5, groups=channels, bias=True),
            conv(channels, channels, 1, bias=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Values (T, N, C, H, W)."""
        return x + self.norm(self.mixed(self.spikes(x)))


class Global(nn.Module):
    """Adds to the values a 1x1 convolution of what attention makes of their spikes: Q (K^T V) / sqrt(channels of a head)."""

    def __init__(self, channels: int, heads: int, steps: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, (channels // heads) ** -0.5
        self.spikes, self.attended = decaying(), decaying()
        self.query, self.key, self.value = (
            nn.Sequential(conv(channels, channels, 1, bias=True), StepNorm(channels, steps), decaying())
            for _ in range(3)
        )
        self.project, self.norm = conv(channels, channels, 1, bias=True), StepNorm(channels, steps)

    def forward(self, x: Tensor) -> Tensor:
        """Values (T, N, C, H, W)."""
        spikes = self.spikes(x)
        query, key, value = (self.tokens(made(spikes)) for made in (self.query, self.key, self.value))
        found = query @ (key.transpose(-2, -1) @ value) * self.scale
        return x + self.norm(self.project(self.attended(found.transpose(3, 4).reshape(x.shape))))

    def tokens(self, x: Tensor) -> Tensor:
        """(T, N, C, H, W) -> (T, N, heads, tokens, channels of a head)."""
        return x.flatten(3).unflatten(2, (self.heads, -1)).transpose(3, 4)


class Mlp(nn.Module):
    """Adds to the values what two 1x1 convolutions make of their spikes."""

    def __init__(self, channels: int, hidden: int, steps: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            decaying(), conv(channels, hidden, 1, bias=True), StepNorm(hidden, steps),
            decaying(), conv(hidden, channels, 1, bias=True), StepNorm(channels, steps),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """Values (T, N, C, H, W)."""
        return x + self.layers(x)


class SVFormer(nn.Module):
    """A stem, a block of convolutions, one of attention, patches of 2x2; past both the local path; the readout of all."""

    def __init__(self, size: int, steps: int) -> None:
        super().__init__()
        channels = CHANNELS
        self.stem = nn.Sequential(
            layer.Conv2d(3, channels, 6, 4, 1, step_mode="m"), StepNorm(channels, steps)
        )
        self.convolved = nn.Sequential(Local(channels, steps), Mlp(channels, 2 * channels, steps))
        self.past = nn.Sequential(
            decaying(), conv(channels, channels, 3, 2, groups=channels, bias=True),
            conv(channels, channels, 1, bias=True), StepNorm(channels, steps),
        )  # fmt: skip
        self.attended = nn.Sequential(Global(channels, HEADS, steps), Mlp(channels, 2 * channels, steps))
        self.patches = nn.Sequential(
            decaying(), layer.Conv2d(channels, channels, 4, 2, 1, step_mode="m"), StepNorm(channels, steps)
        )
        both, pixels = 2 * channels, size // 8
        self.spikes = decaying()
        self.readout = nn.Conv3d(both, both, (steps, pixels, pixels), groups=channels)
        self.norm, self.head = nn.BatchNorm3d(both), nn.Linear(both, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Frames (N, 3, T, H, W) to (N, classes)."""
        x = self.convolved(self.stem(x.permute(2, 0, 1, 3, 4)))
        both = torch.cat((self.past(x), self.patches(self.attended(x))), 2)
        found = self.norm(self.readout(self.spikes(both).permute(1, 2, 0, 3, 4)))
        return self.head(found.flatten(1))


def model(steps: int, size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    net = SVFormer(size, steps)
    return calibrated(net, torch.rand(8, 3, steps, size, size), seed, rare=rates(net, (size // 4) ** 2))


def of_steps(steps: int) -> System:
    """The system on so many frames."""
    return System(
        name="svformer" if steps == 4 else f"svformer-{steps}",
        title="SVFormer" if steps == 4 else f"SVFormer, {steps} frames",
        paper="Yu et al., SVFormer: a direct training spiking transformer for video action recognition, 2024",
        shapes="frames 32x32, blocks of convolutions and of attention 8x8x32, 4 heads, MLPs of 64, batch-norms of each "
        f"step's own, trained decays, a readout over all steps, T {steps}",
        model=partial(model, steps),
        encoding=Encoding(kind="frames", steps=steps, unit=1 / 255),
        size=32,
        least=8,
        multiple=8,
        agreement=98.5,
        assumed=(
            "a block of each kind, of the same channels",
            "MLPs are twice as wide, not four times",
        ),
        published="github:yult0821/SVFormer, slowfast/models/uniformer2d_psnn_try.py",
        attention=True,
    )


SYSTEM = of_steps(4)
