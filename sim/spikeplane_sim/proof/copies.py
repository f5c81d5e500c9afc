"""A copy of a module for the proof: float64, evaluation mode, membranes at rest. The module itself
is not touched."""

import copy
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

from spikeplane.errors import SpikeplaneError


def float64_copy(module: nn.Module) -> nn.Module:
    """Raises SpikeplaneError for a module that cannot be copied."""
    try:
        copied = copy.deepcopy(module, _without_graphs(module))
    except Exception as error:
        raise SpikeplaneError(
            f"the model cannot be copied for the proof of its import ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:120]}); "
            "make it copyable with copy.deepcopy, or compile with --no-proof (proof=False)"
        ) from None
    copied.eval()
    with torch.no_grad():
        _settle(copied)
    copied.cpu().double()
    for part in copied.modules():
        _rest(part)
        _double_spikes(part)
    return copied


@contextmanager
def known(model: nn.Module) -> Iterator[None]:
    """While it lasts, snnTorch's `utils.reset` resets the neurons of this copy: it knows those that were made."""
    neurons = [m for m in model.modules() if isinstance(getattr(m, "instances", None), list)]
    every: Any = neurons[0].instances if neurons else []
    before = list(every)
    every[:] = neurons
    try:
        yield
    finally:
        every[:] = before


def _rest(module: nn.Module) -> None:
    """The state as before the first step: what a neuron's own method makes of it."""
    method = getattr(module, "reset_mem", getattr(module, "reset", None))  # snnTorch's, SpikingJelly's
    if callable(method) and not _needs_arguments(method):
        method()
    theirs = any(kind.__module__.startswith("spikingjelly.") for kind in type(module).__mro__)
    if theirs and getattr(module, "backend", "torch") != "torch":  # SpikingJelly's kernels for GPUs
        module.backend = "torch"  # type: ignore[assignment]


def _needs_arguments(method: Callable[..., Any]) -> bool:
    return any(
        p.default is p.empty and p.kind < p.VAR_POSITIONAL
        for p in inspect.signature(method).parameters.values()
    )


def _double_spikes(module: nn.Module) -> None:
    """snnTorch's spikes are float32 whatever comes in, and a layer in float64 would not take them."""
    fire = getattr(module, "spike_grad", None)
    if callable(fire):
        module._modules.pop("spike_grad", None)
        module.spike_grad = lambda x: fire(x).to(x.dtype)  # type: ignore[assignment]


def _settle(copied: nn.Module) -> None:
    """Parametrised weights become the numbers that they are at the model's own precision: in
    float64 a rounding inside a parametrization may fall to the other side.
    (parametrize.remove_parametrizations changes the class, which is the model's own too.)"""
    for part in list(copied.modules()):
        if parametrize.is_parametrized(part):
            names = [*part.parametrizations]  # type: ignore[misc]
            numbers = {name: nn.Parameter(getattr(part, name).detach().clone(), False) for name in names}
            del part.parametrizations
            part.__class__ = type(part).__bases__[0]
            for name, number in numbers.items():
                part.register_parameter(name, number)


def _without_graphs(module: nn.Module) -> dict[int, Any]:
    """For deepcopy: membranes of a model that was just trained hang on autograd's graph, and such
    tensors cannot be copied."""
    memo: dict[int, Any] = {}

    def look(value: Any) -> None:
        if isinstance(value, torch.Tensor) and not value.is_leaf:
            memo[id(value)] = value.detach().clone()
        elif isinstance(value, dict):
            for item in value.values():
                look(item)
        elif isinstance(value, list | tuple):
            for item in value:
                look(item)

    for part in module.modules():
        look({name: value for name, value in vars(part).items() if name != "_modules"})
    return memo
