"""A copy of a module for the proof: float64, evaluation mode, membranes at rest. The module itself is not touched."""

import copy
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
            f"the model cannot be copied for the proof of its import ({type(error).__name__}: {' '.join(str(error).split())[:120]}); "
            "make it copyable with copy.deepcopy, or compile with --no-proof (proof=False)"
        ) from None
    copied.eval()
    with torch.no_grad():
        _settle(copied)
    copied.cpu().double()
    for part in copied.modules():
        rest(part)
    return copied


def rest(module: nn.Module) -> None:
    """The state of one framework neuron as before the first step."""
    names = {kind.__module__.partition(".")[0] for kind in type(module).__mro__}
    if "spikingjelly" in names and callable(getattr(module, "reset", None)):
        module.reset()  # type: ignore[operator]
        if getattr(module, "supported_backends", None) and "torch" in module.supported_backends:  # type: ignore[operator]
            module.backend = "torch"  # type: ignore[assignment]
    elif "snntorch" in names and callable(getattr(module, "reset_mem", None)):
        module.reset_mem()  # type: ignore[operator]


def _settle(copied: nn.Module) -> None:
    """Parametrised weights become the numbers that they are at the model's own precision: in float64 a rounding inside a
    parametrization may fall to the other side."""
    for part in list(copied.modules()):
        if parametrize.is_parametrized(part):
            for name in list(part.parametrizations):  # type: ignore[arg-type]
                parametrize.remove_parametrizations(part, name, leave_parametrized=True)


def _without_graphs(module: nn.Module) -> dict[int, Any]:
    """For deepcopy: membranes of a model that was just trained hang on autograd's graph, and such tensors cannot be copied."""
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
