"""Values times a sigmoid of themselves: gates of channels, pixels, neurons and steps, as attention has them; functions in front of
layers; neurons of one's own that are called once a step."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from idioms.shapes import IMAGE, Do, fire

Tensor = torch.Tensor
STEPS = 8


class Gated(nn.Module):
    """Values of a convolution, gated, neurons, a readout."""

    def __init__(self, gate: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.first, self.fire = nn.Conv2d(2, 4, 3, padding=1), fire(), fire()
        self.values, self.head = nn.Conv2d(4, 4, 3, padding=1), nn.Linear(144, 5)
        self.narrow, self.wide, self.both = (
            nn.Conv2d(4, 2, 1),
            nn.Conv2d(2, 4, 1),
            nn.Conv2d(2, 1, 3, padding=1),
        )
        self.row = nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 4), nn.Sigmoid())
        self.gate = gate

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.fire(self.gate(self, self.values(self.first(self.conv(x))))).flatten(1))


def excited(s: Gated, x: Tensor) -> Tensor:
    return x * torch.sigmoid(s.wide(torch.relu(s.narrow(x.mean((2, 3), keepdim=True)))))


def both_means(s: Gated, x: Tensor) -> Tensor:
    found = [
        s.wide(torch.relu(s.narrow(y))) for y in (x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True))
    ]
    return torch.sigmoid(found[0] + found[1]) * x


def of_pixels(s: Gated, x: Tensor) -> Tensor:
    both = torch.cat((x.mean(1, keepdim=True), torch.max(x, dim=1, keepdim=True)[0]), 1)
    return torch.sigmoid(s.both(both)) * x


class Cell(nn.Module):
    """Its reset goes where it is told; of one step."""

    def __init__(self, decay: float, to: float | None, strict: bool = False) -> None:
        super().__init__()
        self.decay, self.back, self.strict, self.kept, self.samples = decay, to, strict, None, None

    def reset(self) -> None:
        self.kept = None

    def forward(self, x: Tensor) -> Tensor:
        v = x if self.kept is None else x + self.kept
        s = ((v > 0.4) if self.strict else (v >= 0.4)).float()
        self.kept = self.decay * (
            v - 0.4 * s if self.back is None else torch.where(s > 0, torch.full_like(v, self.back), v)
        )
        return s


class Odd(Cell):
    """Forgets by the square."""

    def forward(self, x: Tensor) -> Tensor:
        s = super().forward(x)
        self.kept = self.kept * self.kept
        return s


class Analog(Cell):
    """Sends what is left of its membrane (LIAF), and says how many samples it got."""

    def forward(self, x: Tensor) -> Tensor:
        self.samples = len(x)
        super().forward(x)
        assert self.kept is not None
        return torch.relu(self.kept)


class Celled(nn.Module):
    """All steps, (N, T, 2, 6, 6), of cells."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.conv, self.cell, self.head = nn.Conv2d(2, 4, 3), cell, nn.Linear(64, 5)

    def forward(self, x: Tensor) -> Tensor:
        self.cell.reset()
        y = self.conv(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        y = torch.stack([self.cell(y[:, t]) for t in range(y.shape[1])], 1)
        return self.head(y.flatten(2)).mean(1)


class Timed(nn.Module):
    """All steps, (N, T, 2, 6, 6): the values of a convolution times what attention over the steps makes of them."""

    def __init__(self, attention: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.cell, self.head = nn.Conv2d(2, 4, 3), Cell(0.3, 0.4), nn.Linear(64, 5)
        self.steps = nn.Sequential(nn.Linear(STEPS, 2), nn.ReLU(), nn.Linear(2, STEPS), nn.Sigmoid())
        self.channels = nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 4), nn.Sigmoid())
        self.pixels, self.attention = nn.Conv2d(2, 1, 3, padding=1), attention

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        y = self.attention(self, y)
        self.cell.reset()
        y = torch.stack([self.cell(y[:, t]) for t in range(y.shape[1])], 1)
        return self.head(y.flatten(2)).mean(1)


def of_steps(s: Timed, x: Tensor) -> Tensor:
    return s.steps(x.mean((2, 3, 4)))[:, :, None, None, None] * x


def of_steps_largest(s: Timed, x: Tensor) -> Tensor:
    return s.steps(x.amax((2, 3, 4)))[:, :, None, None, None] * x


def of_rows(s: Timed, x: Tensor) -> Tensor:
    y = x.flatten(2)
    y = nn.functional.adaptive_avg_pool1d(y, 1) + nn.functional.adaptive_max_pool1d(y, 1)
    return s.steps(y.squeeze(2))[:, :, None, None, None] * x


