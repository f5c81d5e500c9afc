"""Functions of spikes, decisions on values, what is wrapped around a model, and outputs in every form."""

# the frameworks annotate their layers loosely:
# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalCall=false, reportIndexIssue=false

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import snntorch as snn
import torch
from spikingjelly.activation_based import neuron
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import prune, spectral_norm, weight_norm

Tensor = torch.Tensor
ROW = (12, 1, 1)


def fire(**options: Any) -> nn.Module:
    return neuron.LIFNode(tau=2.0, v_threshold=0.5, **options)


class Between(nn.Module):
    """Two layers of neurons, and what the forward does with the spikes of the first."""

    def __init__(self, do: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.one, self.other, self.two = nn.Linear(12, 8), nn.Linear(12, 8), nn.Linear(8, 5)
        self.a, self.b, self.c = fire(), fire(), fire()
        self.w, self.do = nn.Parameter(torch.randn(8, 12)), do

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.two(self.do(self, self.a(self.one(x)))))


class End(Between):
    """What the forward does with its outputs."""

    def forward(self, x: Tensor) -> Tensor:
        return self.do(self, self.b(self.two(self.a(self.one(x)))))


class First(Between):
    """What stands in the place of the first layer."""

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.two(self.a(self.do(self, x))))


@dataclass
class Result:
    """Outputs by name."""

    out: Any
    membranes: Any = None


class Stepped(nn.Module):
    """A loop over the steps that come, and what becomes of the outputs of each step."""

    def __init__(self, result: Callable[[list[Any], list[Any]], Any]) -> None:
        super().__init__()
        self.one, self.lif1 = nn.Linear(12, 6), snn.Leaky(beta=0.9)
        self.two, self.lif2 = nn.Linear(6, 3), snn.Leaky(beta=0.8)
        self.result = result

    def forward(self, x: Tensor) -> Any:
        mem1 = mem2 = None
        spikes, membranes = [], []
        for frame in x.unbind(0):
            spike, mem1 = self.lif1(self.one(frame), mem1)
            spike, mem2 = self.lif2(self.two(spike), mem2)
            spikes.append(spike)
            membranes.append(mem2)
        return self.result(spikes, membranes)


class Named(Stepped):
    """A number of steps that the caller must give."""

    def forward(self, x: Tensor, num_steps: int) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.result([self.lif1(self.one(x)) for _ in range(num_steps)], [])


def plain() -> nn.Sequential:
    return nn.Sequential(nn.Linear(12, 12), fire(), nn.Linear(12, 3), fire())


def behind(layer: nn.Module) -> nn.Module:
    """The layer behind neurons."""
    return nn.Sequential(nn.Linear(12, 8), fire(), layer, nn.Linear(8, 3), fire())


def averaged() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 2, 1), fire(), nn.AvgPool2d((3, 4)), nn.ReLU(), nn.Flatten(), nn.Linear(2, 2), fire()
    )


def pairs(spikes: list[Any], membranes: list[Any]) -> list[dict[str, Any]]:
    return [{"a": s, "b": m} for s, m in zip(spikes, membranes, strict=True)]


def with_hook(change: Callable[[nn.Module], Any]) -> nn.Module:
    model = plain()
    change(model[0])
    return model


def scripted() -> nn.Module:
    model = plain()
    model[2] = torch.jit.script(model[2])
    return model


def compiled_inside() -> nn.Module:
    model = plain()
    model[2] = torch.compile(model[2])
    return model


def decides(s: Any, x: Tensor) -> Tensor:
    return x * 2 if x.sum() > 0 else x


DECIDES = (
    "the model's forward decides on values (an if, a loop, int(), item(), tolist() or numpy() of a tensor)"
)

