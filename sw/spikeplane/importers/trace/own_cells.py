"""Neurons that users write themselves and call once a step: a class with a method `reset`, behind which it starts at 0, that keeps
its membrane in an attribute (ConvIFCell and IFCell of the attention networks).

```
    v = decay * u + x        s = v >= theta, or v > theta        u' = reset, v - amount, or v where it fired;  v where it did not
```
What a class computes is measured, not read: a spike behind deep inhibition tells the decay, one behind a spike where the reset
goes. Random values over some steps have to come out so. Compiling proves the import.
"""

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNeuron
from spikeplane.importers.flow import Value
from spikeplane.importers.pointwise import steps
from spikeplane.importers.registry import Call, forget, handler_of, learn, parent_of
from spikeplane.importers.torch_copy import evaluated
from spikeplane.network import ResetMode

_LIBRARIES = ("torch.", "spikingjelly.", "snntorch.", "timm.")
_DEEP = 1024.0  #: thresholds below 0 from which the decay is measured
_STRONG = (3.0, 40.0)  #: thresholds that a first step gets, to see where a reset goes
_STEPS = 6
_CHANNELS = 4096  #: of a layer that says how many it has
_DIGITS = 9


@dataclass(frozen=True)
class Cell:
    """What the neurons do; `to` is where a hard reset goes, or what a soft one takes away."""

    theta: float
    strict: bool
    decay: float
    reset: ResetMode
    to: float


def recognise(model: Any) -> None:
    """Let the classes of such neurons in the model be layers, and those no more that are none in it."""
    found: dict[type, set[bool]] = {}
    for part in model.modules():
        if _is_candidate(part):
            found.setdefault(type(part), set()).add(measured(part) is not None)
    for kind, kinds in found.items():
        handler, _ = handler_of(kind) or (None, 0)
        if kinds == {True}:
            forget(kind)
            learn(kind, fire, None)
        elif handler is fire:
            forget(kind)


def fire(call: Call) -> Value:
    """The neurons as they were measured."""
    cell = measured(call.module)
    assert cell is not None  # or its class would be no layer
    reset, compare = call.reset or cell.reset, call.compare or (">" if cell.strict else ">=")
    if reset != cell.reset:
        raise call.refuse(
            f"a {type(call.module).__name__} with a {reset} reset", "it has one of its own; leave it out"
        )
    call.made.assume(
        call.layer, "reset", reset if reset != "hard" else f"to {cell.to:g}", "as its class does"
    )
    call.made.assume(call.layer, "compare", compare, "given" if call.compare else "as its class does")
    return call.neurons(
        FloatNeuron(
            decay=cell.decay,
            threshold=np.full(1, cell.theta),
            reset=cell.reset,
            v_reset=cell.to if cell.reset == "hard" else 0.0,
            amount=np.full(1, cell.to) if cell.reset == "soft" else None,
            strict=compare == ">",
        )
    )


def named(model: Any, error: SpikeplaneError) -> SpikeplaneError:
    """The error, or, where it is one inside of neurons that are none of these, what they do instead."""
    parts = ((name, part) for name, part in model.named_modules() if name and _is_candidate(part))
    name, part = next(((n, p) for n, p in parts if _is_alone(p) and _is_inside(n, p, str(error))), ("", None))
    if part is None:
        return error
    sent = _sent(part)
    if sent is None:
        return error
    other = next((float(v) for v in sent if v not in (0.0, 1.0)), None)
    what = (
        f"sends values such as {other:.3g}, not spikes of 0 and 1"
        if other is not None
        else "fires as no neurons with one leak, one threshold and one reset do"
    )
    return SpikeplaneError(
        f"layer '{name}' ({type(part).__name__}) keeps a membrane and {what}, which Spikeplane cannot represent; "
        "let it send spikes of such neurons, or teach Spikeplane what it does (spikeplane.importers.register)"
    )


def _is_alone(part: Any) -> bool:
    """Whether it has no layers inside, which an error may be of."""
    return not any(list(child.parameters()) for child in part.children())


def _is_inside(name: str, part: Any, error: str) -> bool:
    """Whether the error is of what this part keeps, or of a line of its class."""
    if re.search(rf"forward changes '\w+' of layer '{re.escape(name)}'", error):
        return True
    place = re.match(r"(\S+\.py):(\d+): ", error)
    for kind in type(part).__mro__ if place else ():
        function = vars(kind).get("forward")
        if kind is torch.nn.Module or not inspect.isfunction(function):
            continue
        code = function.__code__
        lines = [line for _, _, line in code.co_lines() if line is not None]
        if place and Path(code.co_filename).name == place[1] and min(lines) <= int(place[2]) <= max(lines):
            return True
    return False


