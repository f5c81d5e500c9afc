"""NIR's nodes as callables: one step's input in, one step's output out, (N, ...) float64. The
equations are those of NIR's definition.

    LIF      tau dv/dt = (v_leak - v) + r I          z = v > v_threshold          v = v_reset where it fired
    LI       the same without threshold              IF, I   dv/dt = r I
    CubaLIF  tau_syn dI/dt = -I + w_in S,  tau_mem dv/dt = (v_leak - v) + r I     CubaLI   without threshold

Explicit Euler with a step of dt, or "exponential": a state of time constant tau keeps exp(-dt / tau) of
its distance to where it leaks to, and takes dt / tau of its drive; the synapse of Cuba neurons moves first, and the membrane takes
the current that it has then. v starts at v_reset where it is reset to that, else at 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from spikeplane.errors import SpikeplaneError

Tensor = torch.Tensor
Node = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Decisions:
    """What NIR does not hold. dt: seconds of a step; reset: "hard" (to v_reset), "soft" (v -
    v_threshold), "delayed" (that a step later, undecayed) or "none"; compare: ">" or ">="; if_gain:
    "step" (IF and I take r I once a step), "dt" (dt r I), or None: dt where r dt is 0.5 to 2;
    discretisation: "euler" or "exponential"; read_out: the output of several, the first where None."""

    dt: float = 1e-4
    reset: str = "hard"
    compare: str = ">"
    if_gain: str | None = None
    discretisation: str = "euler"
    read_out: str | None = None


def make_node(name: str, node: Any, decisions: Decisions) -> Node:
    """The node with its state, at rest. Raises SpikeplaneError for a kind that is not known."""
    kind = type(node).__name__
    if kind in _STATEFUL:
        return _STATEFUL[kind](name, node, decisions)
    if kind in _PLAIN:
        return _PLAIN[kind](node)
    raise SpikeplaneError(
        f"NIR node '{name}' is a {kind}, which the proof of the import does not know; compile with "
        "--no-proof (proof=False)"
    )


def _tensor(values: Any) -> Tensor:
    return torch.as_tensor(np.array(values, dtype=np.float64))


def _fitted(name: str, values: Any, x: Tensor) -> Tensor:
    """A parameter against (N, ...): one value, one a neuron, or one a channel."""
    given, shape = _tensor(values), x.shape[1:]
    if given.numel() in (1, int(np.prod(shape))):
        return given.reshape(()) if given.numel() == 1 else given.reshape(shape)
    if given.numel() == shape[0]:
        return given.reshape(-1, *[1] * (len(shape) - 1))
    raise SpikeplaneError(
        f"NIR node '{name}' has parameters of shape {tuple(given.shape)} for neurons {tuple(shape)}"
    )


class _Integrator:
    """I and LI: dv = dt / tau ((v_leak - v) + r I), or dv = r I."""

    fires = False

    def __init__(self, name: str, node: Any, decisions: Decisions) -> None:
        self.name, self.node, self.decisions = name, node, decisions
        self.v: Tensor | None = None
        self.owed: Tensor | float = 0.0  #: what a delayed reset takes off in the next step

    def __call__(self, x: Tensor) -> Tensor:
        v = self.rest(x) if self.v is None else self.v
        v = v + self.slope(v, x) - self.owed
        if not self.fires:
            self.v = v
            return v
        threshold = self.field("v_threshold", x)
        fired = v > threshold if self.decisions.compare == ">" else v >= threshold
        if self.decisions.reset == "hard":
            v = torch.where(fired, self.rest(x), v)
        elif self.decisions.reset == "soft":
            v = v - fired * threshold
        elif self.decisions.reset == "delayed":
            self.owed = fired * threshold
        self.v = v
        return fired.to(x.dtype)

    def rest(self, x: Tensor) -> Tensor:
        """Where a hard reset goes."""
        level = getattr(self.node, "v_reset", None) if self.fires and self.decisions.reset == "hard" else None
        return torch.zeros_like(x) if level is None else _fitted(self.name, level, x).expand_as(x).clone()

    def field(self, name: str, x: Tensor) -> Tensor:
        return _fitted(self.name, getattr(self.node, name), x)

    def slope(self, v: Tensor, x: Tensor) -> Tensor:
        """dt dv/dt."""
        r, dt, kind = self.field("r", x), self.decisions.dt, self.decisions.if_gain
        charge = kind == "step" or (kind is None and bool((r * dt < 0.5).any() or (r * dt > 2).any()))
        return (1.0 if charge else dt) * r * x

    def step(self, tau: str, distance: Tensor, drive: Tensor) -> Tensor:
        """What a leaky state moves by: towards where it leaks to, and with its drive."""
        share = self.decisions.dt / self.field(tau, drive)
        if self.decisions.discretisation == "exponential":
            return (1 - torch.exp(-share)) * distance + share * drive
        return share * (distance + drive)


class _Leaky(_Integrator):
    def slope(self, v: Tensor, x: Tensor) -> Tensor:
        return self.step("tau", self.field("v_leak", x) - v, self.field("r", x) * x)


class _Cuba(_Integrator):
    def __init__(self, name: str, node: Any, decisions: Decisions) -> None:
        super().__init__(name, node, decisions)
        self.current: Tensor | None = None

    def slope(self, v: Tensor, x: Tensor) -> Tensor:
        current = torch.zeros_like(x) if self.current is None else self.current
        current = self.current = current + self.step("tau_syn", -current, self.field("w_in", x) * x)
        return self.step("tau_mem", self.field("v_leak", x) - v, self.field("r", x) * current)


class _FiringIF(_Integrator):
    fires = True


class _FiringLIF(_Leaky):
    fires = True


class _FiringCuba(_Cuba):
    fires = True


class _Delay:
    """y(t) = x(t - delay): whole steps, one number for all."""

    def __init__(self, name: str, node: Any, decisions: Decisions) -> None:
        steps = np.unique(np.round(np.asarray(node.delay, dtype=np.float64) / decisions.dt).astype(int))
        if len(steps) != 1 or steps[0] < 0:
            raise SpikeplaneError(
                f"NIR node '{name}' delays by different numbers of steps; the proof of the import takes one"
            )
        self.waiting: list[Tensor] = []
        self.steps = int(steps[0])

    def __call__(self, x: Tensor) -> Tensor:
        self.waiting.append(x)
        return self.waiting.pop(0) if len(self.waiting) > self.steps else torch.zeros_like(x)


_STATEFUL: dict[str, Callable[[str, Any, Decisions], Node]] = {
    "I": _Integrator, "IF": _FiringIF, "LI": _Leaky, "LIF": _FiringLIF, "CubaLI": _Cuba, "CubaLIF": _FiringCuba, "Delay": _Delay,
}  # fmt: skip


def _linear(node: Any) -> Node:
    weight, bias = _tensor(node.weight), getattr(node, "bias", None)

    def apply(x: Tensor) -> Tensor:
        y = torch.einsum(
            "...oi,n...i->n...o", weight, x.reshape(len(x), *weight.shape[:-2], weight.shape[-1])
        )
        return y if bias is None else y + _tensor(bias)

    return apply


def _convolution(node: Any) -> Node:
    weight = _tensor(node.weight)
    bias = None if node.bias is None else _tensor(node.bias).expand(len(weight)).contiguous()
    convolve = F.conv2d if weight.dim() == 4 else F.conv1d
    stride, dilation = _whole(node.stride), _whole(node.dilation)
    padding: Any = node.padding if isinstance(node.padding, str) else _whole(node.padding)

    def apply(x: Tensor) -> Tensor:
        pixels = (
            x
            if x.dim() == weight.dim()
            else x.reshape(len(x), weight.shape[1] * int(node.groups), *x.shape[-(weight.dim() - 2) :])
        )
        return convolve(pixels, weight, bias, stride, padding, dilation, int(node.groups))

    return apply


def _pooling(node: Any) -> Node:
    size, stride, padding = _whole(node.kernel_size), _whole(node.stride), _whole(node.padding)
    high, wide = size if len(size) == 2 else size * 2
    factor = high * wide if type(node).__name__ == "SumPool2d" else 1
    return lambda x: F.avg_pool2d(x, size, stride, padding) * factor


def _scale(node: Any) -> Node:
    return lambda x: x * _fitted("scale", node.scale, x)


def _threshold(node: Any) -> Node:
    return lambda x: (x > _fitted("threshold", node.threshold, x)).to(x.dtype)


def _whole(value: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in np.asarray(value).reshape(-1))


_PLAIN: dict[str, Callable[[Any], Node]] = {
    "Affine": _linear, "Linear": _linear, "Conv1d": _convolution, "Conv2d": _convolution, "SumPool2d": _pooling, "AvgPool2d": _pooling,
    "Scale": _scale, "Threshold": _threshold, "Flatten": lambda _: lambda x: x.flatten(1),
}  # fmt: skip
