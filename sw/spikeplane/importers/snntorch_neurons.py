"""snnTorch's neurons. They fire at mem > threshold; what a spike subtracts is subtracted in the
step after, undecayed.

So a subtraction is `amount` = threshold / beta in the step of the spike; where nothing is kept, it
is a connection of weight -threshold from each neuron to itself, one step later.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from spikeplane.float_network import FloatNeuron
from spikeplane.importers.flow import Currents, Source, Spikes, Value
from spikeplane.importers.registry import Call, Outputs, Result, State, builtin
from spikeplane.importers.spikingjelly_neurons import Number, firing, told
from spikeplane.importers.values import merged, numbers, one, pair
from spikeplane.network import MEMBRANE, ResetMode

#: snnTorch's reset_mechanism
_RESETS: dict[str, ResetMode] = {"subtract": "soft", "zero": "hard", "none": "none"}
_FUNCTIONS = {"subtract": "_base_sub", "zero": "_base_zero", "none": "_base_int"}


def install() -> None:
    """Register the handlers."""
    import snntorch

    builtin(snntorch.Leaky, states=1)(leaky)
    builtin(snntorch.Lapicque, states=1)(lapicque)
    builtin(snntorch.RLeaky, states=2)(recurrent)
    builtin(snntorch.Synaptic, states=2)(synaptic)
    builtin(snntorch.RSynaptic, states=3)(recurrent_synaptic)
    builtin(snntorch.Alpha, states=3)(alpha)


def leaky(call: Call) -> Result:
    """beta * mem + x."""
    return _outputs(call, _neurons(call, call.value, _beta(call), 1.0))


def lapicque(call: Call) -> Result:
    """mem (1 - time_step / (R C)) + x time_step / C."""
    module = call.module
    _check_zero(call)
    capacity, resistance, step = (
        one(call.layer, name, getattr(module, name)) for name in ("C", "R", "time_step")
    )
    return _outputs(call, _neurons(call, call.value, 1 - step / (resistance * capacity), step / capacity))


def recurrent(call: Call) -> Result:
    """beta * mem + x + the layer's own spikes of the step before through a layer of theirs."""
    _check_zero(call)
    value = call.made.currents(call.layer, call.value)
    before = Spikes((Source(call.layer, delay=1),), value.shape, value.flat)
    total = call.made.add(call.layer, value, _back(call, before))
    return _outputs(call, _neurons(call, replace(total, flat=value.flat), _beta(call), 1.0))


def synaptic(call: Call) -> Result:
    """syn = alpha * syn + x, mem = beta * mem + syn: the current moves first."""
    _check_zero(call)
    current = _current(call, "syn", call.value, _beta(call, "alpha"), 1.0)
    return _outputs(call, _neurons(call, current, _beta(call), 1.0), "syn")


def recurrent_synaptic(call: Call) -> Result:
    """As `synaptic`, of x + the layer's own spikes of the step before through a layer of theirs."""
    _check_zero(call)
    if not call.module.reset_delay:
        raise call.refuse(
            "an RSynaptic with reset_delay=False, which snnTorch cannot run", "use reset_delay=True"
        )
    value = call.made.currents(call.layer, call.value)
    before = Spikes((Source(call.layer, delay=1),), value.shape, value.flat)
    total = replace(call.made.add(call.layer, value, _back(call, before)), flat=value.flat)
    current = _current(call, "syn", total, _beta(call, "alpha"), 1.0)
    return _outputs(call, _neurons(call, current, _beta(call), 1.0), "spk", "syn")


