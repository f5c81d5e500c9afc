"""SpikingJelly's parallel spiking neurons, which decide on the currents of all steps at once: H = W X fires where
H + bias >= 0. Nothing is kept from step to step, and nothing reset."""

from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.float_network import FloatNeuron, Mix
from spikeplane.importers.flow import Value
from spikeplane.importers.registry import Call, builtin
from spikeplane.importers.spikingjelly_neurons import firing
from spikeplane.importers.values import numbers


def install() -> None:
    """Register the handlers."""
    from spikingjelly.activation_based import neuron

    builtin(neuron.PSN, mixes=True)(parallel)
    builtin(neuron.MaskedPSN, mixes=True)(masked_parallel)
    builtin(neuron.SlidingPSN, mixes=True)(sliding_parallel)


def parallel(call: Call) -> Value:
    """W x over all steps: time as channels."""
    return _mixing(call, call.module.weight)


def masked_parallel(call: Call) -> Value:
    """W x over all steps, W masked as it is at its lambda: time as channels."""
    return _mixing(call, call.module.masked_weight())


def sliding_parallel(call: Call) -> Value:
    """A weighted sum of the last k steps: time as channels."""
    return _mixing(call, call.module.weight)


def _mixing(call: Call, weight: Any) -> Value:
    """Neurons that decide on all steps and reset nothing."""
    compare = call.compare or firing(call, call.module.surrogate_function)
    if call.reset not in (None, "none"):
        raise call.refuse(
            f"a {type(call.module).__name__} with a {call.reset} reset", "it has none; leave it out"
        )
    theta = -numbers(call.layer, "biases", call.module.bias).reshape(-1)
    mix = Mix(numbers(call.layer, "weights over steps", weight), theta)
    value = call.made.maximum(call.layer, call.value)
    neuron = FloatNeuron(decay=0.0, threshold=np.zeros(1), reset="none", strict=compare == ">", mix=mix)
    call.made.assume(call.layer, "steps", "channels", "it decides on all of them at once")
    return replace(call, value=value).neurons(neuron)