def _sent(part: Any) -> np.ndarray | None:
    """What the neurons send in some steps of random values; None where they take no such tensors."""
    module = evaluated(part).double()
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tail in ((2, 2), ()):
            for channels in _channels(part):
                x = torch.randn((_STEPS, 16, channels, *tail), dtype=torch.float64, generator=draw)
                try:
                    return torch.stack(_Run(module, channels, tail).on(list(x))).numpy().ravel()
                except Exception:  # whatever a user's class does with such tensors
                    continue
    return None


def measured(part: Any) -> Cell | None:
    """What the neurons do; None for anything else."""
    try:
        module = evaluated(part).double()
    except SpikeplaneError:
        return None
    with torch.no_grad():
        for tail in ((2, 2), ()):
            for channels in _channels(part):
                try:
                    found = _measured(_Run(module, channels, tail))
                except Exception:  # whatever a user's class does with such tensors
                    continue
                if found is not None:
                    return found
    return None


def _channels(part: Any) -> list[int]:
    """How many it may want: 3, or one of its own numbers."""
    own = [n for n in vars(part).values() if type(n) is int and 0 < n <= _CHANNELS]
    return sorted({3, *own}, key=lambda n: (n != 3, n))


@dataclass(frozen=True)
class _Run:
    """The neurons on channels and pixels that they take."""

    module: Any
    channels: int
    tail: tuple[int, ...]

    def on(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """What comes out of tensors (N, C, ...), one a step."""
        self.module.reset()
        return [self.module(x.clone()) for x in inputs]

    def last(self, values: np.ndarray, *before: float) -> np.ndarray:
        """What values (n,) become behind steps with these inputs."""
        shape = (len(values), self.channels, *self.tail)
        given = [torch.full(shape, b, dtype=torch.float64) for b in before]
        last = torch.as_tensor(values, dtype=torch.float64).reshape(-1, *[1] * (len(shape) - 1)).expand(shape)
        return self.on([*given, last])[-1].reshape(len(values), -1)[:, 0].numpy()


def _measured(run: _Run) -> Cell | None:
    found = steps(run.last)
    if found is None or found[2:] != (0.0, 1.0) or found[0] <= 0:
        return None
    theta, strict = found[:2]

    def begins(*before: float) -> float | None:
        other = _first(lambda v: run.last(v, *before), theta)
        return None if other is None else other

    deep = begins(-_DEEP * theta)
    if deep is None or begins(0.0) is None:
        return None
    decay = round((deep - theta) / (_DEEP * theta), _DIGITS)
    behind = [begins(strong * theta) for strong in _STRONG]
    if not 0 < decay <= 1 or None in behind:
        return None
    left = [(theta - float(b or 0)) / decay for b in behind]
    kept = [strong * theta - u for strong, u in zip(_STRONG, left, strict=True)]
    tries: tuple[tuple[ResetMode, float], ...] = (
        ("none", 0.0), ("hard", _rounded(left[0])), ("soft", _rounded(kept[0]))
    )  # fmt: skip
    cells = (Cell(_rounded(theta), strict, decay, reset, to) for reset, to in tries)
    return next((cell for cell in cells if _is_so(run, cell)), None)


def _rounded(theta: float) -> float:
    """Without what a spike of single precision leaves."""
    near = round(theta, 6)
    return near if abs(near - theta) < 1e-7 else round(theta, _DIGITS)


def _first(function: Callable[[np.ndarray], np.ndarray], theta: float) -> float | None:
    """Where the spikes begin; None where they do not, or are something else."""
    low, high = -4 * _DEEP * theta, 4 * _DEEP * theta
    if function(np.array([low]))[0] != 0 or function(np.array([high]))[0] != 1:
        return None
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (low, middle) if function(np.array([middle]))[0] else (middle, high)
    return high


def _is_so(run: _Run, cell: Cell) -> bool:
    """Whether random values become what it does."""
    draw = torch.Generator().manual_seed(0)
    shape = (_STEPS, 16, run.channels, *run.tail)
    x = (torch.randn(shape, dtype=torch.float64, generator=draw) + 0.3) * 2 * cell.theta
    u, wanted = torch.zeros_like(x[0]), []
    for step in x:
        v = cell.decay * u + step
        s = (v > cell.theta) if cell.strict else (v >= cell.theta)
        to = {"hard": torch.full_like(v, cell.to), "soft": v - cell.to, "none": v}[cell.reset]
        u = torch.where(s, to, v)
        wanted.append(s.to(v.dtype))
    given = run.on(list(x))
    return all(a.shape == b.shape and torch.equal(a.double(), b) for a, b in zip(given, wanted, strict=True))


def _is_candidate(part: Any) -> bool:
    """Whether it may be such a neuron: a user's class with a reset of its own, which no one registered."""
    kind = type(part)
    if kind.__module__.startswith(_LIBRARIES) or parent_of(kind) is not None:
        return False
    handler, _ = handler_of(kind) or (None, 0)
    return handler in (None, fire) and callable(getattr(kind, "reset", None))
