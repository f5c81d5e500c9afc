"""From a module to its graph: which modules are layers, which step mode they take; what a trace does not show is refused."""

from collections.abc import Iterator
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.importers.registry import handler_of, parent_of

#: Their classes are layers; those of models, of torch.fx and the user's own are traced through.
_LIBRARIES = ("torch.", "snntorch.") + tuple(
    f"spikingjelly.activation_based.{part}" for part in ("neuron", "layer", "rnn", "base", "encoding", "ann2snn", "quantize")
)
_CONTAINERS = ("Module", "Sequential", "ModuleList", "ModuleDict", "StepModule", "SingleStepModule", "MultiStepModule")
_RESETS = ("reset", "reset_mem")  #: SpikingJelly's and snnTorch's methods


def is_layer(module: Any) -> bool:
    """Whether the module is one to be known by its type, not traced through: a framework's, or a subclass of one."""
    kind = type(module)
    return (
        handler_of(kind) is not None
        or parent_of(kind) is not None
        or any(_library(parent) for parent in kind.__mro__ if parent.__name__ not in _CONTAINERS)
    )


def _library(kind: type) -> bool:
    return kind.__module__.startswith(_LIBRARIES) and not kind.__module__.startswith("torch.fx")


def check_hooks(model: Any) -> None:
    """Raise SpikeplaneError for forward hooks, which may change any value, and for a forward that a trace would not see."""
    from torch.nn.modules import module as everywhere

    if everywhere._global_forward_hooks or everywhere._global_forward_pre_hooks:
        raise SpikeplaneError(
            "forward hooks are registered for all modules, which Spikeplane cannot follow; remove them (handle.remove())"
        )
    for name, module in model.named_modules():
        if "forward" in vars(module):
            raise SpikeplaneError(
                f"{_named(name)} has a forward set on the object, which Spikeplane cannot follow; write it into its class"
            )
        if module._forward_hooks or module._forward_pre_hooks:
            kinds = [type(h).__name__ for h in (*module._forward_hooks.values(), *module._forward_pre_hooks.values())]
            raise SpikeplaneError(
                f"{_named(name)} has a forward hook ({kinds[0]}), which Spikeplane cannot follow; remove it (handle.remove(); "
                "prune.remove, remove_weight_norm and the like for torch.nn.utils)"
            )


def _named(name: str) -> str:
    return f"layer '{name}'" if name else "the model"


def step_mode(model: Any) -> str:
    """ "s" or "m", SpikingJelly's step mode. Raises SpikeplaneError for a model that mixes them."""
    first: dict[str, str] = {}
    for name, mode in _modes("", model):
        first.setdefault(mode, name)
    if len(first) > 1:
        raise SpikeplaneError(
            f"layer '{first['s']}' has step mode 's' and layer '{first['m']}' has 'm'; use one: functional.set_step_mode(net, 's')"
        )
    return next(iter(first), "s")


def _modes(name: str, module: Any) -> Iterator[tuple[str, str]]:
    """Of every layer that has one; what is inside a container of steps has its own."""
    supported = getattr(module, "supported_step_mode", None)
    mode = getattr(module, "step_mode", None)
    if mode is None and callable(supported) and supported() == ("m",):
        mode = "m"
    if mode is not None and is_layer(module):
        yield name, mode
        return
    for child, part in module.named_children():
        yield from _modes(f"{name}.{child}" if name else child, part)


def traced(copied: Any, original: Any) -> Any:
    """The graph of the copy's forward. Raises SpikeplaneError for a forward that cannot be traced, or that touches its layers' states."""
    import torch.fx

    class Tracer(torch.fx.Tracer):
        """Layers are leaves."""

        def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
            return is_layer(m)

    touched = _watch(copied)
    before = _states(copied, original)
    try:
        graph = Tracer().trace(copied)
    except SpikeplaneError:
        raise
    except Exception as error:
        raise SpikeplaneError(
            f"the model's forward cannot be traced ({type(error).__name__}: {' '.join(str(error).split())[:120]}); "
            "write it without loops over steps and without decisions on values"
        ) from None
    after = _states(copied, original)
    touched += [name for (name, old), (_, new) in zip(before, after, strict=True) if old is not new]
    if touched:
        raise SpikeplaneError(
            f"the model's forward starts the state of layer '{touched[0]}' anew, so nothing is kept from step to step; take the reset "
            "out of it, and hand membranes in as arguments or let the layer keep them (init_hidden=True)"
        )
    return graph


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