def alpha(call: Call) -> Result:
    """syn_exc = alpha * syn_exc + x, syn_inh = beta * syn_inh - x, mem = tau * (syn_exc + syn_inh)."""
    if call.module.reset_mechanism != "none":
        raise call.refuse(
            f"an Alpha with reset_mechanism '{call.module.reset_mechanism}', which changes its currents too",
            "use reset_mechanism='none', or Synaptic",
        )
    rise, fall = _beta(call, "alpha"), _beta(call)
    value = call.made.currents(call.layer, call.value)
    parts = (_current(call, "syn_exc", value, rise, 1.0), _current(call, "syn_inh", value, fall, -1.0))
    total = call.made.add(call.layer, *(call.made.currents(call.layer, part) for part in parts))
    gain = np.log(rise) / (np.log(fall) - np.log(rise)) + 1
    spikes = _neurons(call, replace(total, flat=value.flat), 0.0, gain)
    return _outputs(call, spikes, "syn_exc", "syn_inh")


def _current(call: Call, name: str, value: Value, decay: Number, gain: float) -> Spikes:
    """A synaptic current: a population of values."""
    _check_plain(call)
    neuron = FloatNeuron(decay=decay, reset="none", kind=MEMBRANE)
    return call.made.neuron(f"{call.layer}.{name}", value, neuron, gain)


def _beta(call: Call, name: str = "beta") -> Number:
    """What is kept: snnTorch clamps it to 0..1."""
    each = call.per_channel(name, getattr(call.module, name))
    beyond = each[(each < 0) | (each > 1)]
    if beyond.size:
        beta = float(beyond[0])
        call.made.assume(
            call.layer, name, f"{min(max(beta, 0.0), 1.0):g}", f"snnTorch clamps {beta:g} to 0..1"
        )
    return merged(np.clip(each, 0.0, 1.0))


def _check_zero(call: Call) -> None:
    if call.module.reset_mechanism == "zero":
        name = type(call.module).__name__
        raise call.refuse(
            f"a {name} with reset_mechanism 'zero', which drops a step's input too",
            "use 'subtract' or 'none', or Leaky",
        )


def _back(call: Call, before: Spikes) -> Currents:
    """The layer's own spikes through its recurrent connections."""
    from torch import nn

    layer, module = f"{call.layer}.recurrent", call.module.recurrent
    if type(module) is nn.Linear and (before.flat or before.shape[1:] == (1, 1)):
        bias = None if module.bias is None else numbers(layer, "recurrent biases", module.bias)
        return call.made.linear(layer, before, numbers(layer, "recurrent weights", module.weight), bias)
    if type(module) is nn.Conv2d and not before.flat:
        bias = None if module.bias is None else numbers(layer, "recurrent biases", module.bias)
        weight = numbers(layer, "recurrent weights", module.weight)
        return call.made.convolution(
            layer, before, weight, bias, stride=pair(module.stride), padding=pair(module.padding)
        )
    if type(module).__name__ == "RecurrentOneToOne":
        weight = call.per_channel("V", module.V)
        return call.made.scale(call.made.currents(call.layer, before), weight, np.zeros(len(weight)))
    raise call.refuse(
        f"a recurrence through a {type(module).__name__}",
        "use linear_features on rows, or conv2d_channels on pixels",
    )


@dataclass(frozen=True)
class _Reset:
    """How the threshold is taken off: mode as in `FloatNeuron`, amount (C,) or None, and (C,)
    weights of neurons to themselves."""

    mode: ResetMode
    amount: np.ndarray | None = None
    itself: np.ndarray | None = None


def _neurons(call: Call, value: Value, decay: Number, gain: Number) -> Spikes:
    """The population of a layer whose membranes keep `decay` of themselves and are told their input
    times `gain`."""
    _check_plain(call)
    compare = firing(call, call.module.spike_grad)
    compare = call.compare or compare
    theta = call.per_channel("threshold", call.module.threshold)
    currents = call.made.scale(
        call.made.currents(call.layer, value), np.full(len(theta), gain), np.zeros(len(theta))
    )
    reset = _reset(call, currents, decay, theta)
    if reset.itself is not None:
        back = call.made.currents(
            call.layer, Spikes((Source(call.layer, delay=1),), currents.shape, currents.flat)
        )
        total = call.made.add(call.layer, currents, call.made.scale(back, reset.itself, np.zeros(len(theta))))
        currents = replace(total, flat=currents.flat)
    neuron = FloatNeuron(
        decay=decay, threshold=theta, reset=reset.mode, amount=reset.amount, strict=compare == ">"
    )
    told(call, call.reset or _RESETS[call.module.reset_mechanism], compare, "snnTorch")
    return call.made.neuron(call.layer, currents, neuron)


