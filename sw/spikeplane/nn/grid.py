"""The grid of a layer's weights as a torch parametrization: whole multiples of a step, one step a channel.

```
    original weight w ─▶ k = clamp(round(w / step), -top, top) ─▶ k * step ─▶ the layer
                ▲                                    │
                └──── gradient, where not clipped ◀──┴──▶ gradient of the step (learned step size)
```
The rounding passes gradients on as if it were not there. Source: Esser et al., "Learned Step Size
Quantization", ICLR 2020, of which the gradient of the step and its scale are taken.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from spikeplane.compiler.steps import best_step, top

KINDS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)
_FACTORS = np.linspace(
    1.0, 0.2, 33
)  #: of the largest weight that is kept: few bits clip more than the compiler does
_LEAST = 1e-12  #: a step is no smaller


class Grid(nn.Module):
    """Weights as whole multiples of a step.

    Parameters
    ----------
    weight : Tensor
        The layer's weights, of which the first steps are those of least error, as the compiler's are.
    bits : int
        Bits of the integers: from -(2^(bits-1) - 1) to 2^(bits-1) - 1, -1 and 1 for one bit.
    layer : nn.Module
        The layer, which says where in the weights its output channels are.
    uniform : bool
        One step for all channels.

    Attributes
    ----------
    stored_bits : int
        Bits that the compiler stores the weights with: more than `bits` where they are folded with others.
    step : nn.Parameter
        (C,), or (1,) where uniform; positive; its magnitude is the step.
    """

    def __init__(self, weight: Tensor, bits: int, *, layer: nn.Module, uniform: bool = False) -> None:
        super().__init__()
        self.bits, self.top, self.uniform, self.stored_bits = bits, top(bits), uniform, bits
        self.across = isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d)
        self.groups = int(getattr(layer, "groups", 1))
        rows = self._rows(weight.detach()).double().cpu().numpy()
        best = _least_error(rows.reshape(1, -1) if uniform else rows, bits)
        self.step = nn.Parameter(torch.as_tensor(best, dtype=weight.dtype, device=weight.device))

    def _rows(self, weight: Tensor) -> Tensor:
        """(C, all else), a row an output channel."""
        if not self.across:
            return weight.reshape(len(weight), -1)
        parts = weight.reshape(self.groups, -1, *weight.shape[1:]).transpose(1, 2)
        return parts.reshape(self.groups * weight.shape[1], -1)

    def _spread(self, step: Tensor, weight: Tensor) -> Tensor:
        """The steps in a shape that broadcasts over the weights."""
        if self.uniform or not self.across:
            return step.reshape(-1, *[1] * (weight.ndim - 1))
        per = len(weight) // self.groups
        spread = step.reshape(self.groups, 1, -1).expand(-1, per, -1).reshape(len(weight), weight.shape[1])
        return spread.reshape(*spread.shape, *[1] * (weight.ndim - 2))

    def whole(self, weight: Tensor) -> Tensor:
        """The integers of a weight, of its shape, float64: the same ones whatever the model's precision."""
        step = self._spread(self.step.detach().double().abs().clamp_min(_LEAST), weight)
        ratio = weight.detach().double() / step
        if self.bits == 1:
            return torch.where(ratio < 0, -1.0, 1.0).to(ratio.dtype)
        return ratio.round().clamp(-self.top, self.top)

    def forward(self, weight: Tensor) -> Tensor:
        """The weights on the grid, of the shape that came."""
        step = self.step.abs().clamp_min(_LEAST)
        whole = self.whole(weight).to(weight.dtype)
        if not torch.is_grad_enabled():
            return whole * self._spread(step, weight)
        spread = self._spread(_slower(step, (weight.numel() / len(step) * self.top) ** -0.5), weight)
        inside = weight.detach().abs() <= (self.top + 0.5) * spread.detach()
        # inside: d/dw = 1, d/dstep = k - w / step; beyond: d/dw = 0, d/dstep = k
        through = torch.where(inside, weight - (weight / spread).detach() * spread, torch.zeros_like(weight))
        if self.bits == 1:
            through = torch.where(inside, weight - weight.detach(), torch.zeros_like(weight))
        return whole * spread + (through - through.detach())

    def right_inverse(self, weight: Tensor) -> Tensor:
        """What the parametrization stores for a weight: the weight itself."""
        return weight

    def extra_repr(self) -> str:
        """For `print(model)`."""
        return f"bits={self.bits}, steps={self.step.numel()}"


def _least_error(rows: np.ndarray, bits: int) -> np.ndarray:
    """The step of least squared error of each row (C, all else): that of a grid they are on already, if any."""
    step, grid = best_step(rows, bits, uniform=False, exact=False)
    largest = np.abs(rows).max(1, initial=0.0)
    least = np.full(len(rows), np.inf)
    for factor in _FACTORS if bits > 1 else ():
        chosen = np.where(largest > 0, largest, 1.0) * factor / top(bits)
        ratio = rows / chosen[:, None]
        wrong = ((np.clip(np.round(ratio), -top(bits), top(bits)) - ratio) ** 2).sum(1) * chosen**2
        better = (wrong < least) & (grid == 0)
        step, least = np.where(better, chosen, step), np.minimum(wrong, least)
    return np.where(step > 0, step, np.max(step, initial=0.0) or 1.0)


def _slower(value: Tensor, scale: float) -> Tensor:
    """The value, with a gradient that much smaller."""
    return value.detach() + (value - value.detach()) * scale


def layers(model: nn.Module) -> dict[str, Any]:
    """The layers with weights of a model, by name."""
    return {name: module for name, module in model.named_modules() if isinstance(module, KINDS)}


def attach(layer: Any, grid: Grid) -> None:
    """Put a grid on a layer's weights."""
    parametrize.register_parametrization(layer, "weight", grid)


def detach(layer: Any, *, keep: bool) -> None:
    """Take the grid off a layer; keep: its weights stay on the grid, else they are those behind it.

    torch's own removal takes the property `weight` from the class that copies of the layer have too.
    """
    held = layer.parametrizations["weight"]
    with torch.no_grad():
        value, original = layer.weight.detach().clone(), held.original
        if keep:
            original.copy_(value)
    if len(layer.parametrizations) > 1 or len(held) > 1:
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
        return
    layer.__class__ = parametrize.type_before_parametrizations(layer)
    del layer._modules["parametrizations"]
    layer._parameters["weight"] = original


def grid_of(layer: Any) -> Grid | None:
    """The grid of a layer's weights, None without."""
    if not parametrize.is_parametrized(layer, "weight"):
        return None
    return next((one for one in layer.parametrizations["weight"] if isinstance(one, Grid)), None)
