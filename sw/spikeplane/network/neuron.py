"""How the membranes of a population move."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from spikeplane.later import LATER
from spikeplane.network.neurons import SPIKING, NeuronKind
from spikeplane.network.table import Table

ResetMode = Literal["none", "hard", "soft"]
LeakKind = Literal["none", "multiply", "memoryless"]
LeakRound = Literal["down", "up", "odd"]

#: Leak factors are in this part of 1: `Neuron.leak_value` of LEAK_ONE keeps all of the membrane.
LEAK_ONE = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Neuron:
    """How the membranes of a population move; see docs/design.md, "Arithmetic".

    leak "none" (IF), "multiply" (u * leak_value / 65536, leak_value 0..65536) or "memoryless" (0).
    The product is rounded by `leak_round`: "down" to the floor, "up" to the ceiling, "odd" to the
    floor with the lowest bit set if anything was cut. `strict` fires at v > theta instead of >=.
    `kind`: SPIKING sends spikes, MEMBRANE sends v.
    `floor`: v below 0 is 0.
    `planes`: bits of the values that a MEMBRANE sends, v limited to -2^(planes-1)..2^(planes-1) - 1; 0: as
    many as its membranes have. `relu`: 0..2^planes - 1 instead, planes from 1 to one less than membranes have.
    `table`: a MEMBRANE sends what the table has for v, which its planes hold.
    `low`: so many of these planes, the lowest, are not sent: floor(v / 2^low) is, on chips with `low_planes`.
    """

    leak: LeakKind = "none"
    leak_value: int = 0
    leak_round: LeakRound = "down"
    reset: ResetMode = "hard"
    v_reset: int = 0
    strict: bool = False
    kind: NeuronKind = SPIKING
    planes: int = field(default=0, metadata=LATER)
    relu: bool = field(default=False, metadata=LATER)
    floor: bool = field(default=False, metadata=LATER)
    low: int = field(default=0, metadata=LATER)
    table: Table | None = field(default=None, metadata=LATER)

    def bits(self, membrane_bits: int) -> int:
        """Bits of what it sends, and so its planes, on a chip of such membranes."""
        return (self.planes or self.kind.bits(membrane_bits)) - self.low

    def values(self, membrane_bits: int) -> tuple[int, int]:
        """The smallest and the largest value that it sends in a step."""
        if self.table is not None:
            return min(self.table.values), max(self.table.values)
        low, high = self.limits(membrane_bits)
        return low >> self.low, high >> self.low

    def limits(self, membrane_bits: int) -> tuple[int, int]:
        """The least and the largest of what it sends while all of its planes are there: v beyond is the nearer one, where it
        has no table."""
        if not self.planes:
            return self.kind.values(membrane_bits)
        top = 1 << (self.planes - (not self.relu))
        return (0 if self.relu else -top), top - 1

    def least(self, theta: np.ndarray) -> np.ndarray:
        """The least membranes that fire at thresholds `theta`."""
        return theta + self.strict

    @property
    def stateless(self) -> bool:
        """Keeps nothing from step to step: a gate."""
        return self.leak == "memoryless"
