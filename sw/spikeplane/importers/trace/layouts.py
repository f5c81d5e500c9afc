"""The shapes in which a model may take its input: one image or all steps, pixels or a row."""

from dataclasses import dataclass
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
    is, None without one."""

    rows: bool
    steps_at: int | None
    lines: bool = False

    @property
    def name(self) -> str:
        """For people: (T, N, C, H, W)."""
        lead = {None: ["N"], 0: ["T", "N"], 1: ["N", "T"]}[self.steps_at]
        return f"({', '.join([*lead, *(['features'] if self.rows else ['C', 'L'] if self.lines else ['C', 'H', 'W'])])})"

    def item(self, value: Value, steps: int) -> Item:
        """The input as the model gets it."""
        samples: Dim = (Atom(SAMPLES, BATCH),)
        every: Dim = (Atom(STEPS, steps),)
        lead = {None: [samples], 0: [every, samples], 1: [samples, every]}[self.steps_at]
        own = features(value.shape)
        rest = [dim(*(a for d in own for a in d))] if self.rows else [own[0], *own[1 + self.lines :]]
        return Item(value, (*lead, *rest))

    def tensor(self, shape: tuple[int, int, int], steps: int) -> Any:
        """Zeros of that shape."""
        lead = {None: [BATCH], 0: [steps, BATCH], 1: [BATCH, steps]}[self.steps_at]
        return torch.zeros([*lead, *([prod(shape)] if self.rows else [shape[0], *shape[1 + self.lines :]])])


def layouts(shape: tuple[int, int, int]) -> list[Layout]:
    """In the order in which they are tried."""
    first = shape[1:] == (1, 1)
    kinds = (True, False) if first else (False, True)
    found = [Layout(rows, steps_at) for steps_at in (None, 0, 1) for rows in kinds]
    if shape[1] == 1 and shape[2] > 1:
        found += [Layout(False, steps_at, lines=True) for steps_at in (None, 0, 1)]
    return found
