"""A model of several inputs as one of one input, which holds the values of all in a row."""

import copy
import inspect
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from torch import Tensor, nn

from spikeplane.float_network import FloatNetwork, Origin, Taken

Shape = tuple[int, int, int]


def as_one(net: FloatNetwork, origin: Origin, planes: dict[str, np.ndarray]) -> tuple[Origin, np.ndarray]:
    """The model, whose layers are the same objects, and its inputs (N, T, values, 1, 1), where there are several."""
    if len(planes) == 1:
        return origin, next(iter(planes.values()))
    shapes = {p.name: p.shape for p in net.inputs}
    rows = [planes[name].reshape(*planes[name].shape[:2], -1, 1, 1) for name in shapes]
    taken = origin.called.several if origin.called else ()
    return replace(origin, model=_joined(origin.model, shapes, taken)), np.concatenate(rows, 2)


def _joined(model: nn.Module, shapes: dict[str, Shape], taken: tuple[Taken, ...]) -> nn.Module:
    """A shallow copy of another class, whose forward takes the row apart: pixels (N, C, H, W), rows (N, C), or
    as they are `taken`."""
    kind: Any = type(model)
    parameters = list(inspect.signature(model.forward).parameters.values())
    names = [p.name for p in parameters]

    def forward(self: Any, row: Tensor, *states: Any) -> Any:
        lead = row.shape[:-3]
        parts = row.reshape(*lead, -1).split([prod(shape) for shape in shapes.values()], -1)
        given = dict(zip((name for name in names if name not in shapes), states, strict=False))
        how = {t.name: t for t in taken}
        for part, (name, shape) in zip(parts, shapes.items(), strict=True):
            rows, lines = (how[name].rows, how[name].lines) if name in how else (shape[1:] == (1, 1), False)
            own = (prod(shape),) if rows else (shape[0], shape[2]) if lines else shape
            given[name] = _stepped(part.reshape(*lead, *own), len(lead), how.get(name))
        return kind.forward(self, **given)

    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    row = inspect.Parameter("row", inspect.Parameter.POSITIONAL_ONLY)
    rest = [p.replace(kind=inspect.Parameter.POSITIONAL_ONLY) for p in parameters if p.name not in shapes]
    forward.__signature__ = inspect.Signature([own, row, *rest])  # type: ignore[attr-defined]
    found = copy.copy(model)
    found.__class__ = type(f"Joined{kind.__name__}", (kind,), {"forward": forward})
    return found


def _stepped(part: Tensor, lead: int, taken: Taken | None) -> Tensor:
    """One input, of (T, N, ...) where `lead` is 2, with its steps where the model takes them, or the first."""
    if taken is None or lead == 1:
        return part
    return part[0] if taken.steps_at is None else part.movedim(0, taken.steps_at)
