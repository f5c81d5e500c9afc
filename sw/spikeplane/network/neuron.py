"""How the membranes of a population move."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from spikeplane.network.neurons import SPIKING, NeuronKind

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
    """

    leak: LeakKind = "none"
    leak_value: int = 0
    leak_round: LeakRound = "down"
    reset: ResetMode = "hard"
    v_reset: int = 0
    strict: bool = False
    kind: NeuronKind = SPIKING

    def least(self, theta: np.ndarray) -> np.ndarray:
        """The least membranes that fire at thresholds `theta`."""
        return theta + self.strict

    @property
    def stateless(self) -> bool:
        """Keeps nothing from step to step: a gate."""
        return self.leak == "memoryless"
