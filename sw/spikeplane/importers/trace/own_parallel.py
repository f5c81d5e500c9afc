"""Parallel neurons that users write themselves: a class whose forward takes all steps, (T, N, ...), and fires where a
weighted sum over the steps of each value, plus an offset, is at least 0.

What a class computes is measured, not read: with its surrogate function taken out, the forward must be an affine map
over the steps, the same for every value, at every rank and size of inputs that is tried. Its weights are the answers to
one value in one step. Compiling proves the import like any other.
"""

import copy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNeuron, Mix
from spikeplane.importers.flow import Value
from spikeplane.importers.registry import Call, forget, handler_of, learn, parent_of
from spikeplane.importers.torch_copy import evaluated
from spikeplane.importers.values import fires_at

#: Behind steps and samples: of rows, of sequences, of images.
_TAILS = ((3,), (3, 2), (3, 2, 2))
_LIBRARIES = ("torch.", "spikingjelly.", "snntorch.", "timm.")
_LARGE = 2.0**60  #: beside a product with it an offset is nothing
_LONGEST = 512  #: steps, at most


class Parallel(NamedTuple):
    """What parallel neurons do."""

    mix: Mix
    compare: str


def recognise(model: Any) -> None:
    """Let the classes of parallel neurons in the model be layers, and those no more that are none in it."""
    found: dict[type, bool] = {}
    for part in model.modules():
        kind = type(part)
        if not _is_candidate(part) or found.get(kind) is False:
            continue
        found[kind] = _measured(part) is not None
    for kind, parallel in found.items():
        learn(kind, fire) if parallel else forget(kind)


def fire(call: Call) -> Value:
    """W x over all steps, as it was measured: time as channels."""
    parallel = _measured(call.module)
    assert parallel is not None  # or its class would be no layer
    if call.reset not in (None, "none"):
        raise call.refuse(
            f"a {type(call.module).__name__} with a {call.reset} reset", "it has none; leave it out"
        )
    strict = (call.compare or parallel.compare) == ">"
    neuron = FloatNeuron(decay=0.0, threshold=np.zeros(1), reset="none", strict=strict, mix=parallel.mix)
    call.made.assume(call.layer, "steps", "channels", "it decides on all of them at once")
    return replace(call, value=call.made.maximum(call.layer, call.value)).neurons(neuron)


def _is_candidate(part: Any) -> bool:
    """Whether it may be such a neuron: a user's class around one surrogate function, with numbers of its own."""
    kind = type(part)
    if kind.__module__.startswith(_LIBRARIES) or parent_of(kind) is not None:
        return False
    handler, _ = handler_of(kind) or (None, 0)
    return handler in (None, fire) and _surrogate(part) is not None and bool(list(part.parameters()))


def _surrogate(part: Any) -> str | None:
    """The name of its only child that makes spikes of values."""
    bare = [(n, c) for n, c in part.named_children() if not list(c.children()) and not list(c.parameters())]
    firing = [name for name, child in bare if _fires(child)]
    return firing[0] if len(firing) == 1 else None


def _fires(child: Any) -> bool:
    """Whether it makes spikes of values; a copy is asked, because a call may change what remembers."""
    try:
        return fires_at(copy.deepcopy(child)) is not None
    except Exception:  # whatever a user's class does where it is copied
        return False


def _measured(part: Any) -> Parallel | None:
    """What the neurons do; None for anything else. In float64, or as it was trained where it takes nothing else."""
    try:
        exact = evaluated(part)
    except SpikeplaneError:
        return None
    with torch.no_grad():
        return _Measure(exact).parallel() or _Measure(exact.float()).parallel()


