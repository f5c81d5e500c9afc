"""From a module to its graph: which modules are layers, which step mode they take; what a trace
does not show is refused."""

import operator
import re
from collections.abc import Collection
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.neurons_refused import reason
from spikeplane.importers.registry import handler_of, is_strange, parent_of
from spikeplane.importers.torch_places import keeps
from spikeplane.importers.unfollowed import Unfollowed

#: Their classes are layers; those of models, of torch.fx and the user's own are traced through.
_LIBRARIES = ("torch.", "snntorch.") + tuple(
    f"spikingjelly.activation_based.{part}"
    for part in ("neuron", "layer", "rnn", "base", "encoding", "ann2snn", "quantize")
)
_CONTAINERS = (
    "Module",
    "Sequential",
    "ModuleList",
    "ModuleDict",
    "StepModule",
    "SingleStepModule",
    "MultiStepModule",
)
_LAYERS = "use Linear, Conv2d, BatchNorm, pooling, Flatten, IF, LIF or Leaky"
_STATEFUL = ("MemoryModule", "SpikingNeuron")  #: what they do is not seen in one call
_RESETS = ("reset", "reset_mem")  #: SpikingJelly's and snnTorch's methods


def is_layer(module: Any) -> bool:
    """Whether the module is one to be known by its type, not traced through: a framework's, or a
    subclass of one."""
    kind = type(module)
    return (
        handler_of(kind) is not None
        or parent_of(kind) is not None
        or any(_library(parent) for parent in kind.__mro__ if parent.__name__ not in _CONTAINERS)
    )


def _library(kind: type) -> bool:
    return kind.__module__.startswith(_LIBRARIES) and not kind.__module__.startswith("torch.fx")


def check_hooks(model: Any) -> None:
    """Raise SpikeplaneError for forward hooks, which may change any value, and for methods that a
    trace would not see."""
    from torch.nn.modules import module as everywhere

    if everywhere._global_forward_hooks or everywhere._global_forward_pre_hooks:
        raise SpikeplaneError(
            "forward hooks are registered for all modules, which Spikeplane cannot follow; remove "
            "them (handle.remove())"
        )
    for name, module in model.named_modules():
        replaced = [
            key
            for key, value in vars(module).items()
            if callable(value) and callable(getattr(type(module), key, None))
        ]
        if replaced:
            raise SpikeplaneError(
                f"{_named(name)} has a {replaced[0]} set on the object, which Spikeplane cannot "
                "follow; write it into its class"
            )
        if module._forward_hooks or module._forward_pre_hooks:
            kinds = [
                type(h).__name__
                for h in (*module._forward_hooks.values(), *module._forward_pre_hooks.values())
            ]
            raise SpikeplaneError(
                f"{_named(name)} has a forward hook ({kinds[0]}), which Spikeplane cannot follow; "
                "remove it (handle.remove(); "
                "prune.remove, remove_weight_norm and the like for torch.nn.utils)"
            )


def _named(name: str) -> str:
    return f"layer '{name}'" if name else "the model"


def check_known(model: Any, graph: Any) -> None:
    """Raise SpikeplaneError, by name, for a layer that the graph uses and no handler is registered for."""
    for path, module in used(model, graph):
        kind = type(module)
        if handler_of(kind) is None:
            if (
                any(parent.__name__ in _STATEFUL for parent in kind.__mro__)
                and next(module.children(), None) is None
            ):
                raise unknown(path, kind)
            raise Unfollowed(str(unknown(path, kind)), stands=True)


def unknown(path: str, kind: type) -> SpikeplaneError:
    """The error for a layer without a handler."""
    parent = parent_of(kind)
    name, what, cure = kind.__name__, f"a {kind.__name__}", f"{_LAYERS}, or register a handler for it"
    known = reason(kind)
    if known is not None:
        what, cure = f"a {name}, {known[0]}", f"{known[1]}, or register a handler for it"
    elif is_strange(kind):
        what = f"a {name}, a class of its own whose spikes depend on the steps before"
        cure = "use IFNode, LIFNode or ParametricLIFNode, or register a handler for it"
    elif parent is not None:
        what = f"a {name}, a subclass of {parent.__name__}"
        cure = f"it may compute anything else; use {parent.__name__} itself, or register a handler for {name}"
    return SpikeplaneError(f"layer '{path}' is {what}, which Spikeplane cannot represent: {cure}")


def used(model: Any, graph: Any) -> list[tuple[str, Any]]:
    """Path and module of every layer that the graph uses."""
    return [
        (node.target, model.get_submodule(node.target)) for node in graph.nodes if node.op == "call_module"
    ]


def step_mode(model: Any, graph: Any) -> str:
    """ "s" or "m", SpikingJelly's step mode. Raises SpikeplaneError for layers that mix them."""
    first: dict[str, str] = {}
    cure = "s"
    for path, module in used(model, graph):
        supported = getattr(module, "supported_step_mode", None)
        mode = getattr(module, "step_mode", None)
        if callable(supported) and supported() == ("m",):
            mode, cure = mode or "m", "m"
        if mode is not None:
            first.setdefault(mode, path)
    if len(first) > 1:
        raise Unfollowed(
            f"layer '{first['s']}' has step mode 's' and layer '{first['m']}' has 'm'; use one: "
            f"functional.set_step_mode(net, '{cure}')",
            stands=all(node.op in ("placeholder", "call_module", "output") for node in graph.nodes),
        )
    return next(iter(first), "s")


