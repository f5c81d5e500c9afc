"""Changes in place: new values where nobody else has what they change, refused where they reach what a layer
keeps for its next step."""

import operator
from typing import Any

import torch
from torch.fx.node import map_arg

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.trace.places import place


def changing(nodes: list[Any]) -> list[Any]:
    """The nodes that change one of their arguments."""
    return [n for n in nodes if n.op == "call_function" and _schema(n) and _schema(n).is_mutable]


def check_kept_alone(nodes: list[Any], layers: dict[str, Any]) -> None:
    """Raise SpikeplaneError, with the line, for a change of a state, or of spikes that come back to their
    neurons."""
    for node in changing(nodes):
        source, which = _origin(node.args[0])
        if source is None:
            continue
        module = layers[source.args[4]]
        spikes_kept = "spk" in module._buffers or "y" in vars(module).get("_memories", {})
        if which or spikes_kept:
            where = place(node)
            raise SpikeplaneError(
                f"{where + ': ' if where else ''}layer '{source.args[4]}' keeps what the model's forward "
                "changes in place, which Spikeplane cannot represent: write x = x + y"
            )


def check_no_dropout(nodes: list[Any]) -> None:
    """Raise SpikeplaneError for a dropout beside changes in place: in evaluation it hands on its input
    itself, which a trace does not show."""
    found = next((n for n in nodes if "dropout" in str(n.target)), None)
    if found is not None and changing(nodes):
        where = place(found)
        raise SpikeplaneError(
            f"{where + ': ' if where else ''}the model's forward calls dropout and changes values in place, "
            "which Spikeplane cannot follow together; use nn.Dropout, or write x = x + y"
        )


#: Beside functions of every value for itself: what they give shares nothing with what they take.
_FRESH = frozenset(
    ("conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d", "linear", "batch_norm", "max_pool2d", "avg_pool2d", "cat")
)  # fmt: skip


def made_new(trace: Any) -> bool:
    """Write the graph's changes in place as new values, as far as nobody else has what they change; whether
    that is all of them."""
    order = {node: number for number, node in enumerate(trace.graph.nodes)}
    for node in changing(list(order)):
        changed, target = node.args[0], _functional(trace, node)
        before = [user for user in changed.users if order.get(user, len(order)) < order[node]]
        if target is None or not _fresh(changed) or not all(_fresh(user) for user in before):
            return False
        with trace.graph.inserting_after(node):
            new = trace.graph.call_function(target, node.args, node.kwargs)
        new.meta = node.meta
        order[new] = order[node]
        node.replace_all_uses_with(new)
        changed.replace_all_uses_with(new, lambda user, at=order[node]: order[user] > at)
        trace.graph.erase_node(node)
    trace.graph.eliminate_dead_code()
    return True


def _fresh(node: Any) -> bool:
    """Whether what the node gives is its own: it shares values with nothing."""
    if node.target is operator.getitem:
        layer, which = node.args
        same = [user for user in layer.users if user.args[1:] == (which,)]
        return getattr(_schema(layer), "name", "") == "spikeplane::layer" and len(same) == 1
    schema = _schema(node)
    if schema is None or schema.is_mutable or any(r.alias_info is not None for r in schema.returns):
        return False
    tags = node.target.tags
    if torch.Tag.maybe_aliasing_or_mutating in tags:
        return False
    return torch.Tag.pointwise in tags or schema.name.removeprefix("aten::") in _FRESH


def _functional(trace: Any, node: Any) -> Any:
    """The operator that makes a new value of what this one changes; None where there is none that gives the same
    type and shape."""
    name = node.target._schema.name.removeprefix("aten::")
    family = getattr(torch.ops.aten, name.removesuffix("_"), None)
    found = getattr(family, node.target._overloadname, None)
    if not name.endswith("_") or found is None or torch.Tag.pointwise not in found.tags:
        return None

    def like(source: Any) -> Any:
        value = getattr(trace, source.target) if source.op == "get_attr" else source.meta["val"]
        return torch.empty(value.shape, dtype=value.dtype, device="meta")

    args, kwargs = map_arg((node.args, node.kwargs), like)
    made = found(*args, **kwargs)
    return found if (made.dtype, made.shape) == (args[0].dtype, args[0].shape) else None


def _schema(node: Any) -> Any:
    return getattr(node.target, "_schema", None)


def _origin(node: Any) -> tuple[Any, int]:
    """The layer whose output a tensor is, or shares its values with, and which of its outputs."""
    which = 0
    while getattr(node, "op", "") == "call_function":
        if node.target is operator.getitem:
            which = node.args[1]
        elif _schema(node) is not None and _schema(node).name == "spikeplane::layer":
            return node, which
        elif not any(r.alias_info is not None for r in node.target._schema.returns):
            break
        node = node.args[0]
    return None, 0
