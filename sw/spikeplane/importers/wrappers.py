"""A model without what is wrapped around it for training: torch.compile, DataParallel, and the hooks by which
torch.nn.utils computes weights anew in each call."""

import copy
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Assumption
from spikeplane.importers.torch_copy import without_graphs

#: Attribute of the module inside, by a wrapper's class.
_INSIDE = {"DataParallel": "module", "DistributedDataParallel": "module", "OptimizedModule": "_orig_mod"}
_AVERAGED = {"AveragedModel": "module"}


def unwrapped(model: Any) -> tuple[Any, tuple[Assumption, ...]]:
    """The module inside, and what was taken off; a copy where its weights were computed by hooks. Raises
    SpikeplaneError for scripted modules."""
    notes = []
    while (name := _wrapper(model)) is not None:
        notes.append(_note("", "wrapper", f"{name} taken off", "it computes what the module inside does"))
        model = getattr(model, {**_INSIDE, **_AVERAGED}[name])
    _check_scripted(model)
    computed = [(path, part) for path, part in model.named_modules() if _by_hooks(part)]
    if not computed:
        return model, tuple(notes)
    model = copy.deepcopy(model, without_graphs(model))
    for path, _ in computed:
        part = model.get_submodule(path)
        for hook in _by_hooks(part):
            name = type(hook).__name__
            _settle(part, hook)
            notes.append(_note(path, "weights", f"as {name} leaves them", "inference"))
    return model, tuple(notes)


def _wrapper(model: Any) -> str | None:
    kind = type(model)
    known = kind.__module__.startswith("torch.") and kind.__name__ in {**_INSIDE, **_AVERAGED}
    return kind.__name__ if known else None


def _note(layer: str, what: str, value: str, why: str) -> Assumption:
    return Assumption(layer=layer, what=what, value=value, why=why)


def _check_scripted(model: Any) -> None:
    import torch

    for path, part in model.named_modules():
        if isinstance(part, torch.jit.ScriptModule):
            name = f"layer '{path}'" if path else "the model"
            raise SpikeplaneError(
                f"{name} is scripted (torch.jit), which Spikeplane cannot follow; hand over the module as it "
                "was before torch.jit.script or torch.jit.trace"
            )
        if path and _wrapper(part) is not None:
            inside = {**_INSIDE, **_AVERAGED}[type(part).__name__]
            raise SpikeplaneError(
                f"layer '{path}' is wrapped in {type(part).__name__}, which Spikeplane cannot follow; put "
                f"model.{path}.{inside} in its place"
            )


def _by_hooks(part: Any) -> list[Any]:
    """The hooks of torch.nn.utils that compute weights of this module."""
    hooks = part._forward_pre_hooks.values()
    return [
        h
        for h in hooks
        if type(h).__module__.startswith(
            ("torch.nn.utils.weight_norm", "torch.nn.utils.spectral_norm", "torch.nn.utils.prune")
        )
    ]


def _settle(part: Any, hook: Any) -> None:
    """The weight as it is in inference becomes a parameter again."""
    import torch

    name = getattr(hook, "name", None) or hook._tensor_name
    part.eval()
    with torch.no_grad():
        hook(part, ())
        value = getattr(part, name).detach().clone()
    for key, other in list(part._forward_pre_hooks.items()):
        if other is hook:
            del part._forward_pre_hooks[key]
    for suffix in ("_orig", "_mask", "_g", "_v", "_u"):
        part._parameters.pop(name + suffix, None)
        part._buffers.pop(name + suffix, None)
    part.__dict__.pop(name, None)
    part.register_parameter(name, torch.nn.Parameter(value, requires_grad=False))
