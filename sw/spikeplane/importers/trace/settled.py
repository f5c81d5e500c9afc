"""Changes in place of what the model itself holds, such as a parameter clamped in every forward.

One that leaves everything as it is, is none: the nodes of the graph that make it are taken off.
"""

import operator
from typing import Any

import torch
from torch._subclasses import FakeTensor
from torch.fx.node import map_arg
from torch.utils import _pytree as pytree

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.trace.in_place import changing
from spikeplane.importers.trace.places import place

Values = dict[Any, Any]


def settle(trace: Any, model: Any) -> None:
    """Take changes of constants off the graph of `model`, which they change as its forward would.

    Constants are computed twice, with the changes and without. Raises SpikeplaneError, with the line,
    where what other nodes take of them, or what a next forward begins with, is not the same both times.
    """
    constant = _constants(trace)
    changes = [node for node in changing(list(trace.graph.nodes)) if node in constant]
    if not changes:
        return
    roots = [node for node in constant if node.op == "get_attr"]
    after: Values = {node: getattr(trace, node.target).detach() for node in roots}
    plain: Values = {node: tensor.clone() for node, tensor in after.items()}
    for node in trace.graph.nodes:
        if node not in constant:
            _check(node.all_input_nodes, after, plain, changes, (trace, model))
        elif node not in after:
            after[node] = _value(node, after)
            plain[node] = plain[node.args[0]] if node in changes else _value(node, plain)
    _check(roots, after, plain, changes, (trace, model))
    for node in changes:
        node.replace_all_uses_with(node.args[0])
        trace.graph.erase_node(node)
    trace.graph.eliminate_dead_code()


def _constants(trace: Any) -> set[Any]:
    """The nodes that depend on tensors of the model alone."""
    found: set[Any] = set()
    for node in trace.graph.nodes:
        if node.op == "get_attr":
            tensor = getattr(trace, node.target)
            known = isinstance(tensor, torch.Tensor) and not isinstance(tensor, FakeTensor)
        else:
            inputs = node.all_input_nodes
            known = _computes(node) and bool(inputs) and all(source in found for source in inputs)
        if known:
            found.add(node)
    return found


def _computes(node: Any) -> bool:
    """Whether the node is a function of its arguments."""
    tags = getattr(node.target, "tags", None)
    return node.target is operator.getitem or (
        tags is not None and torch.Tag.nondeterministic_seeded not in tags
    )


def _value(node: Any, values: Values) -> Any:
    args, kwargs = map_arg((node.args, node.kwargs), values.__getitem__)
    return node.target(*args, **kwargs)


def _check(
    nodes: list[Any], after: Values, plain: Values, changes: list[Any], names: tuple[Any, Any]
) -> None:
    trace, model = names
    for node in nodes:
        if node in after and not _same(after[node], plain[node]):
            pairs = [(_root(change), change) for change in changes]
            differ = [pair for pair in pairs if not _same(after[pair[0]], plain[pair[0]])]
            root, change = (differ or pairs)[0]
            raise changed(*_named(getattr(trace, root.target), model), place(change))


def _same(some: Any, others: Any) -> bool:
    pairs = zip(pytree.tree_leaves(some), pytree.tree_leaves(others), strict=True)
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in pairs)


def _root(node: Any) -> Any:
    """The tensor of the model that the node changes."""
    while node.op != "get_attr":
        node = node.args[0]
    return node


def _named(tensor: Any, model: Any) -> tuple[str, str]:
    """Layer and name of a tensor of the model."""
    for path, module in model.named_modules():
        for key, value in {**vars(module), **module._parameters, **module._buffers}.items():
            if value is tensor:
                return path, key
    return "", "a tensor"


def changed(owner: str, key: str, where: str = "") -> SpikeplaneError:
    """The error for a forward that changes what its model holds."""
    name = f"layer '{owner}'" if owner else "the model"
    return SpikeplaneError(
        f"{where and where + ': '}the model's forward changes '{key}' of {name}, so a step may not be what the step "
        "before was; set it before, in __init__"
    )
