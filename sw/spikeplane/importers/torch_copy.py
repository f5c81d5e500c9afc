"""The model as it is evaluated: a copy in float64 and evaluation mode, parametrizations replaced by
the values they give."""

import copy
from typing import Any

from spikeplane.errors import SpikeplaneError


def evaluated(module: Any) -> Any:
    """The copy; the module itself is not touched. Raises SpikeplaneError for a module that cannot
    be copied, does not go into evaluation mode, or has parametrizations that give other values each
    time.

    Parametrized weights are computed at the model's own precision, where they were trained: in
    float64 a rounding may fall elsewhere.
    """
    import torch

    try:
        copied = copy.deepcopy(module, without_graphs(module))
        copied.eval()
        with torch.no_grad():
            _settle(copied)
        copied = copied.cpu().double()
    except SpikeplaneError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise SpikeplaneError(
            f"the model cannot be copied to be evaluated ({type(error).__name__}: {reason}); make "
            "it copyable with copy.deepcopy"
        ) from None
    training = [name for name, part in copied.named_modules() if part.training]
    if training:
        name = f"layer '{training[0]}'" if training[0] else "the model"
        raise SpikeplaneError(
            f"{name} stays in training mode after model.eval(), which Spikeplane cannot represent; "
            "let its train(mode) pass the mode on"
        )
    return copied


def _settle(copied: Any) -> None:
    """Parametrized layers become what they were before, with the values. (torch's own removal would
    change the original's class too.)"""
    import torch
    from torch import nn
    from torch.nn.utils import parametrize

    for path, part in list(copied.named_modules()):
        if not parametrize.is_parametrized(part):
            continue
        values = {name: getattr(part, name).detach().clone() for name in part.parametrizations}
        for name, value in values.items():
            if not torch.equal(value.nan_to_num(), getattr(part, name).nan_to_num()):
                raise SpikeplaneError(
                    f"layer '{path}' has a parametrization that gives another {name} each time, "
                    "which Spikeplane cannot represent; let it "
                    "draw nothing in evaluation mode"
                )
        part.__class__ = parametrize.type_before_parametrizations(part)
        del part._modules["parametrizations"]
        for name, value in values.items():
            part._parameters[name] = nn.Parameter(value, requires_grad=False)


def without_graphs(module: Any) -> dict[int, Any]:
    """For deepcopy: states of a model that was just trained hang on autograd's graph, and such
    tensors cannot be copied."""
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
