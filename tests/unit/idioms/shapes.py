"""Shapes, functions and containers that people use, weird but legal, and what no chip computes."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalCall=false

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from spikingjelly.activation_based import neuron
from torch import nn
from torch.nn import functional as F

Tensor = torch.Tensor
ROW, IMAGE = (12, 1, 1), (2, 6, 6)


def fire(**options: Any) -> nn.Module:
    return neuron.LIFNode(tau=2.0, v_threshold=0.5, **options)


class Do(nn.Module):
    """Layers to choose from, and a forward."""

    def __init__(self, do: Callable[[Any, Tensor], Any], mode: str = "s") -> None:
        super().__init__()
        self.conv, self.conv2, self.deep = (
            nn.Conv2d(2, 4, 3, padding=1),
            nn.Conv2d(4, 4, 3, padding=1),
            nn.Conv2d(8, 4, 1),
        )
        self.depth, self.point = nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False), nn.Conv2d(4, 6, 1)
        self.bn, self.wide, self.up = nn.BatchNorm2d(4), nn.Linear(144, 8), nn.ConvTranspose2d(4, 2, 2, 2)
        self.small, self.head, self.pixel = nn.Linear(36, 6), nn.Linear(8, 5), nn.Linear(4, 5)
        self.a, self.b, self.c, self.d = (fire(step_mode=mode) for _ in range(4))
        self.do = do

    def forward(self, x: Tensor) -> Any:
        return self.do(self, x)


class Two(NamedTuple):
    """Named outputs."""

    spikes: Tensor
    features: Tensor


def framed(norm: Any, x: Tensor, shift: float = 0.0) -> Tensor:
    """What a batch-norm makes of 0 around the pixels, as merged convolutions are trained (RepConv)."""
    edge = norm.bias.detach() - norm.running_mean * norm.weight.detach() / torch.sqrt(
        norm.running_var + norm.eps
    )
    edge = edge.view(1, -1, 1, 1) + shift
    y = F.pad(norm(x), [1] * 4)
    y[:, :, 0:1, :] = edge
    y[:, :, -1:, :] = edge
    y[:, :, :, 0:1] = edge
    y[:, :, :, -1:] = edge
    return y


def covered(x: Tensor, part: Tensor | float, places: slice) -> Tensor:
    """Columns replaced."""
    y = x.clone()
    y[:, :, :, places] = part
    return y


def merged(s: Do, x: Tensor, shift: float = 0.0) -> Tensor:
    """1x1, a batch-norm that fills the border, depthwise."""
    point = F.conv2d(s.a(s.conv(x)), s.conv2.weight[:, :, 1:2, 1:2])
    return s.b(F.conv2d(framed(s.bn, point, shift), s.depth.weight, groups=4))


def in_volume(s: Do, x: Tensor, **how: Any) -> Tensor:
    """Upsampled as (depth, rows, columns)."""
    return F.interpolate(s.a(s.conv(x)).unsqueeze(0), **how)[0]


def to_row(s: Do, x: Tensor) -> Tensor:
    """Neurons behind all pixels."""
    return s.b(s.wide(x.flatten(1)))


def shuffled(x: Tensor, groups: int) -> Tensor:
    """Channels of groups in turn, as ShuffleNet has them."""
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


class Dense(nn.Module):
    """Each block sees all before it."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(2 + 3 * i, 3, 3, padding=1), fire()) for i in range(3)
        )
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(11, 4), fire())

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for block in self.blocks:
            features.append(block(torch.cat(features, 1)))
        return self.head(torch.cat(features, dim=1))


