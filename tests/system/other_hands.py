"""Networks as other people write them, in the frameworks' own idioms: residual networks with values past the neurons,
U-Nets that share a pooling, frames of event cameras with votes, gates, parallel neurons, shuffles."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

import snntorch as snn
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import Tensor, nn
from torch.nn import functional as F


def several(*layers: nn.Module) -> nn.Module:
    """In step mode "m"."""
    net = nn.Sequential(*layers)
    functional.set_step_mode(net, "m")
    return net


def conv(into: int, out: int, size: int = 3, **more: int) -> list[nn.Module]:
    options = {"padding": size // 2, "bias": False, **more}
    return [layer.Conv2d(into, out, size, **options), layer.BatchNorm2d(out)]


def lif(**more: float) -> nn.Module:
    return neuron.LIFNode(tau=2.0, decay_input=False, detach_reset=True, **more)


def head(channels: int, classes: int = 5) -> nn.Module:
    return several(layer.AdaptiveAvgPool2d(1), layer.Flatten(), layer.Linear(channels, classes))


class Values(nn.Module):
    """MS-ResNet a step at a time: learned leaks, a scale of each branch, other channels past an average."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(2, 6, 5, 2, 2, bias=False), nn.BatchNorm2d(6))
        self.fires = nn.ModuleList(neuron.ParametricLIFNode(1.6, v_threshold=0.6) for _ in range(3))
        self.first = nn.Sequential(nn.Conv2d(6, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6))
        self.second = nn.Sequential(nn.Conv2d(6, 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12))
        self.past = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(6, 12, 1, bias=False), nn.BatchNorm2d(12))
        self.scale = nn.Parameter(torch.tensor(0.5))
        self.out = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x + self.scale * self.first(self.fires[0](x))
        x = self.past(x) + self.second(self.fires[1](x))
        return self.out(F.adaptive_avg_pool2d(self.fires[2](x), 1).flatten(1))


class Levels(nn.Module):
    """A U-Net with one pooling for all levels. way: "depthwise" transposed and added; "nearest" and joined;
    "transposed", no neurons in front of what is joined."""

    def __init__(self, way: str, c: int = 4) -> None:
        super().__init__()
        self.joined, self.pool = way != "depthwise", layer.MaxPool2d(2)
        self.a, self.b = several(*conv(1, c), lif()), several(*conv(c, 2 * c), lif())
        self.bottom = several(*conv(2 * c, 2 * c), lif())
        self.up2, self.up1 = self._up(way, 2 * c, 2 * c), self._up(way, c, c)
        both = 2 if self.joined else 1
        self.d, self.e = several(*conv(2 * c * both, c), lif()), several(*conv(c * both, c), lif())
        self.out = layer.Conv2d(c, 2, 1)
        functional.set_step_mode(self, "m")

    @staticmethod
    def _up(way: str, into: int, out: int) -> nn.Module:
        if way == "nearest":
            return several(layer.Upsample(scale_factor=2), *conv(into, out), lif())
        if way == "transposed":
            return several(layer.ConvTranspose2d(into, out, 2, 2, bias=False))
        wide = layer.ConvTranspose2d(into, into, 3, 2, 1, output_padding=1, groups=into, bias=False)
        return several(wide, *conv(into, out, 1), lif())

    def _join(self, one: Tensor, other: Tensor) -> Tensor:
        return torch.cat((one, other), 2) if self.joined else one + other

    def forward(self, x: Tensor) -> Tensor:
        a = self.a(x)
        b = self.b(self.pool(a))
        y = self.d(self._join(b, self.up2(self.bottom(self.pool(b)))))
        return self.out(self.e(self._join(a, self.up1(y))))


def gesture(c: int = 6, classes: int = 4) -> nn.Module:
    """Frames of a gesture camera: learned leaks, maxima, dropout, votes."""
    parts: list[nn.Module] = []
    for into in (2, c):
        parts += [*conv(into, c), neuron.ParametricLIFNode(2.0), layer.MaxPool2d(2)]
    parts += [
        layer.Flatten(),
        layer.Dropout(0.5),
        layer.Linear(c * 16, 10 * classes),
        lif(),
        layer.VotingLayer(10),
    ]
    return several(*parts)


class Inhibited(nn.Module):
    """SEW with IAND, fewer pixels by a maximum in front of a 1x1 convolution."""

    def __init__(self, c: int = 6) -> None:
        super().__init__()
        self.stem = several(*conv(3, c), neuron.IFNode(), layer.MaxPool2d(3, 2, 1))
        self.block = several(*conv(c, 2 * c, stride=2), neuron.IFNode(), *conv(2 * c, 2 * c), neuron.IFNode())
        self.past = several(layer.MaxPool2d(2), *conv(c, 2 * c, 1), neuron.IFNode())
        self.head = head(2 * c)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.head(self.past(x) * (1.0 - self.block(x))).mean(0)


class Tokens(nn.Module):
    """Token attention in two heads: where any of a head's queries fires, its keys pass."""

    def __init__(self, c: int = 8) -> None:
        super().__init__()
        self.stem = several(*conv(3, c), lif(), layer.MaxPool2d(2))
        self.q, self.k, self.p = (several(*conv(c, c, 1), lif()) for _ in range(3))
        self.any, self.head = lif(v_threshold=0.5), head(c)
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        t, n, c, h, w = x.shape
        q, k = (f(x).flatten(3).reshape(t, n, 2, c // 2, h * w) for f in (self.q, self.k))
        y = (self.any(q.sum(3, keepdim=True)) * k).reshape(t, n, c, h, w)
        return self.head(self.p(y) + x).mean(0)


def parallel(c: int = 6) -> nn.Module:
    """Parallel neurons around a pooling, one of more steps than there are, one with half of its mask."""
    half = neuron.MaskedPSN(k=2, T=4, lambda_init=0.5)
    wide = neuron.SlidingPSN(k=7)
    return several(
        *conv(2, c),
        layer.MaxPool2d(2),
        wide,
        layer.AvgPool2d(2),
        *conv(c, c),
        half,
        layer.Flatten(),
        layer.Linear(4 * c, 5),
    )


class Shuffled(nn.Module):
    """Groups, a shuffle by hand, channels padded past them."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(2, 8, 3, 1, 1, groups=2), nn.Conv2d(8, 12, 3, 2, 1, groups=4)
        self.one, self.two, self.out = lif(), lif(), nn.Linear(12 * 16, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.one(self.a(x))
        n, c, h, w = x.shape
        mixed = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        past = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2))
        return self.out(self.two(self.b(mixed) + past).flatten(1))


class Recurrent(nn.Module):
    """snnTorch: two states, spikes that come back, a membrane that is read out."""

    def __init__(self) -> None:
        super().__init__()
        self.f, self.g, self.h = nn.Linear(32, 20), nn.Linear(20, 20), nn.Linear(20, 4)
        self.a, self.r = snn.Synaptic(alpha=0.8, beta=0.9), snn.RLeaky(beta=0.7, linear_features=20)
        self.o = snn.Leaky(beta=0.9, reset_mechanism="none")

    def forward(self, x: Tensor) -> Tensor:
        syn, mem = self.a.init_synaptic()
        spikes, back = self.r.init_rleaky()
        last = self.o.init_leaky()
        for t in range(x.shape[0]):
            fired, syn, mem = self.a(self.f(x[t]), syn, mem)
            spikes, back = self.r(self.g(fired), spikes, back)
            _, last = self.o(self.h(spikes), last)
        return last
