"""Depth from the events of a camera: a U-Net of spikes whose shortcuts are values, and a depth of each pixel, summed up over
the steps; once more with attention over channels and pixels in its residual blocks."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

import torch
from spikingjelly.activation_based import layer
from torch import Tensor, nn

from spikeplane.encoding import Encoding
from spikeplane_sim.systems.attended import Channels, Pixels
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import conv, conv_norm, lif
from spikeplane_sim.systems.system import System, varied

CHANNELS, STEPS = 8, 4


class OfEachStep(nn.Module):
    """Values (T, N, C, H, W) times gates of channels and of pixels that are made of the same step."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gates = nn.ModuleList([Channels(channels, 4), Pixels()])

    def forward(self, x: Tensor) -> Tensor:
        """Values."""
        y = x.flatten(0, 1).unsqueeze(1)
        for gate in self.gates:
            y = gate(y) * y
        return y.squeeze(1).unflatten(0, x.shape[:2])


class Residual(nn.Module):
    """x + BN(conv(spikes(BN(conv(spikes(x)))))), at stride 2 past a 1x1 convolution, perhaps with attention in front of the sum:
    values (T, N, C, H, W)."""

    def __init__(self, into: int, out: int, stride: int = 1, *, gates: bool = False) -> None:
        super().__init__()
        self.first = nn.Sequential(lif(), conv_norm(into, out, 3, stride))
        self.second = nn.Sequential(lif(), conv_norm(out, out))
        self.attention = OfEachStep(out) if gates else nn.Identity()
        self.past = nn.Identity() if stride == 1 and into == out else conv_norm(into, out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Values."""
        return self.attention(self.second(self.first(x))) + self.past(x)


class Up(nn.Module):
    """Spikes of the coarse values, twice as many pixels, a convolution, beside the fine values that come past; a
    convolution of both."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.spikes, self.up = lif(), layer.Upsample(scale_factor=2, step_mode="m")
        self.wide = conv_norm(coarse, fine)
        self.join = nn.Sequential(lif(), conv_norm(2 * fine, fine))

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Values."""
        return self.join(torch.cat((self.wide(self.up(self.spikes(coarse))), fine), 2))


class Depth(nn.Module):
    """Events (N, T, 2, H, W) -> a depth of each pixel (N, 1, H, W): two levels down, two up."""

    def __init__(self, *, gates: bool = False) -> None:
        super().__init__()
        c = CHANNELS
        self.stem = conv_norm(2, c)
        sizes = ((c, c, 1), (c, 2 * c, 2), (2 * c, 2 * c, 2))
        self.down = nn.ModuleList([Residual(*size, gates=gates) for size in sizes])
        self.up = nn.ModuleList([Up(2 * c, 2 * c), Up(2 * c, c)])
        self.spikes, self.depth = lif(), conv(c, 1, 1, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """Mean over the steps."""
        found = [self.stem(x.transpose(0, 1))]
        for block in self.down:
            found.append(block(found[-1]))
        fine, half, y = found[1:]
        y = self.up[1](self.up[0](y, half), fine)
        return self.depth(self.spikes(y)).mean(0)


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    return _calibrated(Depth(), size, seed)


def model_with_gates(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    return _calibrated(Depth(gates=True), size, seed)


def _calibrated(made: nn.Module, size: int, seed: int) -> nn.Module:
    return calibrated(made, (torch.rand(8, STEPS, 2, size, size) < 0.3).float(), seed)


_SYSTEM = System(
    name="event-depth",
    title="Event-camera depth, a spiking U-Net",
    paper="a deep spiking U-Net with refined shortcuts and residual blocks, openreview.net, forum ENSWl8zf5M",
    shapes="events 16x16, levels of 16x16x8, 8x8x16 and 4x4x16, LIF tau 2, T 4",
    model=model,
    inputs=lambda size: (2, size, size),
    encoding=Encoding(kind="planes", steps=STEPS),
    multiple=4,
    agreement=98.0,
    assumed=(
        "read from the abstract only: a U-Net, residual blocks, events of several steps, a depth of each pixel",
        "its shortcuts: values past neurons in front of the weights; nearest upsampling, levels joined by their channels",
        "events of both signs as they come, not the representation of the paper's own; the depth is the mean over the steps",
    ),
)

SYSTEMS = (
    _SYSTEM,
    varied(
        _SYSTEM,
        System(
            name="event-depth-gates",
            title="Event-camera depth, MSS-DepthNet",
            paper="Wu et al., MSS-DepthNet: Depth Prediction with Multi-Step Spiking Neural Network, 2022",
            shapes="as event-depth, attention over channels and pixels in each residual block",
            model=model_with_gates,
            multiple=4,
            agreement=98.0,
            assumed=(
                "read from the abstract only: the U-Net is that of event-depth",
                "attention as in MA-SNN, channels first, in front of the sum of a residual block; its gates are those of each step",
            ),
            gates=True,
            low_planes=True,
        ),
    ),
)