#: name: (model, input shape, None or what the refusal says)
MODELS: dict[str, tuple[Any, tuple[int, int, int], str | None]] = {
    "relu": (lambda: Between(lambda s, x: torch.relu(x)), ROW, None),
    "relu, a layer": (lambda: behind(nn.ReLU(inplace=True)), ROW, None),
    "sigmoid, a layer": (lambda: behind(nn.Sigmoid()), ROW, None),
    "parameters of relu": (lambda: behind(nn.PReLU(8)), ROW, "layer '2' is a PReLU"),
    "clamp": (lambda: Between(lambda s, x: x.clamp(0, 1)), ROW, None),
    "clamp of twice": (lambda: Between(lambda s, x: (2 * x).clamp(max=1.5)), ROW, None),
    "fired": (lambda: Between(lambda s, x: (x > 0).float()), ROW, None),
    "silent": (lambda: Between(lambda s, x: (x == 0).to(x.dtype)), ROW, None),
    "true and false": (lambda: Between(lambda s, x: (~x.bool()).float()), ROW, None),
    "true plus true": (lambda: Between(lambda s, x: ((x > 0) + (x < 1)).float()), ROW, "make numbers of them first"),
    "squared": (lambda: Between(lambda s, x: x**2 + x.int().abs()), ROW, None),
    "where": (lambda: Between(lambda s, x: torch.where(x > 0, 0.3, -0.1)), ROW, None),
    "relu of a sum": (lambda: Between(lambda s, x: F.relu(x + s.c(s.two(x))[:, :1])), ROW, ""),
    "relu of averages": (averaged, (1, 3, 4), None),
    "relu of a difference": (lambda: Between(lambda s, x: F.relu(x - 0.5 * x)), ROW, None),
    "half": (lambda: Between(lambda s, x: x.half().float()), ROW, None),
    "half, scaled": (lambda: Between(lambda s, x: (x.half() * 0.3).float()), ROW, "a conversion to float16"),
    "zeros like": (lambda: Between(lambda s, x: x + torch.zeros_like(x)), ROW, None),
    "addmm": (lambda: First(lambda s, x: torch.addmm(s.one.bias, x, s.w.t(), alpha=0.5, beta=2)), ROW, None),
    "matrix in front": (lambda: First(lambda s, x: (s.w @ x.T).T), ROW, None),
    "argmax": (lambda: End(lambda s, x: x.argmax(1)), ROW, "leave it out"),
    "maximum and its place": (lambda: End(lambda s, x: x.max(1)[1]), ROW, "leave it out at the end"),
    "decides": (lambda: Between(decides), ROW, DECIDES),
    "number": (lambda: Between(lambda s, x: x * (1 if x.mean().item() > 1 else 2)), ROW, DECIDES),
    "numpy": (lambda: Between(lambda s, x: torch.from_numpy(x.numpy())), ROW, DECIDES),
    "list": (lambda: Stepped(lambda spikes, _: spikes), ROW, None),
    "tuples in a list": (lambda: Stepped(lambda spikes, mems: list(zip(spikes, mems, strict=True))), ROW, None),
    "dictionaries in a list": (lambda: Stepped(pairs), ROW, None),
    "data class": (lambda: Stepped(lambda spikes, mems: Result(torch.stack(spikes, 1), mems)), ROW, None),
    "data classes in a list": (lambda: Stepped(lambda spikes, _: [Result(s) for s in spikes]), ROW, None),
    "last of the list": (lambda: Stepped(lambda spikes, _: spikes[-1]), ROW, None),
    "first of the list": (lambda: Stepped(lambda spikes, _: spikes[0]), ROW, "steps that it does not use"),
    "steps asked for": (lambda: Named(lambda spikes, _: spikes), ROW, "takes 'num_steps' behind its input"),
    "pruned": (lambda: with_hook(lambda m: prune.l1_unstructured(m, "weight", 0.5)), ROW, None),
    "weight norm": (lambda: with_hook(weight_norm), ROW, None),
    "spectral norm": (lambda: with_hook(spectral_norm), ROW, None),
    "compiled": (lambda: torch.compile(plain()), ROW, None),
    "compiled inside": (compiled_inside, ROW, "layer '2' is wrapped in OptimizedModule"),
    "of several devices": (lambda: nn.DataParallel(Stepped(lambda spikes, _: torch.stack(spikes))), ROW, None),
    "scripted": (scripted, ROW, "layer '2' is scripted (torch.jit)"),
}  # fmt: skip
