"""Linear layers behind a mean or a sum over the steps: they may as well stand in front of it."""

from dataclasses import replace
from typing import Any

from spikeplane.importers.trace.items import Const, Item, Matrix, Reduced, Sum, is_mean
from spikeplane.importers.trace.likeness import alike
from spikeplane.importers.trace.operation import Operation, Rule, scaled

_SHAPES = (
    "view", "reshape", "flatten", "unsqueeze", "squeeze", "transpose", "permute", "clone", "detach", "contiguous",
    "_unsafe_view", "alias", "expand", "avg_pool2d", "adaptive_avg_pool2d", "avg_pool1d", "adaptive_avg_pool1d",
)  # fmt: skip
#: With an offset: behind a mean as in front of it, behind a sum only without.
_OFFSETS = ("linear", "addmm", "conv2d", "conv1d", "batch_norm", "native_batch_norm_legit_no_training")
_LINEAR = (*_SHAPES, *_OFFSETS, "matmul", "mm")


def exchanged(operation: Operation, rule: Rule, steps: int) -> Any:
    """The rule's result on what is summed up, summed up; None where the operator is another one, or gets
    no sum over the steps. steps: how many there are."""
    if operation.name not in _LINEAR:
        return None
    sums = {name: _reduced(operation, thing, steps) for name, thing in operation.args.items()}
    found = {name: total for name, total in sums.items() if total is not None}
    if len(found) != 1 or any(
        isinstance(t, Item | Matrix) for n, t in operation.args.items() if n not in found
    ):
        return None
    ((name, total),) = found.items()
    moves = operation.name in _OFFSETS and not _without_offset(operation)
    if moves and total.fixed and not total.mean:
        value = scaled(operation.made, total.item.value, total.steps)
        total = replace(total, item=replace(total.item, value=value), mean=True)
    if moves and not total.mean:
        raise operation.unlike(
            "a layer with a bias behind a sum over steps", "take the mean over the steps, or bias=False"
        )
    result = rule(replace(operation, args={**operation.args, name: total.item}))
    several = isinstance(result, tuple)
    first = result[0] if several else result
    behind = replace(total, item=first) if isinstance(first, Item) else first
    return (behind, *result[1:]) if several else behind


def _reduced(operation: Operation, thing: Any, steps: int) -> Reduced | None:
    """A sum over all steps as such; None for anything else."""
    if isinstance(thing, Reduced):
        return thing
    if not isinstance(thing, Sum) or steps < 2:
        return None
    factors, first = {f for f, _ in thing.terms}, thing.terms[0][1]
    places = sorted(item.step or 0 for _, item in thing.terms)
    if len(factors) > 1 or places != list(range(steps)):
        return None
    if not all(alike(item.value, first.value) for _, item in thing.terms):
        return None
    factor = next(iter(factors))
    mean = is_mean(factor, steps)
    value = first.value if mean else scaled(operation.made, first.value, factor)
    return Reduced(Item(value, thing.dims), mean, steps)


def _without_offset(operation: Operation) -> bool:
    """Whether the layer's bias is none."""
    if "batch_norm" in operation.name or operation.name == "addmm":
        return False
    bias = operation.args.get("bias")
    return bias is None or (isinstance(bias, Const) and not bool(bias.tensor.any()))
