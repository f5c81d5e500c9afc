"""Calls of a model whose forward takes all steps, or one image for all of them: what it is handed, and
what it returns as steps."""

import torch

from spikeplane.float_network import Called

Tensor = torch.Tensor


def handed(called: Called, inputs: Tensor) -> Tensor:
    """The model's input, of (T, N, C, H, W)."""
    rows = inputs.flatten(2) if called.rows else inputs.squeeze(3) if called.lines else inputs
    if called.steps_at is None:
        return rows[0]
    return rows.transpose(0, 1) if called.steps_at else rows


def as_steps(called: Called, result: Tensor, steps: int) -> Tensor:
    """(T, N, ...) summed up over the steps so far, as a readout holds it; NaN in the steps of which the
    model returns nothing."""
    if called.returned == "steps":
        return result.movedim(called.returned_at, 0).cumsum(0)
    total = result * steps if called.returned == "mean" else result
    every = torch.full((steps, *total.shape), torch.nan, dtype=total.dtype)
    every[-1] = total
    return every
