"""What a user's class of neurons computes of all steps, measured: W x + b over the steps, the same for every value, and
spikes where that is at least 0.

Without its surrogate function the forward must be such a map at every rank and size of inputs that is tried. Its
weights are the answers to one value in one step. Those of a leaky sum of all steps before are one leak.
"""

from itertools import product
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Mix
from spikeplane.importers.torch_copy import evaluated
from spikeplane.importers.trace.surrogates import surrogate, without_surrogate

#: Behind steps and samples: of rows, of sequences, of images.
_TAILS = ((3,), (3, 2), (3, 2, 2))
_LARGE = 2.0**60  #: beside a product with it an offset is nothing
LONGEST = 512  #: steps, at most
_SOME = 8  #: steps where a module names no number

Tail = tuple[int, ...]
Map = tuple[np.ndarray, np.ndarray]


class Leak(NamedTuple):
    """v = decay * v + gain * x in every step, nothing reset; it fires where v is at least threshold."""

    decay: float
    gain: float
    threshold: float


class Parallel(NamedTuple):
    """What parallel neurons do, and in which dimension they take the steps: 0, or 1 behind the samples."""

    does: Mix | Leak
    compare: str
    steps_at: int


def measured(part: Any) -> Parallel | None:
    """What the neurons do; None for anything else. In float64, or as it was trained where it takes nothing else."""
    try:
        exact = evaluated(part)
    except SpikeplaneError:
        return None
    with torch.no_grad():
        names = dict.fromkeys((surrogate(exact), None))  # a child may be there and not in use
        for double, at, name in product((True, False), (0, 1), names):
            module = exact.double() if double else exact.float()
            if (found := _Measure(module, at, name).parallel()) is not None:
                return found
    return None


def lengths(part: Any) -> list[int]:
    """The numbers of steps that a module may be made for: sizes of its tensors, and whole numbers that it keeps."""
    found = {n for t in (*part.parameters(), *part.buffers()) for n in t.shape}
    found |= {n for p in part.modules() for n in vars(p).values() if type(n) is int}
    return sorted(n for n in found if 1 < n <= LONGEST) or [_SOME]


class _Measure:
    """A module with its surrogate function in its place, and without; `at`: the dimension of the steps; `name`: of the
    child that fires, None for comparisons."""

    def __init__(self, module: Any, at: int, name: str | None) -> None:
        self.module, self.at, self.name = module, at, name
        self.compare: str | None = None
        self.dtype = next((p.dtype for p in module.parameters()), torch.float64)
        self.draw = torch.Generator().manual_seed(0)
        self.lengths = lengths(module)

    def parallel(self) -> Parallel | None:
        more = 2 * self.lengths[-1] + 1
        if self._takes(more):
            does = self._of_any_steps(more)
        else:
            fixed = [(n, map_) for n in self.lengths if self._takes(n) and (map_ := self._map(n)) is not None]
            does = Mix(fixed[0][1][0], -fixed[0][1][1]) if len(fixed) == 1 else None
        return None if does is None or self.compare is None else Parallel(does, self.compare, self.at)

    def _takes(self, steps: int) -> bool:
        """Whether it takes so many."""
        return any(self._currents(torch.zeros((steps, 2, *t), dtype=self.dtype)) is not None for t in _TAILS)

    def _of_any_steps(self, steps: int) -> Mix | Leak | None:
        """Weights of the last k steps, or a leak; None where it does something else."""
        found = self._map(steps)
        if found is None or not bool((found[1] == found[1][0]).all()):
            return None
        weight, offset = found
        kernel = weight[-1]
        used = steps - int(np.flatnonzero(kernel)[0]) if kernel.any() else 0
        mix = Mix(kernel[steps - used :], -offset[:1])
        if 1 < used <= steps // 2 + 1 and np.array_equal(mix.of(steps), weight):
            return mix
        return self._leak(weight, -float(offset[0])) if used > steps // 2 + 1 else None

    def _leak(self, weight: np.ndarray, threshold: float) -> Leak | None:
        """Where every step counts by a power of how long ago it was."""
        steps, gain = len(weight), weight[0, 0]
        decay = weight[1, 0] / gain if gain else 0.0
        late = np.subtract.outer(np.arange(steps), np.arange(steps))
        powers = np.where(late >= 0, gain * decay ** np.maximum(late, 0), 0.0)
        tiny = 4 * steps * torch.finfo(self.dtype).eps
        if not 0 < decay <= 1 or not (np.abs(powers - weight) <= tiny * np.abs(weight)).all():
            return None
        return Leak(float(decay), float(gain), threshold)

    def _map(self, steps: int) -> Map | None:
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

    def _answers(self, steps: int, tail: Tail) -> Map | None:
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
        self, weight: np.ndarray, offset: np.ndarray, steps: int, tail: Tail, size: float
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
        fired = self._called(x)
        spikes = currents >= 0 if self.compare == ">=" else currents > 0
        return bool(close.all()) and bool(torch.equal(fired, spikes.to(fired.dtype)))

    def _currents(self, x: Tensor) -> Tensor | None:
        """What the surrogate function is asked, in the input's shape; None where the forward does not take the input."""
        with without_surrogate(self.module, self.name, x.numel()) as asked:
            try:
                out = self._called(x)
            except Exception:
                return None
        fine = isinstance(out, Tensor) and out.shape == x.shape and out.dtype == x.dtype
        if not fine or len(asked.compares) != 1 or not bool(out.isfinite().all()):
            return None
        self.compare = asked.compares[0]
        return out

    def _called(self, x: Tensor) -> Any:
        given = x.movedim(0, self.at).clone(memory_format=torch.contiguous_format)
        out = self.module(given)
        return out.movedim(self.at, 0) if isinstance(out, Tensor) and out.ndim > 1 else out
