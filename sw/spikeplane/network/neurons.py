"""How the membranes of a population move."""

from dataclasses import dataclass
from typing import Literal

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
    `membrane_out` sends v as the output, not the spikes.
    """

    leak: LeakKind = "none"
    leak_value: int = 0
    leak_round: LeakRound = "down"
    reset: ResetMode = "hard"
    v_reset: int = 0
    strict: bool = False
    membrane_out: bool = False
