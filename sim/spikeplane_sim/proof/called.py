"""Calls of a model whose forward takes all steps, or one image for all of them: what it is handed, and
what it returns as steps."""

from dataclasses import fields, is_dataclass
from typing import Any

import torch

from spikeplane.float_network import Called

Tensor = torch.Tensor


def handed(called: Called, inputs: Tensor) -> Tensor:
    """The model's input, of (T, N, C, H, W)."""
    rows = inputs.flatten(2) if called.rows else inputs.squeeze(3) if called.lines else inputs
    if called.steps_at is None:
        return rows[0]
    given = rows.movedim(0, called.steps_at)
    return given.unsqueeze(1) if called.image else given


def as_steps(called: Called, result: Tensor, steps: int) -> Tensor:
    """(T, N, ...) summed up over the steps so far, as a readout holds it; NaN in the steps of which the
    model returns nothing."""
    if called.returned == "steps":
        return result.movedim(called.returned_at, 0).cumsum(0)
    total = result * steps if called.returned == "mean" else result
    every = torch.full((steps, *total.shape), torch.nan, dtype=total.dtype)
    every[-1] = total
    return every


def first_of(result: Any, steps: int) -> Tensor:
    """The first output; a list of every step's, or of what holds it first, is one of all steps."""
    while not isinstance(result, Tensor):
        parts = parts_of(result)
        alike = 1 < steps <= len(parts) and len({type(p) for p in parts[:steps]}) == 1
        each = [first_of(p, 1) for p in parts[:steps]] if alike else []
        result = torch.stack(each) if len({p.shape for p in each}) == 1 else parts[0]
    return result


def parts_of(result: Any) -> list[Any]:
    """What is in a list, a tuple, a dictionary or a data class, in order."""
    if is_dataclass(result):
        return [getattr(result, field.name) for field in fields(result)]
    return list(result.values()) if isinstance(result, dict) else list(result)
