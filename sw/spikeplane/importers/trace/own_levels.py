"""Neurons of integer spikes that users write themselves: a class whose forward takes all steps, (T, N, ...) or (N, T, ...), and
sends round(clamp(v / theta, 0, D)) of a membrane that leaks and, it may be, loses as many thresholds (SpikeYOLO's mem_update).

```
    v = decay * u + x        s = round(clamp(v / theta, 0, D))        u' = v - s * theta, or v        sent: factor * s
```
What a class computes is measured, not read: where its first spikes change tells theta, D and the factor, a spike behind deep
inhibition the decay. Random values over some steps have to come out as these four make them. Compiling proves the import.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNeuron
from spikeplane.importers.flow import Value
from spikeplane.importers.maps import identity
from spikeplane.importers.pointwise import Staircase, staircase, unsent
from spikeplane.importers.registry import Call, forget, handler_of, learn
from spikeplane.importers.torch_copy import evaluated
from spikeplane.network import LEVELS

_LIBRARIES = ("torch.", "spikingjelly.", "snntorch.", "timm.")
_DEEP = 1024.0  #: thresholds below 0 from which the decay is measured
_STEPS = 6
_TAILS = ((3,), (3, 2), (3, 2, 2))


class Own(NamedTuple):
    """What the neurons do, and in which dimension they take the steps."""

    levels: Staircase
    decay: float
    reset: bool
    steps_at: int


def recognise(model: Any) -> None:
    """Let the classes of such neurons in the model be layers, and those no more that are none in it."""
    found: dict[type, set[int | None]] = {}
    for part in model.modules():
        if _is_candidate(part):
            own = measured(part)
            found.setdefault(type(part), set()).add(own and own.steps_at)
    for kind, places in found.items():
        handler, _ = handler_of(kind) or (None, 0)
        if len(places) == 1 and None not in places:
            forget(kind)
            learn(kind, fire, places.pop() or 0)
        elif handler is fire:
            forget(kind)


def fire(call: Call) -> Value:
    """The neurons as they were measured."""
    own = measured(call.module)
    assert own is not None  # or its class would be no layer
    name, reset = type(call.module).__name__, "soft" if own.reset else "none"
    if call.reset not in (None, reset) or call.compare is not None:
        raise call.refuse(
            f"a {name} with another reset or comparison", "integer spikes are rounded; leave both out"
        )
    if own.levels.top not in LEVELS:
        raise unsent(call.made, call.layer, own.levels.top)
    theta = np.full(1, own.levels.theta)
    neuron = FloatNeuron(decay=own.decay, threshold=theta, reset=reset, kind=LEVELS[own.levels.top])
    if not call.several_steps:
        call.made.assume(
            call.layer, "membrane", "none", "the model calls it with one step, in which it begins anew"
        )
        neuron = replace(neuron, decay=0.0, reset="none")
    if own.levels.factor == 1.0:
        return call.neurons(neuron)
    spikes = replace(call, layer=call.made.free(f"{call.layer}.levels")).neurons(neuron)
    factor = np.full(spikes.shape[0], own.levels.factor)
    return call.made.seen(call.layer, spikes, identity(spikes.shape).scaled(factor))


def measured(part: Any) -> Own | None:
    """What the neurons do; None for anything else."""
    try:
        module = evaluated(part).double()
    except SpikeplaneError:
        return None
    with torch.no_grad():
        for at in (0, 1):
            try:
                found = _measured(module, at)
            except Exception:  # whatever a user's class does with such tensors
                continue
            if found is not None:
                return found
    return None


def _measured(module: Any, at: int) -> Own | None:
    def alone(values: np.ndarray) -> np.ndarray:
        x = torch.as_tensor(values, dtype=torch.float64).reshape(1, 1, -1, 1, 1)
        return _called(module, x, at).reshape(-1).numpy()

    levels = staircase(alone)
    if levels is None:
        return None
    deep = -_DEEP * levels.theta

    def late(values: np.ndarray) -> np.ndarray:
        x = torch.as_tensor(values, dtype=torch.float64).reshape(1, 1, -1, 1, 1)
        return _called(module, torch.cat((torch.full_like(x, deep), x)), at)[1].reshape(-1).numpy()

    begins = _first(late, 0.0, 2 * -deep)
    if begins is None:
        return None
    decay = round((begins - levels.theta / 2) / -deep, 9)
    if not decay:
        return None  # a function of every value for itself
    tries = (Own(levels, decay, reset, at) for reset in (True, False))
    return next((own for own in tries if _is_so(module, own)), None)


def _first(function: Callable[[np.ndarray], np.ndarray], low: float, high: float) -> float | None:
    """The largest number between that gives 0; None where it does not begin so, or ends so."""
    if function(np.array([low]))[0] or not function(np.array([high]))[0]:
        return None
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (low, middle) if function(np.array([middle]))[0] else (middle, high)
    return low


def _is_so(module: Any, own: Own) -> bool:
    """Whether random values become what it does, at every rank that is tried."""
    draw, levels = torch.Generator().manual_seed(0), own.levels
    for tail in _TAILS:
        x = torch.randn((_STEPS, 2, 16, *tail), dtype=torch.float64, generator=draw)
        x = x * levels.theta * levels.top
        u, sent = torch.zeros_like(x[0]), []
        for step in x:
            v = own.decay * u + step
            s = torch.round(torch.clamp(v / levels.theta, 0, levels.top))
            u = v - s * levels.theta if own.reset else v
            sent.append(s * levels.factor)
        wanted, given = torch.stack(sent), _called(module, x, own.steps_at)
        if given.shape != wanted.shape or not torch.allclose(given, wanted, rtol=1e-12, atol=0):
            return False
    return True


def _called(module: Any, x: Tensor, at: int) -> Tensor:
    return module(x.movedim(0, at).contiguous()).movedim(at, 0)


def _is_candidate(part: Any) -> bool:
    """Whether it may be such a neuron: a user's class without numbers that it learned, which no one registered."""
    kind = type(part)
    if kind.__module__.startswith(_LIBRARIES) or not list(part.modules()):
        return False
    handler, _ = handler_of(kind) or (None, 0)
    return handler in (None, fire) and not list(part.parameters()) and len(list(part.modules())) <= 4
