"""The shapes in which a model may take its input: one image or all steps, pixels or a row."""

import re
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch

from spikeplane.importers.flow import Value
from spikeplane.importers.trace.axes import SAMPLES, STEPS, Atom, Dim, dim, features
from spikeplane.importers.trace.items import Item

BATCH = 11  #: samples of a trace: a prime that hardly any layer has as its size


@dataclass(frozen=True)
class Layout:
    """rows: a sample is one row of features; lines: channels of a line. steps_at: where the axis of steps
    is, 2 behind the channels, -1 at the end, None without one. batch: the samples of a call. image: steps and features are the rows and
    columns, or columns and rows, of an image of one channel."""

    rows: bool
    steps_at: int | None
    lines: bool = False
    batch: int = BATCH
    image: bool = False

    @property
    def name(self) -> str:
        """For people: (T, N, C, H, W)."""
        rest = ["features"] if self.rows else ["C", "L"] if self.lines else ["C", "H", "W"]
        return f"({', '.join(self._led('N', 'T', rest))})"

    def _led(self, samples: Any, steps: Any, rest: list[Any]) -> list[Any]:
        """Samples and steps where they are."""
        if self.image:
            return [samples, self._one(samples), *((*rest, steps) if self.steps_at == -1 else (steps, *rest))]
        if self.steps_at == -1:
            return [samples, *rest, steps]
        if self.steps_at == 2:
            return [samples, rest[0], steps, *rest[1:]]
        lead = {None: [samples], 0: [steps, samples], 1: [samples, steps]}[self.steps_at]
        return [*lead, *rest]

    @staticmethod
    def _one(samples: Any) -> Any:
        """The one channel, as `samples` are told."""
        return "1" if isinstance(samples, str) else 1 if isinstance(samples, int) else ()

    def item(self, value: Value, steps: int) -> Item:
        """The input as the model gets it."""
        samples: Dim = (Atom(SAMPLES, self.batch),)
        every: Dim = (Atom(STEPS, steps),)
        own = features(value.shape)
        rest = [dim(*(a for d in own for a in d))] if self.rows else [own[0], *own[1 + self.lines :]]
        return Item(value, tuple(self._led(samples, every, rest)))

    def tensor(self, shape: tuple[int, int, int], steps: int) -> Any:
        """Zeros of that shape."""
        rest = [prod(shape)] if self.rows else [shape[0], *shape[1 + self.lines :]]
        return torch.zeros(self._led(self.batch, steps, rest))


def kinds(shape: tuple[int, int, int]) -> list[Layout]:
    """Without steps, in the order in which they are tried: pixels, a row, a line."""
    found = [Layout(False, None), Layout(True, None)]
    if shape[1:] == (1, 1):
        return found[::-1]
    return [*found, Layout(False, None, lines=True)] if shape[1] == 1 else found


def layouts(shape: tuple[int, int, int]) -> list[Layout]:
    """In the order in which they are tried."""
    every = kinds(shape)
    found = [replace(kind, steps_at=at) for at in (None, 0, 1) for kind in every[:2]]
    found += [replace(kind, steps_at=at) for at in (None, 0, 1) for kind in every[2:]]
    found += [replace(kind, steps_at=-1) for kind in every]
    found += [replace(kind, steps_at=2) for kind in every if not kind.rows]
    images = shape[1:] == (1, 1)
    return found + [Layout(True, at, image=True) for at in (1, -1) if images]


#: What PyTorch says where a tensor has not as many samples as the forward thinks: where the number is.
_NAMED = (
    r"shape '\[(\d+), [\d, -]+\]' is invalid for input of size \d+",
    r"shape '\[\d+, (\d+), [\d, -]+\]' is invalid for input of size \d+",
    r"got \[(\d+), \d+\] X \[",
    r"\((\d+)x\d+ and \d+x\d+\)",
    r"size of tensor a \((\d+)\) must match the size of tensor b",
    r"must match the size of tensor b \((\d+)\)",
)


#: Likewise where it has not as many steps as a tensor, or a layer over all steps, of the model's; {} are those that it has.
_STEPS = (
    r"got \[\d+, {}\] X \[(\d+), \d+\]",
    r"\(\d+x{} and (\d+)x\d+\)",
    r"to have (\d+) channels, but got {} channels",
    r"broadcast a dimension of length (\d+)",
    r"had torch\.Size\(\[(\d+)",
    r"size of tensor a \((\d+)\) must match the size of tensor b",
    r"must match the size of tensor b \((\d+)\)",
    r"Kernel size: \((\d+) x \d+ x \d+\)",
)
#: Of a batch-norm of the channels of all steps, or a fully connected layer of all steps: what came and what it has.
_TIMES = (r"running_mean should contain (\d+) elements not (\d+)", r"got \[\d+, (\d+)\] X \[(\d+), \d+\]")


def named_steps(message: str, steps: int, batch: int) -> list[int]:
    """The numbers of steps that a forward may have meant that failed so on these: it holds a number for each. None of those
    that were tried."""
    patterns = (pattern.replace("{}", str(steps)) for pattern in _STEPS)
    found = [int(match[1]) for pattern in patterns if (match := re.search(pattern, message))]
    for came, wanted in (map(int, match.groups()) for p in _TIMES if (match := re.search(p, message))):
        found += [] if came == 1 or steps * wanted % came else [steps * wanted // came]
    return [n for n in dict.fromkeys(found) if n not in (1, steps, batch)]


def named_batches(message: str, batch: int) -> list[int]:
    """The numbers of samples that a forward may have meant that failed so on `batch` of them: a model
    that was written for batches of one size says `view(batch_size, -1)`. None behind a second failure."""
    found = [int(match[1]) for pattern in _NAMED if (match := re.search(pattern, message))]
    return [n for n in dict.fromkeys(found) if n not in (1, batch)] if batch == BATCH else []
