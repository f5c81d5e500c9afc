"""From a module to its graph of operators: a trace with tensors that have shapes only.

Where the forward changes in place what has several names, torch.export, which makes values of their own
of them (and takes ten seconds to load).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.torch_copy import evaluated
from spikeplane.importers.torch_places import Key, keeps
from spikeplane.importers.torch_trace import attributes, check_kept
from spikeplane.importers.trace.in_place import check_kept_alone, check_no_dropout, made_new
from spikeplane.importers.trace.kept import held, kept, planted
from spikeplane.importers.trace.settled import changed, settle
from spikeplane.importers.trace.stubs import Stubbed, stubbing
from spikeplane.importers.trace.tracing import line_of, quiet, watched

Layers = tuple[dict[str, Any], dict[str, Any]]


@dataclass
class Graph:
    """A traced forward.

    nodes      torch.fx's, in order
    constants  by node name: parameters, buffers and tensors, in float64 where they are real
    inputs     node names of what the forward takes
    output     what it returns, of nodes and plain values; keys: the names of its parts, "" where none
    parts      the same, as deep as it is returned
    stubbed    the layers that are one operator each
    steps      of the inputs, where they have an axis of steps
    """

    nodes: list[Any]
    constants: dict[str, torch.Tensor]
    inputs: list[str]
    output: list[Any]
    keys: list[str]
    stubbed: Stubbed
    steps: int
    parts: Any = None


class Failed(Exception):
    """The forward does not run on such inputs; `cause` is what it raised. decides: because something in it
    depends on what the values are. reached: how many functions it had called."""

    def __init__(self, cause: BaseException, reached: int = 0) -> None:
        super().__init__(str(cause))
        self.reached = reached
        self.cause, self.line = cause, line_of(cause)
        named = type(cause).__name__ in _DECISIONS
        self.decides = named or any(text in str(cause) for text in _OF_VALUES)


#: What PyTorch raises where Python asks for a value that a trace does not have, and what it says.
_DECISIONS = ("GuardOnDataDependentSymNode", "DataDependentOutputException", "DynamicOutputShapeException")
_OF_VALUES = (
    "not supported for tensor subclasses",
    "non-nested SymInt",
    "data-dependent",
    "_local_scalar_dense",
)


def traced(module: Any, real: Any, layers: Layers, inputs: tuple[Any, ...], steps: int) -> Graph:
    """The graph of the forward on inputs of these shapes.

    real: the module's copy in float64; layers: those of it with a state, as `stubs.opaque` gives them.
    Raises Failed where the forward does not run, SpikeplaneError where it may not be traced.
    """
    model = _own_precision(module)
    dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
    given = pytree.tree_map(lambda x: x.to(dtype) if isinstance(x, torch.Tensor) else x, inputs)
    before, things = attributes(model), held(model, layers[0])
    with quiet(), stubbing(model, *layers) as stubbed, watched(model) as lines:
        try:
            trace = _concrete(model, given)
        except Exception as error:
            _raise_own(error)
            raise Failed(error, lines.count) from None
    check_kept(model, before, attributes(model), set(layers[0]))
    if keys := kept(things, held(model, layers[0])):
        _check_unread(module, layers, given, keys, (model, trace))
    settle(trace, model)
    nodes = list(trace.graph.nodes)
    check_kept_alone(nodes, layers[0])
    check_no_dropout(nodes)
    if not made_new(trace):
        return _functional(module, real, layers, given, steps)
    return _traced(trace, model, real, stubbed, steps)


def _check_unread(module: Any, layers: Layers, given: tuple[Any, ...], keys: list[Key], first: Any) -> None:
    """Raise SpikeplaneError if a second call of the forward would be another one, or read what the first has
    kept. first: the model that was called, and its trace."""
    model = _own_precision(module)
    tensors = planted(model, first[0], keys)
    with quiet(), stubbing(model, *layers), watched(model):
        try:
            trace = _concrete(model, given)
        except Exception:
            raise keeps(module, keys[0]) from None
    used = [id(getattr(trace, n.target)) for n in trace.graph.nodes if n.op == "get_attr"]
    read = [tensors[i] for i in used if i in tensors]
    if read or str(trace.graph) != str(first[1].graph):
        raise keeps(module, (read or keys)[0])


def _own_precision(module: Any) -> Any:
    """A copy as it was trained, so that a conversion to its precision converts nothing."""
    kinds = {p.dtype for p in module.parameters() if p.is_floating_point()}
    model = evaluated(module)
    for part in model.modules():
        if isinstance(part, torch.nn.modules.dropout._DropoutNd):  # hands on its input itself
            part.__class__ = torch.nn.Identity  # type: ignore[assignment]
    return model if kinds == {torch.float64} else model.float()


def _raise_own(error: BaseException | None) -> None:
    """A refusal of ours, wherever in the chain of causes it is."""
    while error is not None:
        if isinstance(error, SpikeplaneError):
            raise SpikeplaneError(str(error)) from None
        error = error.__cause__ or error.__context__


def _concrete(model: Any, given: tuple[Any, ...]) -> Any:
    trace = make_fx(
        lambda *inputs: _plain(model(*inputs)),
        tracing_mode="fake",
        pre_dispatch=True,
        _allow_non_fake_inputs=True,
        record_stack_traces=True,
    )(*given)
    for node in list(trace.graph.nodes):
        if node.target is torch._C._set_grad_enabled:  # `with torch.no_grad()`: computes nothing
            trace.graph.erase_node(node)
    trace.graph.eliminate_dead_code()
    return trace


def _plain(output: Any) -> Any:
    """With dictionaries in the place of data classes, into which a trace does not look."""
    if is_dataclass(output):
        return {f.name: _plain(getattr(output, f.name)) for f in fields(output)}
    if isinstance(output, Mapping):
        return {key: _plain(value) for key, value in output.items()}
    return [_plain(value) for value in output] if type(output) in (list, tuple) else output


def _traced(trace: Any, model: Any, real: Any, stubbed: Stubbed, steps: int) -> Graph:
    values = _values(real)
    same = {id(t): values.get(n, t) for n, t in (*model.named_parameters(), *model.named_buffers())}
    nodes = list(trace.graph.nodes)
    used = {n.name: n.target for n in nodes if n.op == "get_attr"}
    tensors = {target: getattr(trace, target) for target in used.values()}
    numbers = {target: _double(same.get(id(tensor), tensor)) for target, tensor in tensors.items()}
    constants = {name: numbers[target] for name, target in used.items()}
    inputs = [n.name for n in nodes if n.op == "placeholder"]
    output, keys = _flat(nodes[-1].args[0])
    return Graph(nodes, constants, inputs, output, keys, stubbed, steps, _unfolded(nodes[-1].args[0]))


def _values(real: Any) -> dict[str, Any]:
    named = (*real.named_parameters(remove_duplicate=False), *real.named_buffers(remove_duplicate=False))
    return dict(named)


def _flat(output: Any) -> tuple[list[Any], list[str]]:
    """What is returned, in a list, and the names that a dictionary gives its parts."""
    output = _unfolded(output)
    pairs = pytree.tree_flatten_with_path(output)[0]
    keys = [".".join(str(k.key) for k in path if isinstance(k, pytree.MappingKey)) for path, _ in pairs]
    return [value for _, value in pairs], keys


def _unfolded(output: Any) -> Any:
    """Named tuples, which a graph makes by nodes of their own, as lists."""
    if isinstance(output, torch.fx.Node) and isinstance(output.target, type):
        output = output.args
    if isinstance(output, list | tuple):
        return [_unfolded(value) for value in output]
    return {key: _unfolded(value) for key, value in output.items()} if isinstance(output, dict) else output


def _double(tensor: Any) -> torch.Tensor:
    tensor = tensor.detach()
    return tensor.double() if tensor.is_floating_point() else tensor


def _functional(module: Any, real: Any, layers: Layers, given: tuple[Any, ...], steps: int) -> Graph:
    model = _own_precision(module)
    with quiet(), stubbing(model, *layers) as stubbed:
        try:
            program = torch.export.export(model, given, strict=False).run_decompositions({})
        except Exception as error:
            _raise_own(error)
            raise Failed(error) from None
    return _exported(program, real, stubbed, steps)


def _exported(program: Any, real: Any, stubbed: Stubbed, steps: int) -> Graph:
    signature, values = program.graph_signature, _values(real)
    lasting = {**signature.buffers_to_mutate, **signature.parameters_to_mutate}
    if lasting:
        owner, _, key = next(iter(lasting.values())).rpartition(".")
        raise changed(owner, key)
    held = {**program.constants, **program.state_dict, **values}
    named = {
        **signature.inputs_to_parameters,
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    constants = {name: _double(held[target]) for name, target in named.items()}
    nodes = list(program.graph.nodes)
    by_name = {n.name: n for n in nodes}
    results = [by_name.get(getattr(s.arg, "name", "")) for s in signature.output_specs]
    output, keys = _flat(pytree.tree_unflatten(results, program.call_spec.out_spec))
    return Graph(nodes, constants, list(signature.user_inputs), output, keys, stubbed, steps)
