"""The model as it is evaluated: a copy in float64 and evaluation mode, parametrizations replaced by the values they give."""

import copy
from typing import Any

from spikeplane.errors import SpikeplaneError


def evaluated(module: Any) -> Any:
    """The copy; the module itself is not touched. Raises SpikeplaneError for a module that cannot be copied.

    Parametrized weights are computed at the model's own precision, where they were trained: in float64 a rounding may fall elsewhere.
    """
    import torch

    try:
        copied = copy.deepcopy(module, _without_graphs(module))
        copied.eval()
        with torch.no_grad():
            _settle(copied)
        return copied.cpu().double()
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise SpikeplaneError(
            f"the model cannot be copied to be evaluated ({type(error).__name__}: {reason}); make it copyable with copy.deepcopy"
        ) from None


def _settle(copied: Any) -> None:
    """Parametrized layers become what they were before, with the values. (torch's own removal would change the original's class too.)"""
    from torch import nn
    from torch.nn.utils import parametrize

    for part in list(copied.modules()):
        if not parametrize.is_parametrized(part):
            continue
        values = {name: getattr(part, name).detach().clone() for name in part.parametrizations}
        part.__class__ = parametrize.type_before_parametrizations(part)
        del part._modules["parametrizations"]
        for name, value in values.items():
            part._parameters[name] = nn.Parameter(value, requires_grad=False)


def _without_graphs(module: Any) -> dict[int, Any]:
    """For deepcopy: states of a model that was just trained hang on autograd's graph, and such tensors cannot be copied."""
    import torch

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
