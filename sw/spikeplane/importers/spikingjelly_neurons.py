"""SpikingJelly's neurons. They fire at v >= v_threshold, reset to v_reset or, where that is None,
by subtraction.

Membranes are counted from where they start, which is v_reset for most: u = v - start.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from spikeplane.float_network import FloatNeuron
from spikeplane.importers.assemble import synapse_of
from spikeplane.importers.flow import Value
from spikeplane.importers.registry import Call, builtin
from spikeplane.importers.values import fires_at, one
from spikeplane.network import MEMBRANE, ResetMode

Number = float | np.ndarray  #: of all channels, or one each (C,)


def install() -> None:
    """Register the handlers."""
    from spikingjelly.activation_based import neuron

    builtin(neuron.IFNode, neuron.SimpleIFNode, neuron.HalfThresholdIFNode)(integrate)
    builtin(neuron.LIFNode, neuron.OTTTLIFNode, neuron.SLTTLIFNode)(leak)
    builtin(neuron.SimpleLIFNode)(simple_leak)
    builtin(neuron.ParametricLIFNode)(parametric)
    builtin(neuron.KLIFNode)(clipped)
    builtin(neuron.CUBALIFNode)(current_based)
    builtin(neuron.NonSpikingIFNode)(integrator)
    builtin(neuron.NonSpikingLIFNode)(leaky_integrator)


def integrate(call: Call) -> Value:
    """v + x."""
    return spiking(call, 1.0, 1.0)


def leak(call: Call) -> Value:
    """v + (x - (v - v_reset)) / tau, or v - (v - v_reset) / tau + x."""
    tau = call.merged("tau", call.module.tau)
    return spiking(call, 1 - 1 / tau, 1 / tau if call.module.decay_input else 1.0)


def simple_leak(call: Call) -> Value:
    """As `leak`; without v_reset it cannot run."""
    if call.module.v_reset is None:
        raise call.refuse("a SimpleLIFNode without v_reset", "use LIFNode")
    return leak(call)


def parametric(call: Call) -> Value:
    """As `leak`, with 1 / tau the sigmoid of a weight."""
    share = call.merged("w", call.module.w.sigmoid())
    return spiking(call, 1 - share, share if call.module.decay_input else 1.0)


def clipped(call: Call) -> Value:
    """relu(k (v + (x - v) / tau)), or relu(k (v - v / tau + x)); with scale_reset v is divided by k again.

    So with scale_reset it is a LIF of threshold v_threshold / k whose membranes are not below 0.
    """
    module = call.module
    tau, k = call.merged("tau", module.tau), one(call.layer, "k", module.k)
    if not k > 0:
        raise call.refuse(f"a KLIFNode with a k of {k:g}", "train it with a k of more than 0")
    if module.v_reset or module._memories_rv["v"]:
        raise call.refuse("a KLIFNode with a v_reset beside 0", "use v_reset=0.0 or v_reset=None")
    kept, gain = 1 - 1 / tau, 1 / tau if module.decay_input else 1.0
    if module.scale_reset:
        return spiking(call, kept, gain, Clip(k))
    if np.max(k * kept) > 1:
        raise call.refuse(
            f"a KLIFNode that keeps {np.max(k * kept):g} of its membranes, k (1 - 1 / tau)",
            "use scale_reset=True, or a smaller k or tau",
        )
    return spiking(call, k * kept, k * gain, Clip(1.0))


def current_based(call: Call) -> Value:
    """c = c_decay * c + x, v = v_decay * v + c: the current moves first; v leaks to 0 whatever v_reset is."""
    decay = call.merged("c_decay", call.module.c_decay)
    current = FloatNeuron(decay=decay, reset="none", kind=MEMBRANE)
    value = call.made.neuron(synapse_of(call.layer), call.value, current)
    return spiking(replace(call, value=value), call.merged("v_decay", call.module.v_decay), 1.0, rests=0.0)


@dataclass(frozen=True)
class Clip:
    """Membranes are 0 and more, and `k` times them is compared."""

    k: float


def spiking(
    call: Call, decay: Number, gain: Number, clip: Clip | None = None, rests: float | None = None
) -> Value:
    """Neurons whose membranes move towards v_reset, or `rests`, and are told their input times `gain`."""
    module, layer = call.module, call.layer
    compare = firing(call, module.surrogate_function)
    compare = call.compare or compare
    if getattr(module, "_neuron_precision", None) is not None:
        raise call.refuse("a neuron with a precision of its own", "use the default precision")
    rest = np.zeros(1) if module.v_reset is None else call.per_channel("v_reset", module.v_reset)
    start = one(layer, "membranes at the start", module._memories_rv["v"])
    theta = call.per_channel("v_threshold", module.v_threshold) / (clip.k if clip else 1.0)
    mode: Any = call.reset or ("soft" if module.v_reset is None else "hard")
    level = np.unique(rest - start)
    if mode == "hard" and len(level) > 1:
        raise call.refuse("a layer with several reset potentials that do not start there", "give one v_reset")
    amount = None
    if mode in ("soft", "delayed") and (start or mode == "delayed"):
        amount = theta / (decay if mode == "delayed" else 1.0)
    neuron = FloatNeuron(
        decay=decay,
        threshold=theta - start,
        reset=cast(ResetMode, "soft" if mode == "delayed" else mode),
        v_reset=float(level[0]) if mode == "hard" else 0.0,
        amount=amount,
        strict=compare == ">",
        floor=clip is not None,
    )
    told(call, mode, compare, "SpikingJelly")
    return call.neurons(neuron, gain, (1 - decay) * ((rest if rests is None else rests) - start))


def firing(call: Call, function: Any) -> str:
    """The comparison that a spike function makes. Raises SpikeplaneError for one that is no step
    from 0 to 1."""
    compare = fires_at(function)
    if compare is None:
        name = getattr(function, "__name__", None) or type(function).__name__
        raise call.refuse(
            f"a layer whose spikes are not 0 and 1 at a threshold (its surrogate function is {name})",
            "use a surrogate function that spikes (spiking=True)",
        )
    return compare


def told(call: Call, mode: str, compare: str, framework: str) -> None:
    """Note where reset and comparison come from."""
    call.made.assume(call.layer, "reset", mode, "given" if call.reset else f"from the {framework} module")
    call.made.assume(call.layer, "compare", compare, "given" if call.compare else f"what {framework} does")


def integrator(call: Call) -> Value:
    """v + x, read out."""
    return membrane(call, 1.0, 1.0)


def leaky_integrator(call: Call) -> Value:
    """v + (x - v) / tau, read out."""
    tau = call.merged("tau", call.module.tau)
    return membrane(call, 1 - 1 / tau, 1 / tau)


def membrane(call: Call, decay: Number, gain: Number) -> Value:
    """A readout of membranes."""
    decode = call.module.decode
    if decode not in (None, "last_mem", "mean-mem"):
        raise call.refuse(f"a readout that decodes '{decode}'", "use decode='last_mem' or 'mean-mem'")
    call.made.readouts[call.layer] = "sum" if decode == "mean-mem" else "last"
    call.made.assume(
        call.layer,
        "readout",
        "membrane",
        "summed over the steps" if decode == "mean-mem" else "of the last step",
    )
    return call.neurons(FloatNeuron(decay=decay, reset="none", kind=MEMBRANE), gain)
