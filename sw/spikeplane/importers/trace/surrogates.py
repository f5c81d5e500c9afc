"""Modules without their surrogate function: a child that makes spikes of values, or a comparison in their forward, whether
it stands there alone or in an autograd.Function."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from spikeplane.importers.values import fires_at

aten = torch.ops.aten
#: Comparisons: how the difference of both sides fires, and its sign.
_COMPARES = {aten.ge: (">=", 1), aten.gt: (">", 1), aten.le: (">=", -1), aten.lt: (">", -1)}


@dataclass
class Asked:
    """What a forward without its surrogate function was asked for: how each call of the function fires, None for one
    that makes no spikes."""

    compares: list[str | None] = field(default_factory=list)


def surrogate(part: Any) -> str | None:
    """The name of its first child that makes spikes of values."""
    bare = [(n, c) for n, c in part.named_children() if not list(c.children()) and not list(c.parameters())]
    firing = [name for name, child in bare if _fires(child)]
    return firing[0] if firing else None


def _fires(child: Any) -> bool:
    """Whether it makes spikes of values; a copy is asked, because a call may change what remembers."""
    try:
        return fires_at(copy.deepcopy(child)) is not None
    except Exception:  # whatever a user's class does where it is copied
        return False


@contextmanager
def without_surrogate(module: Any, name: str | None, size: int) -> Iterator[Asked]:
    """While it lasts, the function hands on the currents that it is asked: the child `name`, or where that is None each
    comparison of so many values."""
    asked = Asked()
    if name is None:
        with _Differences(asked, size):
            yield asked
        return
    function = getattr(module, name)
    module._modules[name] = _Passed(asked, fires_at(function))
    try:
        yield asked
    finally:
        module._modules[name] = function


class _Passed(nn.Module):
    """In the place of a surrogate function."""

    def __init__(self, asked: Asked, compare: str | None) -> None:
        super().__init__()
        self.asked, self.compare = asked, compare

    def forward(self, x: Tensor) -> Tensor:
        self.asked.compares.append(self.compare)
        return x


class _Differences(TorchDispatchMode):
    """Gives the difference of what is compared, in its own precision whatever precision the spikes are asked in."""

    def __init__(self, asked: Asked, size: int) -> None:
        super().__init__()
        self.asked, self.size = asked, size

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = _COMPARES.get(func.overloadpacket)
        if found and args[0].is_floating_point() and args[0].numel() == self.size:
            self.asked.compares.append(found[0])
            return found[1] * (args[0] - args[1])
        if func is aten._to_copy.default and self.asked.compares and args[0].is_floating_point():
            return args[0].clone()
        return func(*args, **(kwargs or {}))
