"""Parts that the networks with gates share: attention over channels, pixels and steps as sigmoids of what layers make of means and
maxima, and a neuron whose reset goes to its threshold. Tensors (N, T, C, H, W)."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

import torch
from torch import Tensor, nn

DECAY, THETA = 0.3, 0.3


class Cell(nn.Module):
    """h + x, fires at >= theta; h is three tenths of the membrane, or of `reset` where it fired. A step at a time, from 0 on
    after `reset()`."""

    surrogate_function = None  # it fires

    def __init__(self, reset: float = THETA) -> None:
        super().__init__()
        self.back, self.h = reset, None

    def reset(self) -> None:
        """Start anew."""
        self.h = None

    def forward(self, x: Tensor) -> Tensor:
        """Spikes."""
        u = x if self.h is None else self.h + x
        spikes = (u >= THETA).to(u.dtype)
        self.h = (spikes * self.back + (1 - spikes) * u) * DECAY
        return spikes


def stepped(cell: Cell, x: Tensor) -> Tensor:
    """The cell's spikes of all steps."""
    cell.reset()
    return torch.stack([cell(x[:, t]) for t in range(x.shape[1])], 1)


class Excited(nn.Module):
    """Two layers without bias, over `places` channels or steps, of which the first narrows: the same of mean and maximum, added."""

    def __init__(self, places: int, ratio: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv3d(places, places // ratio, 1, bias=False),
            nn.ReLU(),
            nn.Conv3d(places // ratio, places, 1, bias=False),
        )
        self.mean, self.largest = nn.AdaptiveAvgPool3d(1), nn.AdaptiveMaxPool3d(1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, places, A, B, C) -> 0 to 1, (N, places, 1, 1, 1)."""
        return torch.sigmoid(self.layers(self.mean(x)) + self.layers(self.largest(x)))


class Steps(Excited):
    """A gate of each step."""


class Channels(Excited):
    """A gate of each channel, of all steps."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, C, 1, 1)."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Pixels(nn.Module):
    """A gate of each pixel, of all channels and steps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 1, H, W)."""
        x = x.flatten(1, 2)
        both = torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), 1)
        return torch.sigmoid(self.conv(both)).unsqueeze(1)


class Attended(nn.Module):
    """relu of x times its gates, one after another."""

    def __init__(self, *gates: nn.Module) -> None:
        super().__init__()
        self.gates = nn.ModuleList(gates)

    def forward(self, x: Tensor) -> Tensor:
        """Values."""
        row = x.ndim == 3
        x = x[..., None, None] if row else x
        for gate in self.gates:
            x = gate(x) * x
        x = torch.relu(x)
        return x.flatten(2) if row else x


class Convolved(nn.Module):
    """A convolution, batch-norm, a mean over pixels, attention, cells: (N, T, C, H, W)."""

    def __init__(self, into: int, out: int, pool: int, attention: nn.Module, reset: float = THETA) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(into, out, 3, padding=1), nn.BatchNorm2d(out)
        self.pool = nn.AvgPool2d(pool) if pool > 1 else nn.Identity()
        self.attention, self.cell = attention, Cell(reset)

    def forward(self, x: Tensor) -> Tensor:
        """Spikes."""
        y = self.pool(self.norm(self.conv(x.flatten(0, 1))))
        return stepped(self.cell, self.attention(y.unflatten(0, x.shape[:2])))


class Connected(nn.Module):
    """A fully connected layer, batch-norm, perhaps attention over the steps, cells: (N, T, ...)."""

    def __init__(self, into: int, out: int, attention: nn.Module | None = None, reset: float = THETA) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(into, out), nn.BatchNorm1d(out)
        self.attention, self.cell = attention or nn.Identity(), Cell(reset)

    def forward(self, x: Tensor) -> Tensor:
        """Spikes."""
        y = self.norm(self.linear(x.flatten(0, 1).flatten(1)))
        return stepped(self.cell, self.attention(y.unflatten(0, x.shape[:2])))