class _Passed(nn.Module):
    """In the place of a surrogate function: hands on what it gets, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return x


class _Measure:
    """A module with its surrogate function in its place, and without."""

    def __init__(self, module: Any) -> None:
        name = _surrogate(module)
        assert name is not None
        self.module, self.name = module, name
        self.function = getattr(module, name)
        self.dtype = next(module.parameters()).dtype
        self.draw = torch.Generator().manual_seed(0)
        lengths = {n for t in (*module.parameters(), *module.buffers()) for n in t.shape}
        lengths |= {n for p in module.modules() for n in vars(p).values() if type(n) is int}
        self.lengths = sorted(n for n in lengths if 1 < n <= _LONGEST)

    def parallel(self) -> Parallel | None:
        compare = fires_at(self.function)
        if not self.lengths or compare is None:
            return None
        more = 2 * self.lengths[-1] + 1
        mix = self._of_any_steps(more)
        if mix is None:
            if any(self._currents(torch.zeros((more, 2, *t), dtype=self.dtype)) is not None for t in _TAILS):
                return None
            fixed = [(n, map_) for n in self.lengths if (map_ := self._map(n)) is not None]
            if len(fixed) != 1:
                return None
            weight, offset = fixed[0][1]
            mix = Mix(weight, -offset)
        return Parallel(mix, compare)

    def _of_any_steps(self, steps: int) -> Mix | None:
        """Weights of the last k steps, where it takes any number of them; None where it does something else."""
        found = self._map(steps)
        if found is None:
            return None
        weight, offset = found
        kernel = weight[-1]
        used = steps - int(np.flatnonzero(kernel)[0]) if kernel.any() else 0
        mix = Mix(kernel[steps - used :], -offset[:1])
        alike = np.array_equal(mix.of(steps), weight) and bool((offset == offset[0]).all())
        return mix if alike and 1 < used <= steps // 2 + 1 else None

    def _map(self, steps: int) -> tuple[np.ndarray, np.ndarray] | None:
        """W (T, T) and b (T,) of so many steps; None where it takes other ones, or does something else."""
        found = [m for tail in _TAILS if (m := self._answers(steps, tail)) is not None]
        if not found or any(
            not np.array_equal(a, b) for one in found for a, b in zip(one, found[0], strict=True)
        ):
            return None
        weight, offset = found[0]
        fits = [
            self._fits(weight, offset, steps, tail, size) for tail in _TAILS for size in (0.0, 1.0, 100.0)
        ]
        return found[0] if False not in fits and True in fits else None

    def _answers(self, steps: int, tail: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray] | None:
        """What a one in each step gives, and nothing in any."""
        shape = (steps, steps, *tail)  # sample n has its value in step n
        nothing = torch.zeros(shape, dtype=self.dtype)
        ones = torch.eye(steps, dtype=self.dtype).reshape(steps, steps, *[1] * len(tail)).expand(shape)
        rest, large = self._currents(nothing), self._currents(_LARGE * ones)
        if rest is None or large is None:
            return None
        weight = ((large - rest) / _LARGE).reshape(steps, steps, -1)[:, :, 0]
        return weight.double().numpy(), rest.reshape(steps, -1)[:, 0].double().numpy()

    def _fits(
        self, weight: np.ndarray, offset: np.ndarray, steps: int, tail: tuple[int, ...], size: float
    ) -> bool | None:
        """Whether random values, spikes where size is 0, become W x + b and then spikes; None where it takes no such
        tensor."""
        x = torch.randn((steps, 2, *tail), dtype=self.dtype, generator=self.draw)
        x = size * x if size else (x > 0).to(self.dtype)
        currents = self._currents(x)
        if currents is None:
            return None
        rows = x.reshape(steps, -1).double().numpy()
        wanted = weight @ rows + offset[:, None]
        most = np.abs(weight) @ np.abs(rows) + np.abs(offset)[:, None]
        tiny = 16 * steps * torch.finfo(self.dtype).eps
        close = np.abs(currents.reshape(steps, -1).double().numpy() - wanted) <= tiny * most
        fired = self.module(x)
        return bool(close.all()) and bool(torch.equal(fired, self.function(currents)))

    def _currents(self, x: Tensor) -> Tensor | None:
        """What the surrogate function is asked, in the input's shape; None where the forward does not take the input."""
        passed = self.module._modules[self.name] = _Passed()
        try:
            out = self.module(x.clone())
        except Exception:
            return None
        finally:
            self.module._modules[self.name] = self.function
        fine = isinstance(out, Tensor) and out.shape == x.shape and out.dtype == x.dtype and passed.calls == 1
        return out if fine and bool(out.isfinite().all()) else None
