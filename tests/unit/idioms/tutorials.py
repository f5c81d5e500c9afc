"""Networks as tutorials and papers have them, written from memory of their style."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from typing import Any

import snntorch as snn
import torch
from spikingjelly.activation_based import encoding, functional, layer, neuron
from torch import nn
from torch.nn import functional as F

Tensor = torch.Tensor
ROW, IMAGE = (12, 1, 1), (2, 8, 8)


class Video(nn.Module):
    """Frames behind samples, logits added up and divided by the number of steps that came."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8)
        self.lif, self.fc = snn.Leaky(beta=0.8), nn.Linear(8, 11)

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(1, 0, 2, 3, 4)
        mem, logits = self.lif.init_leaky(), 0
        for frame in x:
            spk, mem = self.lif(self.bn(self.conv(frame)), mem)
            logits = logits + self.fc(spk.mean((2, 3)))
        return logits / x.shape[0]  # type: ignore[return-value]


class Rates(nn.Module):
    """Firing rates of the steps that came, and a layer with a bias behind them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.sn, self.fc = layer.Conv2d(2, 4, 3, padding=1), neuron.IFNode(), nn.Linear(64, 5)

    def forward(self, x: Tensor) -> Tensor:
        total = torch.zeros(())
        for t in range(x.size(0)):
            total = total + F.max_pool2d(self.sn(self.conv(x[t])), 2)
        return self.fc((total / x.size(0)).flatten(1))


class Boosted(nn.Module):
    """Membranes with a learnt leak behind a convolution of the image, ten voters a class, added up in
    place."""

    def __init__(self) -> None:
        super().__init__()
        self.still = nn.Sequential(nn.Conv2d(2, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6))
        self.conv = nn.Sequential(neuron.ParametricLIFNode(), nn.MaxPool2d(2))
        self.fc = nn.Sequential(
            nn.Flatten(), layer.Dropout(0.5), nn.Linear(96, 40, bias=False), neuron.ParametricLIFNode()
        )
        self.boost = nn.AvgPool1d(10, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.still(x)
        votes = self.boost(self.fc(self.conv(x)).unsqueeze(1)).squeeze(1)
        for _ in range(1, 4):
            votes += self.boost(self.fc(self.conv(x)).unsqueeze(1)).squeeze(1)
        return votes


class Divided(nn.Module):
    """Step mode "m": the sum over the steps, divided, and a layer with a bias behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            layer.Conv2d(2, 4, 3, padding=1), layer.BatchNorm2d(4), neuron.LIFNode(), layer.AvgPool2d(2)
        )
        self.fc = nn.Linear(64, 5)
        functional.set_step_mode(self.net, "m")

    def forward(self, x: Tensor) -> Tensor:
        y = self.net(x.unsqueeze(0).repeat(4, 1, 1, 1, 1)).flatten(2)
        return self.fc(y.sum(0) / 4)


class Decoder(nn.Module):
    """A row that is seen as pixels, in front of its neurons or behind them."""

    def __init__(self, spikes: bool, steps: int = 4) -> None:
        super().__init__()
        self.spikes, self.steps = spikes, steps
        self.fc, self.s0 = nn.Linear(12, 64), neuron.LIFNode(v_threshold=0.5)
        self.conv = nn.ConvTranspose2d(4, 2, 3, padding=1)
        self.bn, self.s1 = nn.BatchNorm2d(2), neuron.LIFNode()

    def step(self, x: Tensor) -> Tensor:
        y = self.fc(x)
        y = self.s0(y).view(-1, 4, 4, 4) if self.spikes else self.s0(y.view(-1, 4, 4, 4))
        return self.s1(self.bn(self.conv(y)))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.step(x) for _ in range(self.steps)])


def read_by_one_step() -> nn.Module:
    return nn.Sequential(
        layer.Flatten(), layer.Linear(128, 6), neuron.LIFNode(), neuron.NonSpikingLIFNode(2.0)
    )


def encoded() -> nn.Module:
    return nn.Sequential(encoding.PoissonEncoder(), layer.Flatten(), layer.Linear(128, 6), neuron.LIFNode())


def filtered() -> nn.Module:
    return nn.Sequential(
        nn.Linear(12, 8), neuron.IFNode(), layer.SynapseFilter(tau=2.0), nn.Linear(8, 4), neuron.IFNode()
    )


def late(steps: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(12, 10), neuron.LIFNode(), layer.Delay(steps), nn.Linear(10, 4), neuron.LIFNode()
    )


class LateSkip(nn.Module):
    """A skip that is two steps late."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.n, self.late = layer.Conv2d(2, 4, 3, padding=1), neuron.LIFNode(), layer.Delay(2)
        self.b, self.m = layer.Conv2d(4, 4, 3, padding=1), neuron.LIFNode()

    def forward(self, x: Tensor) -> Tensor:
        y = self.n(self.a(x))
        return self.m(self.b(y) + self.late(y))


def parallel() -> nn.Module:
    return nn.Sequential(layer.Linear(12, 8, step_mode="m"), neuron.PSN(T=4))


MODELS: dict[str, tuple[Any, tuple[int, int, int], str | None]] = {
    "video": (Video, IMAGE, None),
    "rates": (Rates, IMAGE, None),
    "boosted": (Boosted, IMAGE, None),
    "divided": (Divided, IMAGE, None),
    "decoder": (lambda: Decoder(spikes=False), ROW, None),
    "decoder of spikes": (lambda: Decoder(spikes=True), ROW, None),
    "read by one step": (read_by_one_step, IMAGE, "use one: functional.set_step_mode(net, 'm')"),
    "encoder": (encoded, IMAGE, "leave it out, and let the chip's host draw them: --encoding rate"),
    "synapse filter": (filtered, ROW, "use CUBALIFNode, whose currents decay in every step"),
    "late": (lambda: late(1), ROW, None),
    "later": (lambda: late(3), ROW, None),
    "late skip": (LateSkip, IMAGE, None),
    "late input": (
        lambda: nn.Sequential(layer.Delay(1), nn.Linear(12, 8), neuron.IFNode()),
        ROW,
        "spikes of neurons",
    ),
    "all steps at once": (parallel, ROW, None),
}