def _reset(call: Call, currents: Currents, decay: Number, theta: np.ndarray) -> _Reset:
    own = _RESETS[call.module.reset_mechanism]
    mode: Any = call.reset or own
    late = mode == "delayed" or (
        mode == "soft" and not call.reset and getattr(call.module, "reset_delay", True)
    )
    if mode not in ("soft", "delayed"):
        if own == "hard" and not getattr(call.module, "reset_delay", True) and theta.min() <= 0:
            raise call.refuse(
                "a Leaky of a threshold of 0 or less with reset_delay=False", "use a threshold of more than 0"
            )
        return _Reset(cast(ResetMode, mode))
    if theta.min() < 0:
        raise call.refuse("a layer that subtracts a negative threshold", "use a threshold of 0 or more")
    if not late and not call.reset and not _fires_once(call, currents, decay, theta):
        raise call.refuse(
            (
                "a Leaky that subtracts with reset_delay=False and may reach twice its threshold, "
                "where it does not fire"
            ),
            "use reset_delay=True",
        )
    if not late:
        return _Reset("soft")
    call.made.assume(
        call.layer, "reset", "subtracts threshold / beta", "snnTorch subtracts one step later, undecayed"
    )
    each = np.broadcast_to(decay, theta.shape)
    keeps = each > 0
    if not keeps.any():
        return _Reset("none", itself=-theta)
    amount = np.divide(theta, each, out=np.zeros_like(theta), where=keeps)
    return _Reset("soft", amount=amount, itself=None if keeps.all() else np.where(keeps, 0.0, -theta))


def _fires_once(call: Call, currents: Currents, decay: Number, theta: np.ndarray) -> bool:
    """Whether no membrane can reach twice its threshold: then a subtraction at once leaves none above it."""
    largest = currents.image.max((1, 2))
    for draft in currents.drafts:
        if draft.delay or call.made.sends_values(draft.source):
            return False
        largest += draft.map.largest()
    return bool((decay * theta + largest < 2 * theta).all())


def _check_plain(call: Call) -> None:
    """Refuse options that change what comes out."""
    module = call.module
    name = type(module).__name__
    factor = one(call.layer, "graded_spikes_factor", module.graded_spikes_factor)
    if module.inhibition or module.state_quant or factor != 1.0:
        raise call.refuse(f"a {name} with inhibition, state_quant or graded spikes", f"use a plain {name}")
    kept, at_construction = list(_RESETS)[int(module.reset_mechanism_val)], module.state_function.__name__
    if not _FUNCTIONS[module.reset_mechanism] == _FUNCTIONS[kept] == at_construction:
        raise call.refuse(
            f"a {name} whose reset_mechanism was changed after it was made",
            "make it anew with that reset_mechanism",
        )
    if module.init_hidden and call.states:
        raise call.refuse(
            f"a {name} that keeps its state and is handed one", "use init_hidden=False, or hand it none"
        )
    if call.several_steps:
        raise call.refuse(f"a {name} in a model of step mode 'm'", "use step mode 's'")


def _outputs(call: Call, spikes: Spikes, *before: str) -> Any:
    """Spikes alone, or with the states: those `before` the membrane, and the membrane."""
    module = call.module
    if module.init_hidden and not module.output:
        return spikes
    late = getattr(module, "reset_delay", True) or module.reset_mechanism == "none"
    states = [
        State(call.layer, values=f"{call.layer}.{name}", place=i)
        for i, name in enumerate(before)
        if name != "spk"
    ]
    return Outputs(spikes, (*states, State(call.layer, bool(late), place=len(before) if before else None)))