def of_channels(s: Timed, x: Tensor) -> Tensor:
    return s.channels(x.mean((1, 3, 4)) + x.amax((1, 3, 4)))[:, None, :, None, None] * x


def of_all_pixels(s: Timed, x: Tensor) -> Tensor:
    y = x.flatten(1, 2)
    y = torch.cat((y.mean(1, keepdim=True), y.amax(1, keepdim=True)), 1)
    return torch.sigmoid(s.pixels(y)).unsqueeze(1) * x


def of_each(s: Timed, x: Tensor) -> Tensor:
    """A gate of each step and channel."""
    return s.steps(x.mean((3, 4)).transpose(1, 2)).transpose(1, 2)[..., None, None] * x


def gated(gate: Callable[[Any, Tensor], Tensor]) -> Callable[[], nn.Module]:
    return lambda: Gated(gate)


MODELS: dict[str, tuple[Callable[[], nn.Module], Any, str | None]] = {
    "of channels": (gated(excited), IMAGE, None),
    "of channels, two means": (gated(both_means), IMAGE, None),
    "of pixels": (gated(of_pixels), IMAGE, None),
    "two, and a shortcut": (gated(lambda s, x: torch.relu(of_pixels(s, excited(s, x))) + x), IMAGE, None),
    "a row's": (gated(lambda s, x: x * s.row(x.mean((2, 3))).view(-1, 4, 1, 1)), IMAGE, None),
    "hard": (gated(lambda s, x: x * nn.functional.hardsigmoid(x.mean((2, 3), keepdim=True))), IMAGE, None),
    "hard, by hand": (gated(lambda s, x: x * torch.clamp(s.wide(s.narrow(x)) / 6 + 0.5, 0, 1)), IMAGE, None),
    "times a number": (gated(lambda s, x: x * (2 * torch.sigmoid(s.narrow(x).mean(1, keepdim=True)))), IMAGE, None),
    "silu": (gated(lambda s, x: x * torch.sigmoid(x)), IMAGE, None),
    "of spikes": (lambda: Do(lambda s, x: s.b(s.conv2(s.a(s.conv(x)) * torch.sigmoid(s.conv(x))))), IMAGE, None),
    "sigmoid in front": (lambda: Do(lambda s, x: s.b(s.conv2(torch.sigmoid(s.conv2(s.a(s.conv(x))))))), IMAGE, None),
    "tanh in front": (lambda: Do(lambda s, x: s.b(s.conv2(torch.tanh(s.conv2(s.a(s.conv(x))))))), IMAGE, None),
    "tanh": (gated(lambda s, x: x * torch.tanh(s.wide(s.narrow(x)))), IMAGE, "product of currents and currents"),
    "softplus": (gated(lambda s, x: x * nn.functional.softplus(x.mean((2, 3), keepdim=True))), IMAGE, "softplus"),
    "wider": (gated(lambda s, x: x.mean(1, keepdim=True) * torch.sigmoid(x)), IMAGE, "whose dimensions are others"),
    "negative": (gated(lambda s, x: -(x * torch.sigmoid(s.wide(s.narrow(x))))), IMAGE, "must be above 0"),
    "steps, means": (lambda: Timed(of_steps), IMAGE, None),
    "steps, maxima": (lambda: Timed(of_steps_largest), IMAGE, None),
    "steps, of rows": (lambda: Timed(of_rows), IMAGE, None),
    "channels of all steps": (lambda: Timed(of_channels), IMAGE, None),
    "pixels of all steps": (lambda: Timed(of_all_pixels), IMAGE, None),
    "channels of each step": (lambda: Timed(of_each), IMAGE, None),
    "three times": (lambda: Timed(lambda s, x: of_all_pixels(s, of_channels(s, of_steps(s, x)))), IMAGE, None),
    "reset to the threshold": (lambda: Celled(Cell(0.3, 0.4)), IMAGE, None),
    "reset to 0, strict": (lambda: Celled(Cell(0.7, 0.0, strict=True)), IMAGE, None),
    "reset by the threshold": (lambda: Celled(Cell(0.5, None)), IMAGE, None),
    "forgetting by the square": (lambda: Celled(Odd(0.5, 0.0)), IMAGE, "layer 'cell' (Odd) keeps a membrane and fires as no neurons"),
    "values of membranes": (lambda: Celled(Analog(0.5, 0.0)), IMAGE, "layer 'cell' (Analog) keeps a membrane and sends values such as"),
}  # fmt: skip
