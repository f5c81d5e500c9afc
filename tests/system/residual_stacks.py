"""Residual stacks whose weights are signs times a step a channel, drawn by a seed: shortcuts of spikes in front of the
neurons, SEW's gates behind them, MS-ResNet's currents; groups, depthwise convolutions, downsampling."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from spikingjelly.activation_based import functional, neuron
from torch import Tensor, nn

from spikeplane import ChipConfig
from spikeplane.config import preset

STEPS = 4
NEURONS: dict[str, Callable[[], nn.Module]] = {
    "lif": lambda: neuron.LIFNode(tau=2.0),
    "if": neuron.IFNode,
    "soft": lambda: neuron.LIFNode(tau=2.0, v_reset=None),
    "undecayed": lambda: neuron.LIFNode(tau=2.0, decay_input=False),
}


@dataclass(frozen=True)
class Drawn:
    """family: "plain", "sew" or "ms"; groups: 0 for depthwise-separable; halved: blocks with stride 2; chip: a name, or
    "own"."""

    family: str
    blocks: int
    width: int
    groups: int
    neuron: str
    gate: str
    pooled: bool
    halved: tuple[int, ...]
    chip: str

    @property
    def size(self) -> int:
        """Of the images."""
        return 16 if len(self.halved) > 1 else 8


def draw(seed: int) -> Drawn:
    """The network of a seed; three families, and chips, take turns."""
    rng = np.random.default_rng(seed)
    blocks, width = int(rng.integers(2, 7)), int(rng.choice([8, 16, 32, 64], p=[0.3, 0.35, 0.25, 0.1]))
    most = {8: 2, 16: 2, 32: 1, 64: 0}[width]
    halved = rng.choice(blocks, int(rng.integers(0, most + 1)), replace=False)
    return Drawn(
        family=("plain", "sew", "ms")[seed % 3],
        blocks=blocks,
        width=width,
        groups=int(rng.choice([1, 2, 4, 8, 0])),
        neuron=str(rng.choice(list(NEURONS))),
        gate=str(rng.choice(["add", "add", "and", "iand"])),
        pooled=bool(rng.random() < 0.5),
        halved=tuple(sorted(int(n) for n in halved)),
        chip=("auto", "auto", "own", "medium", "large")[seed % 5],
    )


def chip_of(drawn: Drawn) -> tuple[ChipConfig | str, int | None]:
    """The chip, and the weight bits that are asked for."""
    if drawn.chip == "auto":
        return "auto", 1
    if drawn.chip != "own":
        return replace(preset(drawn.chip), weight_bits=1), None
    depths = dict.fromkeys(("row_depth", "column_depth", "group_depth"), 1024)
    return ChipConfig(
        rows=4, cols=4, lanes=min(16, drawn.width), weight_bits=1, projections=160, weight_depth=16384, acc_depth=8192,
        membrane_depth=8192, parameter_depth=512, populations=16, egress_depth=128, **depths,
    ), None  # fmt: skip


class Block(nn.Module):
    """Two convolutions, or depthwise-separable ones with neurons between, and a shortcut."""

    def __init__(self, drawn: Drawn, channels: int, stride: int) -> None:
        super().__init__()
        self.family, self.gate, out = drawn.family, drawn.gate, channels * stride
        self.one, self.two = _convs(drawn, channels, out, stride), _convs(drawn, out, out, 1)
        self.fire1, self.fire2 = (NEURONS[drawn.neuron]() for _ in range(2))
        self.short = nn.Identity() if stride == 1 else _short(drawn, channels, out)

    def forward(self, x: Tensor) -> Tensor:
        short = self.short(x)
        if self.family == "ms":
            return short + self.two(self.fire2(self.one(self.fire1(x))))
        y = self.two(self.fire1(self.one(x)))
        if self.family == "plain":
            return self.fire2(y + short)
        y = self.fire2(y)
        return {"add": y + short, "and": y * short, "iand": (1 - y) * short}[self.gate]


def _convs(drawn: Drawn, channels: int, out: int, stride: int) -> nn.Module:
    groups, options = drawn.groups or channels, {"stride": stride, "padding": 1, "bias": False}
    if drawn.groups:
        return nn.Sequential(nn.Conv2d(channels, out, 3, groups=groups, **options), nn.BatchNorm2d(out))
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, groups=groups, **options), nn.BatchNorm2d(channels), NEURONS[drawn.neuron](),
        nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out),
    )  # fmt: skip


def _short(drawn: Drawn, channels: int, out: int) -> nn.Module:
    """Currents of MS-ResNet come from spikes where they are pooled; SEW's shortcut fires."""
    pool = [nn.AvgPool2d(2)] if drawn.pooled and drawn.family != "ms" else []
    first = [NEURONS[drawn.neuron]()] if drawn.pooled and drawn.family == "ms" else []
    conv = nn.Conv2d(channels, out, 1, stride=1 if pool else 2, bias=False)
    last = [NEURONS[drawn.neuron]()] if drawn.family == "sew" else []
    return nn.Sequential(*first, *pool, conv, nn.BatchNorm2d(out), *last)


def stack(drawn: Drawn) -> nn.Module:
    """A stem, the blocks, and a readout that fires."""
    fire, channels, size = NEURONS[drawn.neuron], drawn.width, drawn.size
    layers = [nn.Conv2d(2, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)]
    layers += [] if drawn.family == "ms" else [fire()]
    for n in range(drawn.blocks):
        stride = 2 if n in drawn.halved else 1
        layers.append(Block(drawn, channels, stride))
        channels, size = channels * stride, size // stride
    layers += [fire()] if drawn.family == "ms" else []
    return nn.Sequential(
        *layers, nn.AvgPool2d(size), nn.Flatten(), nn.Linear(channels, 10, bias=False), fire()
    )


def made(drawn: Drawn, seed: int, samples: int = 8) -> tuple[nn.Module, np.ndarray]:
    """The network with signs for weights and batch-norms that make its neurons fire, and samples (N, T, 2, H, W)."""
    torch.manual_seed(seed)
    model, planes = stack(drawn), torch.rand(samples, STEPS, 2, drawn.size, drawn.size) < 0.4
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                step = layer.weight.abs().flatten(1).mean(1).reshape(-1, *[1] * (layer.weight.ndim - 1))
                step = step * (6.0 if isinstance(layer, nn.Linear) else 1.0)
                layer.weight.copy_(torch.where(layer.weight < 0, -1.0, 1.0) * step)
        for norm in norms:
            norm.momentum = None
            nn.init.uniform_(norm.weight, 0.5, 2.0)
            nn.init.uniform_(norm.bias, 0.0, 0.8)
        functional.reset_net(model)
        for t in range(STEPS):
            model.train()(planes[:, t].float())
    functional.reset_net(model)
    return model.eval(), planes.numpy().astype(np.uint8)
