"""Parallel neurons that users write themselves: a class whose forward takes all steps, (T, N, ...) or (N, T, ...), and fires
where a weighted sum over the steps of each value, plus an offset, is at least 0.

What a class computes is measured, not read (measured.py). Compiling proves the import like any other. A class whose spikes
depend on the steps before in another way keeps membranes that nobody knows: it is refused where it is called.
"""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNeuron
from spikeplane.importers.flow import Value
from spikeplane.importers.registry import Call, forget, handler_of, learn, parent_of, strange
from spikeplane.importers.torch_copy import evaluated
from spikeplane.importers.trace.measured import LONGEST, Leak, lengths, measured

_LIBRARIES = ("torch.", "spikingjelly.", "snntorch.", "timm.")
_PARTS = 8  #: modules inside such a neuron, at most
_NUMBERS = LONGEST * (LONGEST + 2)  #: in it, at most


def recognise(model: Any) -> None:
    """Let the classes of parallel neurons in the model be layers, and those no more that are none in it."""
    found: dict[type, set[int | str]] = {}
    for part in model.modules():
        kind = type(part)
        if not found.get(kind, set()) & {"none", "strange"} and _is_candidate(part):
            parallel = measured(part)
            what = parallel.steps_at if parallel else "strange" if _remembers(part) else "none"
            found.setdefault(kind, set()).add(what)
    for kind, kinds in found.items():
        forget(kind)
        if len(kinds) == 1 and kinds <= {0, 1}:
            learn(kind, fire, 1 if 1 in kinds else 0)
        elif kinds == {"strange"}:
            strange(kind)


def fire(call: Call) -> Value:
    """W x over all steps, as it was measured: time as channels, or a leak."""
    parallel = measured(call.module)
    assert parallel is not None  # or its class would be no layer
    if call.reset not in (None, "none"):
        raise call.refuse(
            f"a {type(call.module).__name__} with a {call.reset} reset", "it has none; leave it out"
        )
    does, strict = parallel.does, (call.compare or parallel.compare) == ">"
    if isinstance(does, Leak):
        neuron = FloatNeuron(
            decay=does.decay, threshold=np.full(1, does.threshold), reset="none", strict=strict
        )
        return call.neurons(neuron, does.gain)
    neuron = FloatNeuron(decay=0.0, threshold=np.zeros(1), reset="none", strict=strict, mix=does)
    call.made.assume(call.layer, "steps", "channels", "it decides on all of them at once")
    return replace(call, value=call.made.maximum(call.layer, call.value)).neurons(neuron)


def _is_candidate(part: Any) -> bool:
    """Whether it may be such a neuron: a user's class of few parts and numbers, none of which keeps anything."""
    kind = type(part)
    if kind.__module__.startswith(_LIBRARIES) or parent_of(kind) is not None:
        return False
    handler, _ = handler_of(kind) or (None, 0)
    inside = list(part.modules())[1:]
    small = len(inside) <= _PARTS and sum(p.numel() for p in part.parameters()) <= _NUMBERS
    return handler in (None, fire) and small and not any("_memories" in vars(p) for p in inside)


def _remembers(part: Any) -> bool:
    """Whether it makes spikes of all steps, which depend on those before and on none behind."""
    try:
        module = evaluated(part)
    except SpikeplaneError:
        return False
    steps = lengths(module)
    every = product(((), (2, 2)), dict.fromkeys((3, *steps)), steps, (0, 1))
    with torch.no_grad():
        answers = (_looks_back(module, at, (n, 4, c, *tail)) for tail, c, n, at in every)
        return next((answer for answer in answers if answer is not None), False)


def _looks_back(module: Any, at: int, shape: tuple[int, ...]) -> bool | None:
    """Whether what comes in the first step changes spikes of later ones, and what comes in the last no others; False
    where it makes no spikes, None where it does neither, or takes no such tensor."""
    try:
        module(torch.zeros(1, dtype=torch.float64).expand(shape).movedim(0, at))
    except Exception:
        return None
    draw = torch.Generator().manual_seed(0)
    x = 2 * torch.randn(shape, dtype=torch.float64, generator=draw)
    first, last = x.clone(), x.clone()
    first[0] = first[0].flip(0) + 1
    last[-1] = last[-1].flip(0) + 1
    try:
        some, others, same = (module(each.movedim(0, at).contiguous()) for each in (x, first, last))
    except Exception:
        return None
    if not all(isinstance(y, Tensor) and y.shape == x.movedim(0, at).shape for y in (some, others, same)):
        return None
    some, others, same = (y.movedim(at, 0) for y in (some, others, same))
    if not bool(((some == 0) | (some == 1)).all()):
        return False
    return True if not torch.equal(some[1:], others[1:]) and torch.equal(some[:-1], same[:-1]) else None
