"""Weights of a model that was never trained: batch-norms get the statistics of random input, and offsets with which
the neurons behind them fire in a quarter to a half of all steps."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import snntorch
import torch
from spikingjelly.activation_based import functional
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

LOW, HIGH = 0.27, 0.5  #: the share of steps in which neurons of a layer shall fire
_PASSES = 12
_GAIN = 3.0  #: an offset in units of the batch-norm's factor, over a share of steps


def calibrated(
    model: nn.Module,
    inputs: Tensor,
    seed: int,
    gain: float = 1.0,
    rare: Mapping[nn.Module, float] | None = None,
) -> nn.Module:
    """The model in evaluation mode, its batch-norms set by `inputs`, what it takes.

    gain: batch-norms' factors are up to a fifth away from it. rare: by neurons the share of steps in which they shall
    fire instead: where any of many spikes decides, as in attention, usual rates would leave nothing to decide.
    """
    rng = np.random.default_rng(seed)
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    with torch.no_grad():
        for module in norms:
            module.weight.copy_(torch.as_tensor(gain * rng.uniform(0.8, 1.2, module.num_features)))
            module.bias.copy_(torch.as_tensor(gain * rng.uniform(-0.2, 0.2, module.num_features)))
        wanted = dict(rare or {})
        for _ in range(_PASSES):
            for module in norms:
                module.reset_running_stats()
                module.momentum = None
            rates, behind = _pass(model.train(), inputs)
            for neuron, norm in behind.items():
                aim = wanted.setdefault(neuron, float(rng.uniform(LOW, HIGH)))
                norm.bias.add_(_GAIN * float(norm.weight.mean()) * (aim - rates[neuron]))
        for module in norms:
            module.reset_running_stats()
        _pass(model, inputs)
    functional.reset_net(model)
    return model.eval()


def rates(model: nn.Module, inputs: Tensor) -> dict[str, float]:
    """By neuron layer the share of steps in which its neurons fire."""
    with torch.no_grad():
        found, _ = _pass(model, inputs)
    names = {module: name for name, module in model.named_modules()}
    return {names[module]: rate for module, rate in found.items()}


def _pass(model: nn.Module, inputs: Tensor) -> tuple[dict[nn.Module, float], dict[nn.Module, _BatchNorm]]:
    """One forward: rates of neurons, and of each the batch-norm in front that no other has."""
    functional.reset_net(model)
    fired: dict[nn.Module, list[float]] = {}
    behind: dict[nn.Module, _BatchNorm] = {}
    last: list[_BatchNorm] = []

    def after_norm(module: nn.Module, *_: object) -> None:
        assert isinstance(module, _BatchNorm)
        last[:] = [module]

    def after_neuron(module: nn.Module, _: object, out: Tensor) -> None:
        if module not in fired and last:
            behind[module] = last.pop()
        fired.setdefault(module, []).append(float(out.mean()))

    with _hooked(model, after_norm, after_neuron):
        model(inputs)
    return {module: float(np.mean(parts)) for module, parts in fired.items()}, behind


@contextmanager
def _hooked(model: nn.Module, after_norm: object, after_neuron: object) -> Iterator[None]:
    hooks = []
    for module in model.modules():
        hook = after_norm if isinstance(module, _BatchNorm) else after_neuron
        if isinstance(module, _BatchNorm) or _fires(module):
            hooks.append(module.register_forward_hook(hook))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _fires(module: nn.Module) -> bool:
    return hasattr(module, "surrogate_function") or isinstance(module, snntorch.Leaky)