def traced(copied: Any, original: Any) -> Any:
    """The graph of the copy's forward. Raises SpikeplaneError for a forward that cannot be traced,
    or that touches its layers' states."""
    import torch.fx

    class Tracer(torch.fx.Tracer):
        """Layers are leaves."""

        def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
            return is_layer(m)

        def proxy(self, node: Any) -> Any:
            return Proxy(node, self)

    class Proxy(torch.fx.Proxy):
        """Python takes += for + where a class has no +=; a tensor has."""

        def __iadd__(self, other: Any) -> Any:
            return self.tracer.create_proxy("call_function", operator.iadd, (self, other), {})

    touched = _watch(copied)
    before, kept = _states(copied, original), attributes(copied)
    try:
        graph = Tracer().trace(copied)
    except SpikeplaneError:
        raise
    except Exception as error:
        raise Unfollowed(
            f"the model's forward cannot be traced ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:120]}); "
            "write it without loops over steps and without decisions on values"
        ) from None
    after = _states(copied, original)
    touched += [name for (name, old), (_, new) in zip(before, after, strict=True) if old is not new]
    if touched:
        raise Unfollowed(
            f"the model's forward starts the state of layer '{touched[0]}' anew, so nothing is "
            "kept from step to step; take the reset "
            "out of it, and hand membranes in as arguments or let the layer keep them (init_hidden=True)"
        )
    _check_steps_alike(copied, kept, Tracer(), graph)
    return graph


def _check_steps_alike(copied: Any, kept: dict[tuple[str, str], Any], tracer: Any, graph: Any) -> None:
    """Raise SpikeplaneError for a forward that changes the model it is in, or is another one when
    it is called again."""
    once = attributes(copied)
    check_kept(copied, kept, once)
    try:
        again = _text(tracer.trace(copied))
    except Exception as error:
        again = type(error).__name__
    check_kept(copied, once, attributes(copied))
    if again != _text(graph):
        changed = [key for key, value in once.items() if kept.get(key) != value]
        if changed:
            raise keeps(copied, changed[0])
        raise SpikeplaneError(
            "the model's forward is another one when it is called again, so a step may not be what "
            "the step before was; hand states in as "
            "arguments, and let it keep nothing"
        )


def _text(graph: Any) -> str:
    """What the graph does; tensors that the forward makes are numbered on from trace to trace."""
    return re.sub(r"_tensor_constant\d+", "_tensor_constant", str(graph))


def check_kept(
    copied: Any,
    before: dict[tuple[str, str], Any],
    after: dict[tuple[str, str], Any],
    left_out: Collection[str] = (),
) -> None:
    """Raise SpikeplaneError for what a forward changed in the model; but for the layers `left_out`, and
    values of the trace, which may be kept: that of the step before is told by the second trace."""
    from torch import Tensor
    from torch.fx import Proxy

    for (name, key), value in before.items():
        kept = isinstance(getattr(copied.get_submodule(name), key, None), Proxy | Tensor)
        if name in left_out or after.get((name, key)) == value:
            continue
        if not kept or key in copied.get_submodule(name)._buffers:
            raise SpikeplaneError(
                f"the model's forward changes '{key}' of {_named(name)}, so a step may not be what "
                "the step before was; set it before, "
                "in __init__"
            )


def attributes(model: Any) -> dict[tuple[str, str], Any]:
    """What modules hold beside their parts, parameters and membranes: values, and of objects and
    tensors which they are."""
    import torch

    found = {}
    inner = vars(torch.nn.Module())
    for name, module in model.named_modules():
        for key, value in {**vars(module), **module._buffers}.items():
            if isinstance(value, torch.Tensor):
                found[name, key] = (id(value), value._version)
            elif key not in inner:
                plain = isinstance(value, bool | int | float | str | tuple | None)
                found[name, key] = (type(value), value) if plain else id(value)
    return found


def _watch(copied: Any) -> list[str]:
    """Names of the layers whose reset the trace calls, filled while it runs."""
    touched: list[str] = []
    for name, module in copied.named_modules():
        for method in _RESETS:
            if is_layer(module) and callable(getattr(module, method, None)):
                setattr(module, method, _noted(touched, name, getattr(module, method)))
    return touched


def _noted(touched: list[str], name: str, method: Any) -> Any:
    def reset(*arguments: Any, **options: Any) -> Any:
        touched.append(name)
        return method(*arguments, **options)

    return reset


def _states(*models: Any) -> list[tuple[str, Any]]:
    """The membranes as objects: a trace that leaves them alone leaves the same objects."""
    found = []
    for model in models:
        for name, module in model.named_modules():
            found += [(name, value) for value in vars(module).get("_memories", {}).values()]
            found += [(name, module._buffers[key]) for key in ("mem", "spk") if key in module._buffers]
    return found
