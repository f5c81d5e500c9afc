"""The recurrent network of the mouse's visual cortex (LoRaFB-SNet): every stage gets, beside its input, its own output of the
step before, through a transposed depthwise convolution where the stage halves the pixels."""

import torch
from spikingjelly.activation_based import layer, neuron
from torch import Tensor, nn

from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import DIRECT, STEPS
from spikeplane_sim.systems.system import System

CHANNELS = 16


def lif() -> nn.Module:
    """A step at a time; u + (x - u) / 2, fires at >= 1, reset to 0."""
    return neuron.LIFNode(tau=2.0, detach_reset=True)


def conv_norm(into: int, out: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Of one step."""
    conv = layer.Conv2d(into, out, size, stride=stride, padding=size // 2, bias=False)
    return nn.Sequential(conv, layer.BatchNorm2d(out))


class Stage(nn.Module):
    """Spikes of its input and its own of the step before, joined by a 1x1 convolution, then a SEW block with ADD whose
    first convolution has the stride: counts 0..2."""

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.stride, self.out = stride, out
        if stride > 1:
            back = nn.ConvTranspose2d(out, out, 3, stride, 1, output_padding=1, groups=out, bias=False)
            self.back = nn.Sequential(back, layer.BatchNorm2d(out), lif())
        self.join = nn.Sequential(conv_norm(into + out, into, 1), lif())
        self.first = nn.Sequential(conv_norm(into, out, 3, stride), lif())
        self.second = nn.Sequential(conv_norm(out, out), lif())
        self.past = (
            nn.Sequential(conv_norm(into, out, 1, stride), lif())
            if stride > 1 or into != out
            else nn.Identity()
        )

    def forward(self, x: Tensor, late: Tensor) -> Tensor:
        """Input (N, C, H, W) and the step before's output."""
        x = self.join(torch.cat((x, self.back(late) if self.stride > 1 else late), 1))
        return self.second(self.first(x)) + self.past(x)


class Cortex(nn.Module):
    """A stem, a stage that keeps the pixels, one that halves them; images (N, 3, H, W) -> (N, 10)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.stem = nn.Sequential(conv_norm(3, CHANNELS), lif())
        self.stages = nn.ModuleList([Stage(CHANNELS, CHANNELS, 1), Stage(CHANNELS, CHANNELS, 2)])
        self.head = nn.Linear(CHANNELS, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Mean over the steps."""
        half = (self.size + 1) // 2
        late = [torch.zeros(x.shape[0], CHANNELS, n, n, dtype=x.dtype) for n in (self.size, half)]
        scores = torch.zeros(x.shape[0], 10, dtype=x.dtype)
        for _ in range(STEPS):
            y = self.stem(x)
            late[0] = self.stages[0](y, late[0])
            late[1] = self.stages[1](late[0], late[1])
            scores = scores + self.head(late[1].mean((2, 3)))
        return scores / STEPS


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    return calibrated(Cortex(size), torch.rand(8, 3, size, size), seed)


SYSTEM = System(
    name="cortex",
    title="Recurrent SNN of the mouse cortex",
    paper="Huang et al., Long-Range Feedback Spiking Network Captures Dynamic and Static Representations of the Visual Cortex "
    "under Movie Stimuli, NeurIPS 2024",
    shapes="8x8x16, a stage of stride 1 and one of stride 2 with transposed depthwise feedback, LIF tau 2, T 4",
    model=model,
    encoding=DIRECT,
    size=8,
    multiple=2,
    assumed=("an even number of pixels, as in the published code",),
    published="github:Grasshlw/SNN-Neural-Similarity-Movie, train/model/LoRaFBSNet.py",
)
