"""What reviewers wrote: membranes of all steps in a forward of one's own, images put together by hand, sums of layers."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

from collections.abc import Callable
from typing import Any

import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn
from torch.nn import functional as F

Tensor = torch.Tensor
ROW, IMAGE, STEPS = (12, 1, 1), (2, 6, 6), 3


def fire() -> nn.Module:
    return neuron.LIFNode(tau=2.0, v_threshold=0.5)


class Membranes(nn.Module):
    """Non-spiking neurons behind layers in step mode "m": their list of membranes, or what they decode."""

    def __init__(self, decode: str | None, taken: Callable[[Any], Any]) -> None:
        super().__init__()
        self.a, self.fires, self.b = layer.Linear(12, 9), fire(), layer.Linear(9, 5)
        self.out, self.taken = neuron.NonSpikingLIFNode(3.0, decode), taken
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Any:
        return self.taken(self.out(self.b(self.fires(self.a(x.reshape(*x.shape[:2], -1))))))


class Steps(nn.Module):
    """The steps of an image, made by hand."""

    def __init__(self, made: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.made, self.conv, self.fires = made, layer.Conv2d(2, 4, 3), fire()
        functional.set_step_mode(self, "m")

    def forward(self, x: Tensor) -> Tensor:
        return F.adaptive_avg_pool3d(self.fires(self.conv(self.made(x))), (None, 1, 1)).flatten(2).mean(0)


def assigned(x: Tensor) -> Tensor:
    """As the authors of MS-ResNet repeat an image."""
    steps = torch.zeros(STEPS, *x.size())
    for t in range(STEPS):
        steps[t] = x
    return steps


class Branches(nn.Module):
    """Two layers, each summed over the steps, and their mean."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.a, self.b, self.factor = (
            nn.Sequential(nn.Linear(12, 9), fire()),
            nn.Sequential(nn.Linear(12, 7), fire()),
            factor,
        )
        self.fa, self.fb = nn.Linear(9, 4), nn.Linear(7, 4)

    def forward(self, x: Tensor) -> Any:
        one, other = 0.0, 0.0
        for step in x:
            one = one + self.fa(self.a(step))
            other = other + self.fb(self.b(step))
        return (one + other * self.factor) / (2 * x.shape[0])


class Unequal(Branches):
    """Of one of them the first step is left out."""

    def forward(self, x: Tensor) -> Any:
        parts = [(self.fa(self.a(step)), self.fb(self.b(step))) for step in x]
        return sum(one for one, _ in parts) + sum(other for _, other in parts[1:])


class Faded(Branches):
    """Of one of them all steps but the last count half."""

    def forward(self, x: Tensor) -> Any:
        one, other = 0.0, 0.0
        for t, step in enumerate(x):
            one = (one * 0.5 if t == x.shape[0] - 1 else one) + self.fa(self.a(step))
            other = other + self.fb(self.b(step))
        return one + other


class Late(nn.Module):
    """Spikes of the step before, that start as zeros in the shape of what .data gives."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.back, self.fires = nn.Linear(12, 6), nn.Linear(6, 6, bias=False), fire()

    def forward(self, x: Tensor) -> Tensor:
        late, found = torch.zeros_like(self.a(x[0]).data), []
        for step in x:
            late = self.fires(self.a(step) + self.back(late))
            found.append(late)
        return torch.stack(found)


class ByStep(nn.Module):
    """Weights of each step's own."""

    def __init__(self, norms: bool) -> None:
        super().__init__()
        self.a, self.fires = nn.Linear(12, 6), fire()
        self.norms = nn.ModuleList(nn.BatchNorm1d(6) for _ in range(STEPS)) if norms else None

    def forward(self, x: Tensor) -> Tensor:
        currents = [self.a(x[t]) for t in range(STEPS)]
        scaled = [self.norms[t](c) if self.norms else c * 0.9**t for t, c in enumerate(currents)]
        return torch.stack([self.fires(c) for c in scaled])


MODELS: dict[str, tuple[Any, tuple[int, int, int], str | None]] = {
    "membranes of the last step": (lambda: Membranes(None, lambda v: v[-1]), ROW, None),
    "membranes averaged": (lambda: Membranes(None, lambda v: torch.stack(v).mean(0)), ROW, None),
    "membranes listed": (lambda: Membranes(None, lambda v: v), ROW, None),
    "membranes of the first step": (lambda: Membranes(None, lambda v: v[0]), ROW, "return those of the last step"),
    "membranes decoded last": (lambda: Membranes("last_mem", lambda v: v), ROW, None),
    "membranes decoded, mean": (lambda: Membranes("mean-mem", lambda v: v), ROW, None),
    "membranes halved": (lambda: Membranes(None, lambda v: v[-1] / 2), ROW, "membranes are read out as they are"),
    "image stacked": (lambda: Steps(lambda x: torch.stack([x] * STEPS)), IMAGE, None),
    "image joined": (lambda: Steps(lambda x: torch.cat([x.unsqueeze(0)] * STEPS)), IMAGE, None),
    "image assigned": (lambda: Steps(assigned), IMAGE, None),
    "mean of two layers": (Branches, ROW, None),
    "layers of other factors": (lambda: Branches(0.5), ROW, None),
    "layers of other steps": (Unequal, ROW, "the model returns a sum of some of its steps"),
    "layers that fade": (Faded, ROW, "the model returns a sum of some of its steps"),
    "zeros like .data": (Late, ROW, None),
    "factors by step": (lambda: ByStep(norms=False), ROW, None),
    "batch-norms by step": (lambda: ByStep(norms=True), ROW, None),
}  # fmt: skip
