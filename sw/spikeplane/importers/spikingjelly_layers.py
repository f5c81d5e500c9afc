"""SpikingJelly's layers: torch.nn's with a step mode, weight standardisation, votes, containers and
recurrence."""

import operator
from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.importers import torch_layers, torch_pools, torch_refused
from spikeplane.importers.flow import Currents, Source, Spikes, Value
from spikeplane.importers.registry import Call, Outputs, Result, State, builtin
from spikeplane.importers.values import numbers

_RECURRENT = (
    "IFNode",
    "LIFNode",
    "ParametricLIFNode",
    "SimpleIFNode",
    "SimpleLIFNode",
    "HalfThresholdIFNode",
    "CUBALIFNode",
)


def install() -> None:
    """Register the handlers."""
    from spikingjelly.activation_based import layer

    builtin(layer.PrintShapeModule)(torch_layers.same)
    builtin(layer.Dropout, layer.Dropout2d)(torch_layers.dropout)
    builtin(layer.Flatten)(torch_layers.flatten)
    builtin(layer.Linear)(torch_layers.linear)
    builtin(layer.Conv2d)(torch_layers.convolution)
    builtin(layer.BatchNorm1d, layer.ThresholdDependentBatchNorm1d)(torch_layers.norm_rows)
    builtin(layer.BatchNorm2d, layer.ThresholdDependentBatchNorm2d)(torch_layers.norm_maps)
    builtin(layer.Conv1d)(torch_layers.convolution_of_lines)
    builtin(layer.ConvTranspose1d)(torch_layers.transposed_of_lines)
    builtin(layer.ConvTranspose2d)(torch_layers.transposed)
    builtin(layer.MaxPool1d)(torch_pools.max_pool_of_lines)
    builtin(layer.MaxPool2d)(torch_pools.max_pool)
    builtin(layer.AvgPool1d)(torch_pools.average_pool_of_lines)
    builtin(layer.AvgPool2d)(torch_pools.average_pool)
    builtin(layer.AdaptiveAvgPool1d)(torch_pools.adaptive_pool_of_lines)
    builtin(layer.AdaptiveAvgPool2d)(torch_pools.adaptive_pool)
    builtin(layer.Upsample)(torch_pools.upsample)
    builtin(layer.GroupNorm)(torch_refused.each_sample)
    builtin(layer.WSLinear)(standardised_linear)
    builtin(layer.WSConv2d)(standardised_convolution)
    builtin(layer.VotingLayer)(vote)
    builtin(layer.Delay)(delay)
    builtin(layer.SeqToANNContainer, layer.MultiStepContainer, layer.StepModeContainer)(container)
    builtin(layer.LinearRecurrentContainer)(linear_recurrence)
    builtin(layer.ElementWiseRecurrentContainer)(element_recurrence)


def standardised_linear(call: Call) -> Currents:
    """A fully connected layer of standardised weights."""
    return torch_layers.connected(call, call.module.get_weight())


def standardised_convolution(call: Call) -> Currents:
    """A convolution of standardised weights."""
    return torch_layers.convolved(call, call.module.get_weight())


def vote(call: Call) -> Currents:
    """The averages of groups of neurons: a fully connected layer of equal weights."""
    size, count = call.module.voting_size, int(np.prod(call.value.shape))
    if not call.value.flat:
        raise call.refuse("a vote of pixels", "put nn.Flatten() in front")
    weight = np.kron(np.eye(count // size), np.full((1, size), 1 / size))
    return call.made.linear(
        call.layer, call.value, np.pad(weight, ((0, 0), (0, count - weight.shape[1]))), None
    )


def delay(call: Call) -> Value:
    """The spikes of so many steps before."""
    return call.made.delay(call.layer, call.value, call.module.delay_steps)


def container(call: Call) -> Result:
    """Its layers in order, each a step at a time."""
    module = call.module
    inside = call.several_steps and getattr(module, "step_mode", "m") == "s"
    together = type(module).__name__ == "SeqToANNContainer" or not getattr(module, "stateful", True)
    for part in module.modules():
        if together and getattr(part, "_memories", None) and hasattr(part, "v_threshold"):
            raise call.refuse(
                f"a {type(module).__name__} of neurons, which takes steps for samples",
                "use MultiStepContainer",
            )
    return _through(call, call.layer, module, call.value, inside)


def _through(call: Call, path: str, module: Any, value: Any, inside: bool) -> Result:
    from torch import nn

    for name, part in module.named_children():
        value = value.spikes if isinstance(value, Outputs) else value
        if isinstance(value, State):
            raise call.refuse("a container whose layers hand on states", "hand on spikes")
        nested = type(part) is nn.Sequential
        value = (
            _through(call, f"{path}.{name}", part, value, inside)
            if nested
            else call.walk(f"{path}.{name}", part, value, inside)
        )
    return value


def linear_recurrence(call: Call) -> Result:
    """Neurons behind a fully connected layer of the input and their own spikes of the step before."""
    name, module = _neurons(call)
    value, own = _row(call), f"{call.layer}.rc"
    weight = numbers(own, "weights", call.module.rc.weight)
    bias = None if call.module.rc.bias is None else numbers(own, "biases", call.module.rc.bias)
    inputs, features = int(np.prod(value.shape)), len(weight)
    if weight.shape[1] != inputs + features:
        raise call.refuse(
            "a recurrence of other features than it has neurons",
            "give it as many out_features as in_features",
        )
    forward = call.made.linear(own, value, weight[:, :inputs], bias)
    back = call.made.linear(own, _before(name, (features, 1, 1), flat=True), weight[:, inputs:], None)
    return call.walk(name, module, replace(call.made.add(call.layer, forward, back), flat=True), False)


def element_recurrence(call: Call) -> Result:
    """Neurons that get their input and, added, their own spikes of the step before."""
    if not _adds(call.module.element_wise_function):
        raise call.refuse(
            "a recurrence with a function of its own", "use operator.add, or a LinearRecurrentContainer"
        )
    name, module = _neurons(call)
    value = call.made.currents(call.layer, call.value)
    back = call.made.currents(call.layer, _before(name, value.shape, value.flat))
    return call.walk(name, module, replace(call.made.add(call.layer, value, back), flat=value.flat), False)


def _adds(function: Any) -> bool:
    """Whether a function of two tensors is their sum, tried on random values."""
    import torch

    if function in (operator.add, torch.add):
        return True
    drawn = torch.Generator().manual_seed(0)
    x, spikes = torch.randn(2, 5, 40, generator=drawn, dtype=torch.float64)
    try:
        return bool(torch.equal(function(x.clone(), spikes.clone()), x + spikes))
    except Exception:
        return False  # whatever it wants, it is no sum


def _row(call: Call) -> Value:
    """The value, which must be a row of spikes."""
    if call.value.flat or call.value.shape[1:] == (1, 1):
        return call.value
    raise call.refuse("a recurrence on pixels", "put nn.Flatten() in front")


def _neurons(call: Call) -> tuple[str, Any]:
    """The neurons inside a recurrent container."""
    module = call.module.sub_module
    if not hasattr(module, "v_threshold") or type(module).__name__ not in _RECURRENT:
        raise call.refuse(
            f"a recurrence around a {type(module).__name__}",
            "put neurons into it: IFNode, LIFNode or ParametricLIFNode",
        )
    return f"{call.layer}.sub_module", module


def _before(name: str, shape: tuple[int, int, int], flat: bool) -> Spikes:
    """The spikes of a layer in the step before; it comes later in the order."""
    return Spikes((Source(name, delay=1),), shape, flat)
