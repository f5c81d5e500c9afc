"""What is asked of a kind of neuron: what it sends of its membrane, and how it is told apart.

All kinds have one equation (docs/design.md, "Arithmetic"): leak, saturation, comparison and reset are
parameters of a `Neuron`, not kinds.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class NeuronKind(ABC):
    """A closed family: `NEURONS` lists it, one file a kind.

    tag     its name, by which the golden model finds its rule
    stored  field and value that name it in a program file: ("kind", tag), but of the two that are
            older than the field
    spikes  it sends spikes: it needs a threshold, its spikes may go back, a step late, and are counted
    whole   these are whole numbers, how many thresholds a membrane holds
    top     the largest spike
    title   what a report calls it; None: by its leak
    fields  of the population's memory word, as the chip's sweep takes them
    """

    tag: ClassVar[str]
    stored: ClassVar[tuple[str, bool | str]]
    spikes: ClassVar[bool]
    whole: ClassVar[bool] = False
    top: ClassVar[int] = 1
    title: ClassVar[str | None] = None
    fields: ClassVar[Mapping[str, int]] = {}

    @abstractmethod
    def bits(self, membrane_bits: int) -> int:
        """Bits of a value that it sends, a plane each, on a chip of such membranes."""

    @abstractmethod
    def values(self, membrane_bits: int) -> tuple[int, int]:
        """The smallest and the largest value that it sends in a step."""

    @abstractmethod
    def sent(self, v: np.ndarray, theta: np.ndarray, fired: np.ndarray) -> np.ndarray:
        """What it sends, int64, of membranes `v` before the reset, the threshold and where they reached it.
        For estimates; the golden model has its own rule."""

    def words(self, least: np.ndarray, amount: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each channel what a core adds to compare and what it adds to reset, from the least membrane that fires and
        the amount that a reset takes."""
        return -least, -amount