class Named(nn.Module):
    """Blocks in a dictionary, one by name."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({"conv": nn.Conv2d(2, 4, 3), "fire": fire(), "other": nn.Linear(3, 3)})

    def forward(self, x: Tensor) -> Tensor:
        for name in ("conv", "fire"):
            x = self.parts[name](x)
        return x


class Steps(nn.Module):
    """Steps at once with torch's layers through flatten(0, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.fire = nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), fire(step_mode="m")
        self.fc, self.last = nn.Linear(64, 5), fire(step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        t, b = x.shape[:2]
        y = self.bn(self.conv(x.flatten(0, 1)))
        y = self.fire(y.view(t, b, *y.shape[1:]))
        y = self.fc(y.flatten(2))
        return self.last(y).mean(0)


class Tokens(nn.Module):
    """Pixels as tokens, features last, a fully connected layer for each; the mean over tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.one = nn.Conv2d(2, 4, 2, 2), fire(step_mode="m")
        self.fc, self.norm, self.two, self.head = (
            nn.Linear(4, 6),
            nn.BatchNorm1d(6),
            fire(step_mode="m"),
            nn.Linear(6, 3),
        )

    def forward(self, x: Tensor) -> Tensor:
        t, b = x.shape[0], x.shape[1]
        x = self.embed(x.flatten(0, 1))
        _, c, h, w = x.shape
        x = self.one(x.reshape(t, b, c, h, w)).flatten(3).transpose(-1, -2)
        x = self.fc(x.flatten(0, 1))
        x = self.norm(x.transpose(-1, -2)).transpose(-1, -2).reshape(t, b, h * w, 6)
        return self.head(self.two(x).mean(2)).mean(0)


def folded(s: Any, x: Tensor) -> Tensor:
    return s.b(s.small(s.a(s.conv(x)).sum(1).flatten(1)))


class Rounded(torch.autograd.Function):
    """0 or 1, to the nearest, half to even: fires at more than 0.5."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # type: ignore[override]
        return torch.round(torch.clamp(x, 0, 1))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return gradient


MODELS: dict[str, tuple[Any, tuple[int, int, int], str | None]] = {
    "average pool, function": (lambda: Do(lambda s, x: s.b(s.conv2(F.avg_pool2d(s.a(s.conv(x)), 3, 1)))), IMAGE, None),
    "average pool in front": (lambda: Do(lambda s, x: s.a(F.avg_pool2d(s.conv(F.pad(x, (1, 1, 1, 1))), 2))), IMAGE, None),
    "adaptive, function": (lambda: Do(lambda s, x: s.b(s.pixel(F.adaptive_avg_pool2d(s.a(s.conv(x)), 1).flatten(1)))), IMAGE, None),
    "global mean": (lambda: Do(lambda s, x: s.b(s.pixel(s.a(s.conv(x)).mean((2, 3))))), IMAGE, None),
    "global mean, twice": (lambda: Do(lambda s, x: s.b(s.pixel(s.a(s.conv(x)).mean(-1).mean(-1)))), IMAGE, None),
    "maximum, function": (lambda: Do(lambda s, x: s.b(s.conv2(F.max_pool2d(s.a(s.conv(x)), 2)))), IMAGE, None),
    "padding, function": (lambda: Do(lambda s, x: s.b(s.conv2(F.pad(s.a(s.conv(x)), (1, 0, 0, 2))))), IMAGE, None),
    "padding with ones": (lambda: Do(lambda s, x: s.a(s.conv(F.pad(x, (1, 1, 1, 1), value=1.0)))), IMAGE, "pad"),
    "scaled": (lambda: Do(lambda s, x: s.a(s.bn(s.conv(x / 255.0 * 300)) * 0.5)), IMAGE, None),
    "moved": (lambda: Do(lambda s, x: s.b(s.conv2(s.a(s.conv(x) + 0.1)) - 0.2)), IMAGE, None),
    "moved input, padded": (lambda: Do(lambda s, x: s.a(s.conv((x - 0.5) / 0.5))), IMAGE, None),
    "norm of the input": (lambda: nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 4, 3, padding=1), fire()), IMAGE, None),
    "convolution, norm, depthwise": (lambda: Do(lambda s, x: s.a(s.depth(s.bn(s.conv(x))))), IMAGE, ""),
    "point behind depthwise": (lambda: Do(lambda s, x: s.b(s.point(s.depth(s.a(s.conv(x)))))), IMAGE, None),
    "tail of channels": (lambda: Do(lambda s, x: s.b(s.conv2(F.pad(s.a(s.conv(x))[:, 2:], (0, 0, 0, 0, 2, 0))))), IMAGE, None),
    "shortcut of channels": (lambda: Do(lambda s, x: s.b(s.conv2(x := s.a(s.conv(x))) + F.pad(x[:, :3], (0, 0, 0, 0, 1, 0)))), IMAGE, None),
    "padded samples": (lambda: Do(lambda s, x: s.a(s.conv(F.pad(x, (0, 0, 0, 0, 0, 0, 1, 1))))), IMAGE, "channels and pixels"),
    "cat of both": (lambda: Do(lambda s, x: s.c(s.deep(torch.cat((s.a(s.conv(x)), s.b(s.conv(x))), 1)))), IMAGE, None),
    "cat of currents": (lambda: Do(lambda s, x: s.a(s.deep(torch.cat((s.conv(x), s.bn(s.conv(x))), 1)))), IMAGE, None),
    "dense": (Dense, IMAGE, None),
    "dictionary": (Named, IMAGE, None),
    "named tuple": (lambda: Do(lambda s, x: (lambda y: Two(s.b(s.wide(y.flatten(1))), y))(s.a(s.conv(x)))), IMAGE, None),
    "list": (lambda: Do(lambda s, x: [s.a(s.conv(x))]), IMAGE, None),
    "steps flattened": (Steps, IMAGE, None),
    "tokens": (Tokens, IMAGE, None),
    "contiguous, detach, clone": (lambda: Do(lambda s, x: s.b(s.conv2(s.a(s.conv(x)).detach().clone().contiguous()))), IMAGE, None),
    "to float": (lambda: Do(lambda s, x: s.b(s.conv2(s.a(s.conv(x)).float()))), IMAGE, None),
    "shuffled, by hand": (lambda: Do(lambda s, x: s.b(s.conv2(shuffled(s.a(s.conv(x)), 2)))), IMAGE, None),
    "shuffled currents, cut": (lambda: Do(lambda s, x: s.d(s.point(torch.cat(shuffled(s.bn(s.conv(x)), 2).chunk(2, 1), 1)))), IMAGE, None),
    "shuffled and added": (lambda: Do(lambda s, x: (lambda y: s.b(s.conv2(y + shuffled(y, 2))))(s.a(s.conv(x)))), IMAGE, None),
    "nearest, exactly": (lambda: Do(lambda s, x: s.b(F.interpolate(s.a(s.conv(x)), scale_factor=2, mode="nearest-exact"))), IMAGE, None),
    "nearest, exactly, uneven": (lambda: Do(lambda s, x: F.interpolate(s.a(s.conv(x)), 9, mode="nearest-exact")), IMAGE, "whole number"),
    "bilinear": (lambda: Do(lambda s, x: s.b(F.interpolate(s.a(s.conv(x)), scale_factor=2, mode="bilinear"))), IMAGE, "use mode='nearest'"),
    "sum of channels": (lambda: Do(folded), IMAGE, None),
    "three added": (lambda: Do(lambda s, x: s.d(s.conv2(s.a(s.conv(x)) + s.b(s.conv(x)) + s.c(s.conv(x))))), IMAGE, None),
    "weighted sum": (lambda: Do(lambda s, x: s.d(s.conv2(0.5 * s.a(s.conv(x)) + 2 * s.b(s.conv(x))))), IMAGE, None),
    "difference": (lambda: Do(lambda s, x: s.d(s.conv2(s.a(s.conv(x)) - s.b(s.conv(x))))), IMAGE, None),
    "currents added": (lambda: Do(lambda s, x: s.b(s.conv2(s.a(s.conv(x))) + s.conv(x))), IMAGE, None),
    "transposed": (lambda: Do(lambda s, x: s.b(s.wide(s.up(s.a(s.conv(x)))[:, :, ::2, ::2].repeat(1, 2, 1, 1).flatten(1)))), IMAGE, ""),
    "decoder": (lambda: nn.Sequential(nn.Conv2d(2, 4, 6), fire(), nn.ConvTranspose2d(4, 3, 3), fire()), IMAGE, None),
    "upsampled": (lambda: Do(lambda s, x: s.b(s.conv2(F.interpolate(s.a(s.conv(x)), scale_factor=2)))), IMAGE, ""),
    "upsampled in three dimensions": (lambda: Do(lambda s, x: s.b(in_volume(s, x, scale_factor=(1, 2, 3)))), IMAGE, None),
    "upsampled to a depth": (lambda: Do(lambda s, x: s.b(in_volume(s, x, size=(4, 12, 9)))), IMAGE, None),
    "depth upsampled": (lambda: Do(lambda s, x: s.b(s.deep(in_volume(s, x, size=(8, 6, 6))))), IMAGE, "(1, rows, columns)"),
    "framed by a norm": (lambda: Do(merged), IMAGE, None),
    "framed by other numbers": (lambda: Do(lambda s, x: merged(s, x, 0.5)), IMAGE, "not made alike"),
    "columns of numbers, row": (lambda: Do(lambda s, x: to_row(s, covered(s.a(s.conv(x)), 0.5, slice(1, 5, 3)))), IMAGE, None),
    "columns of zeros, row": (lambda: Do(lambda s, x: to_row(s, covered(s.conv2(s.a(s.conv(x))), 0.0, slice(4, 6)))), IMAGE, None),
    "columns of values": (lambda: Do(lambda s, x: to_row(s, covered(s.a(s.conv(x)), x[:, :1, :, :2], slice(2)))), IMAGE, "torch.stack"),
    "flipped": (lambda: Do(lambda s, x: s.b(s.conv2(s.a(s.conv(x)).flip(3)))), IMAGE, ""),
    "rolled": (lambda: Do(lambda s, x: s.b(s.conv2(torch.roll(s.a(s.conv(x)), 1, 1)))), IMAGE, ""),
    "rows and columns swapped": (lambda: Do(lambda s, x: s.b(s.conv2(s.a(s.conv(x)).transpose(2, 3)))), IMAGE, ""),
    "rectified": (lambda: Do(lambda s, x: s.b(s.conv2(F.relu(s.a(s.conv(x)))))), IMAGE, None),
    "squared": (lambda: Do(lambda s, x: s.b(s.conv2(s.a(s.conv(x)) ** 2))), IMAGE, ""),
    "gated": (lambda: Do(lambda s, x: s.b(s.a(s.conv(x)) * torch.sigmoid(s.conv(x)))), IMAGE, None),
    "sigmoid added": (lambda: Do(lambda s, x: s.b(s.a(s.conv(x)) - torch.sigmoid(s.conv(x)))), IMAGE, None),
    "product of layers": (lambda: Do(lambda s, x: s.b(s.conv(x) * s.conv2(s.a(s.conv(x))))), IMAGE, "mul"),
    "maximum of two": (lambda: Do(lambda s, x: s.c(s.conv2(torch.maximum(s.a(s.conv(x)), s.b(s.conv(x)))))), IMAGE, ""),
    "threshold by hand": (lambda: Do(lambda s, x: (s.conv(x) > 0.5).float()), IMAGE, None),
    "rounded": (lambda: Do(lambda s, x: Rounded.apply(s.conv2(Rounded.apply(s.conv(x))))), IMAGE, None),
    "two numbers": (lambda: Do(lambda s, x: s.a(s.conv2((s.conv(x) < 0.2) * 0.8 - 0.1))), IMAGE, None),
    "three numbers": (lambda: Do(lambda s, x: s.a(s.conv2(torch.sign(s.conv(x))))), IMAGE, "calls 'sign', which"),
    "clamped": (lambda: Do(lambda s, x: s.a(s.conv2(s.conv(x).clamp(0, 1)))), IMAGE, None),
    "argmax": (lambda: Do(lambda s, x: s.a(s.conv(x)).flatten(1).argmax(1)), IMAGE, ""),
    "noise": (lambda: Do(lambda s, x: s.a(s.conv(x) + torch.randn_like(s.conv(x)))), IMAGE, ""),
    "batch mean": (lambda: Do(lambda s, x: s.a(s.conv(x - x.mean(0, keepdim=True)))), IMAGE, ""),
    "sample norm": (lambda: Do(lambda s, x: s.a(F.layer_norm(s.conv(x), (6, 6)))), IMAGE, "layer_norm"),
    "neurons alone": (fire, ROW, None),
    "no neurons": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), ROW, "no spiking neurons"),
}  # fmt: skip
