"""SpikeYOLO: neurons in front of the weights send integer spikes, shortcuts add values, maxima of values on top of one
another make a pyramid; the head's convolutions end the network, and boxes are the host's."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

from functools import partial

import torch
from spikingjelly.activation_based import layer
from torch import Tensor, nn

from spikeplane.encoding import Encoding
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import conv, conv_norm, maximum, norm, repeated
from spikeplane_sim.systems.system import System

CHANNELS, CLASSES, BINS = 16, 4, 4
TOP, DECAY = 4, 0.25


class IntegerLIF(nn.Module):
    """A quarter of what is left of the membrane, and x; the spike is its nearest whole number, halves to even, from 0 to 4,
    and is taken away. Tensors (T, N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """Integer spikes."""
        left, sent = torch.zeros_like(x[0]), []
        for step in x:
            v = left * DECAY + step
            sent.append(torch.round(torch.clamp(v, 0, TOP)))
            left = v - sent[-1]
        return torch.stack(sent)


def spiking(into: int, out: int, size: int = 1, stride: int = 1, **more: int) -> nn.Sequential:
    """Spikes of values, a convolution, batch-norm: values."""
    return nn.Sequential(IntegerLIF(), conv_norm(into, out, size, stride, **more))


def merged(into: int, out: int) -> nn.Sequential:
    """1x1, batch-norm whose value of 0 is the padding, depthwise 3x3, 1x1, batch-norm, nothing that spikes between: one
    convolution once it is trained."""
    pad = layer.SeqToANNContainer(nn.ZeroPad2d(1))
    return nn.Sequential(
        conv(into, into, 1), pad, norm(into), conv(into, into, 3, groups=into, padding=0), conv(into, out, 1), norm(out)
    )  # fmt: skip


class Separable(nn.Module):
    """x + three layers: 1x1 to twice the channels, depthwise 7x7, 1x1 back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = 2 * channels
        self.layers = nn.Sequential(
            spiking(channels, wide), spiking(wide, wide, 7, groups=wide), spiking(wide, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Values."""
        return self.layers(x) + x


class Block(nn.Module):
    """A separable part, and x + two convolutions of 3x3; `merge`: as layers that become convolutions."""

    def __init__(self, channels: int, merge: bool) -> None:
        super().__init__()
        wide = 2 * channels
        self.separable = Separable(channels)
        if merge:
            parts = [
                IntegerLIF(),
                merged(channels, wide),
                norm(wide),
                IntegerLIF(),
                merged(wide, channels),
                norm(channels),
            ]
        else:
            parts = [spiking(channels, wide, 3), spiking(wide, channels, 3)]
        self.layers = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        """Values."""
        x = self.separable(x)
        return self.layers(x) + x


class Pyramid(nn.Module):
    """Half of the channels, their maxima over 5x5 pixels, of those again and once more, side by side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.narrow, self.wide = spiking(channels, half), spiking(4 * half, channels)
        self.pools = nn.ModuleList(maximum(5, 1, 2) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """Values."""
        found = [self.narrow(x)]
        for pool in self.pools:
            found.append(pool(found[-1]))
        return self.wide(torch.cat(found, 2))


class Head(nn.Module):
    """Of each pixel the bins of four distances, and the scores of classes: convolutions of their own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            nn.Sequential(spiking(channels, CHANNELS, 3), IntegerLIF(), conv(CHANNELS, out, 1, bias=True))
            for out in (4 * BINS, CLASSES)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(T, N, 4 * BINS + CLASSES, H, W)."""
        return torch.cat([part(x) for part in self.parts], 2)


class Detector(nn.Module):
    """Images (N, 3, H, W) -> (N, 4 * BINS + CLASSES, H / 4, W / 4)."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps, c = steps, CHANNELS
        self.stem = nn.Sequential(conv(3, c, 7, 4, bias=True, padding=2), norm(c))
        self.whole, self.separable = Block(c, merge=False), Block(c, merge=True)
        self.down, self.pyramid = spiking(c, c, 3, 2), Pyramid(c)
        self.up, self.head = layer.Upsample(scale_factor=2, step_mode="m"), Head(2 * c)

    def forward(self, x: Tensor) -> Tensor:
        """Mean over the steps."""
        fine = self.separable(self.whole(self.stem(repeated(x, self.steps))))
        coarse = self.pyramid(self.down(fine))
        return self.head(torch.cat((self.up(coarse), fine), 2)).mean(0)


def model(size: int, seed: int, steps: int = 1) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    return calibrated(Detector(steps), torch.rand(8, 3, size, size), seed)


def _system(steps: int) -> System:
    return System(
        name="spikeyolo" if steps == 1 else f"spikeyolo-{steps}",
        title="SpikeYOLO" if steps == 1 else f"SpikeYOLO, {steps} steps",
        paper="Luo et al., Integer-Valued Training and Spike-Driven Inference Spiking Neural Network for High-performance and "
        "Energy-efficient Object Detection, ECCV 2024",
        shapes=f"32x32, stem 7x7 stride 4, two blocks 8x8x16, pyramid 4x4x16, upsampling, head of 4 classes, T {steps}",
        model=partial(model, steps=steps),
        encoding=Encoding(kind="direct", steps=steps),
        size=32,
        multiple=8,
        # a membrane carries what rounding changed in one step into the next: measured 98.3, less half a percent
        agreement=99.0 if steps == 1 else 97.8,
        levels=True,
        low_planes=True,
        assumed=("one scale, four bins a distance and two blocks, not the published numbers",),
        published="github:BICLab/SpikeYOLO, ultralytics/nn/modules/yolo_spikformer.py",
    )


SYSTEMS = (_system(1), _system(4))
