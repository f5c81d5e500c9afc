"""Batch-norms of channels, of a row, or of the channels of all steps."""

from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.importers import torch_layers
from spikeplane.importers.trace.axes import CHANNELS, features, has
from spikeplane.importers.trace.by_step import of_all_steps, of_each
from spikeplane.importers.trace.items import Item
from spikeplane.importers.trace.operation import Operation, row, unfolded


def norm(operation: Operation) -> tuple[Any, ...]:
    """A batch-norm with running statistics, of channels or of a row."""
    item, args = unfolded(operation, operation.item()), operation.args
    mean, variance = args["running_mean"], args["running_var"]
    if args.get("training") or mean is None or variance is None:
        raise operation.unlike("a batch-norm without running statistics", "train it with track_running_stats")
    channels, whole = features(item.value.shape)[0], row(item)
    values = {n: None if args[n] is None else args[n].tensor for n in ("weight", "bias")}
    fields = {"running_mean": mean.tensor, "running_var": variance.tensor, **values}
    if (steps := of_all_steps(item)) is not None:
        return _norm_by_step(operation, item, fields, steps), None, None
    call = operation.call(item.value, affine=values["weight"] is not None, eps=args["eps"], **fields)
    if len(item.dims) > 1 and item.dims[1] == channels and not has(item.dims[:1], CHANNELS):
        return Item(torch_layers.norm(call), item.dims, item.step), None, None
    if whole is None or len(item.dims) != 2 or not np.array_equal(whole[1], np.arange(len(whole[1]))):
        raise operation.unlike("a batch-norm of something else than channels", "put it in front of reshapes")
    made = torch_layers.norm_rows(replace(call, value=whole[0]))
    return Item(made, (item.dims[0], features(made.shape)[0]), item.step), None, None


def _norm_by_step(operation: Operation, item: Item, fields: dict[str, Any], steps: int) -> Item:
    """A batch-norm of the channels of all steps, (N, T * C, ...): one of its own in each step."""
    each = {
        name: [None] * steps if own is None else list(own.reshape(steps, -1)) for name, own in fields.items()
    }
    own = {"affine": fields["weight"] is not None, "eps": operation.args["eps"]}
    parts = [
        torch_layers.norm(operation.call(item.value, **own, **{name: rows[t] for name, rows in each.items()}))
        for t in range(steps)
    ]
    return of_each(operation, item, parts)
