"""Time to first spike: images as one spike a pixel, the brighter the earlier; neurons that fire once at most; averages instead
of maxima; classes by how early their neurons fire, T - t."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from spikeplane.encode import encode
from spikeplane.encoding import Encoding
from spikeplane.float_network import FloatNeuron
from spikeplane.importers import Call, register
from spikeplane_sim.systems.system import System

STEPS = 8
LATENCY = Encoding(kind="latency", steps=STEPS)
_FIRES = 0.6  #: the share of neurons that fire at all


class FireOnce(nn.Module):
    """u + x, fires at >= 1 and never again; a step at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """A sample begins."""
        self.v: Any = 0.0
        self.fired: Any = 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Spikes of a step."""
        self.v = self.v + x
        spike = (self.v >= 1.0).to(x) * (1 - self.fired)
        self.fired = self.fired + spike
        return spike


@register(FireOnce)
def fire_once(call: Call) -> Any:
    """What the importer makes of it."""
    return call.neurons(FloatNeuron(threshold=np.ones(1), reset="once"))


def model(size: int, seed: int) -> nn.Module:
    """See System.model: two convolutions with averages, a fully connected layer; one step (N, 1, H, W) a call."""
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False), FireOnce(), nn.AvgPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1, bias=False), FireOnce(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(16 * (size // 4) ** 2, 10, bias=False), FireOnce(),
    )  # fmt: skip
    images = np.random.default_rng(seed).integers(0, 256, (8, 1, size, size), dtype=np.uint8)
    steps = torch.as_tensor(encode(LATENCY, images, (1, size, size))).float().transpose(0, 1)
    with torch.no_grad():
        for place, part in enumerate(net):
            if isinstance(part, nn.Conv2d | nn.Linear):
                _scaled(net[: place + 1], part, steps)
    return net.eval()


def _scaled(front: nn.Sequential, part: nn.Conv2d | nn.Linear, steps: Tensor) -> None:
    """Scales each channel's weights so that as many of its neurons as shall fire reach 1 in some step."""
    part.weight.add_(0.1 * part.weight.abs().mean())
    _rest(front)
    reached = torch.stack([front(step) for step in steps]).cumsum(0).amax(0)
    top = torch.quantile(reached.transpose(0, 1).flatten(1), 1 - _FIRES, 1).clamp_min(
        0.05 * float(reached.max())
    )
    part.weight.div_(top.reshape(-1, *[1] * (part.weight.ndim - 1)))
    _rest(front)


def _rest(net: nn.Module) -> None:
    for module in net.modules():
        if isinstance(module, FireOnce):
            module.reset()


SYSTEM = System(
    name="ttfs",
    title="TTFS training framework",
    paper="Che et al., Efficiently Training Time-to-First-Spike Spiking Neural Networks from Scratch, arXiv 2410.23619 (2024)",
    shapes="14x14, convolutions of 8 and 16 channels, averages 2x2, 10 neurons, each fires once at most, T 8",
    model=model,
    inputs=lambda size: (1, size, size),
    encoding=LATENCY,
    size=14,
    least=4,
    agreement=98.0,
    assumed=(
        "read from the abstract only: there is no public code",
        "neurons: integrate and fire, threshold 1, and never again",
        "normalisation of weights: folded into them, a scale a channel",
        "decoding: a spike in step t counts T - t",
        "98 % agreement is expected, because room for the deep reset makes units coarser, and one late spike is two differences",
    ),
)
