"""A random network under construction: what has been drawn so far, and the draws that many layers share."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.network import (
    LEVELS,
    SPIKING,
    LeakRound,
    Neuron,
    NeuronKind,
    Population,
    Projection,
    ResetMode,
    Table,
)

RESETS: tuple[ResetMode, ...] = ("none", "hard", "soft")
#: Kinds of layers: how likely each is, and what draws one of a name; False where it cannot.
Kinds = tuple[tuple[float, Callable[["Sketch", str], bool]], ...]
ROUNDS: tuple[LeakRound, ...] = ("down", "up", "odd")


@dataclass
class Sketch:
    """`constant`: inputs that are the same in every step of a sample; `loud`: populations with
    biases as large as may be; `apart`: how likely a source's pixels have zeros between; `gates`:
    how likely a layer is a gate; `levels`: how likely its spikes are integers; `kinds`: other kinds of layers."""

    rng: np.random.Generator
    config: ChipConfig
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    planes: dict[str, np.ndarray] = field(default_factory=dict)
    constant: set[str] = field(default_factory=set)
    loud: set[str] = field(default_factory=set)
    apart: float = 0.0
    gates: float = 0.0
    levels: float = 0.0
    kinds: Kinds = ()

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def can_send_values(self) -> bool:
        """The accumulators hold a few membranes."""
        return self.config.acc_bits >= self.config.membrane_bits + 2

    def weights(self, shape: tuple[int, ...], sparse: bool = False) -> np.ndarray:
        """Over the whole range, or only its two ends; `sparse`: one in a channel is not 0, for
        sources that send large values."""
        bits = self.config.weight_bits
        if bits == 1:
            return self.rng.choice([-1, 1], shape)
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        weight = (
            self.rng.choice([low, high], shape)
            if self.chance(0.25)
            else self.rng.integers(low, high + 1, shape)
        )
        if sparse:
            flat = np.zeros((shape[0], weight[0].size), dtype=np.int64)
            flat[np.arange(shape[0]), self.rng.integers(0, flat.shape[1], shape[0])] = self.rng.choice(
                [-1, 1], shape[0]
            )
            return flat.reshape(shape)
        return weight

    def neuron(self, sends: NeuronKind) -> Neuron:
        """Leak, rounding, reset and comparison; a hard reset goes somewhere, at times to a limit."""
        if sends is SPIKING and self.levels and self.chance(self.levels):
            return self._whole()
        kind = ("none", "memoryless", "multiply", "multiply")[self.number(0, 3)]
        top = (1 << (self.config.membrane_bits - 1)) - 1
        place = (
            0,
            0,
            self.number(-9, 9),
            self.number(-top // 3, top // 3),
            (top, -top - 1)[self.number(0, 1)],
        )[self.number(0, 4)]
        made = Neuron(
            leak=kind,
            leak_value=self._factor() if kind == "multiply" else 0,
            leak_round=ROUNDS[self.number(0, 2)],
            reset=RESETS[self.number(0, 2)],
            strict=self.chance(0.5),
            v_reset=place,
            kind=sends,
            floor=self.chance(0.2),
            **({} if sends.spikes else self._planes()),
        )
        tabled = self.config.tables and not sends.spikes and not made.low and self.chance(0.3)
        return self.table(made) if tabled else made

    def _whole(self) -> Neuron:
        """Integer spikes, up to one of the tops that the shifter and the membranes leave."""
        most = min(7, self.config.max_shift + 1, self.config.membrane_bits - 3)
        top = int(self.rng.choice([top for top in LEVELS if top.bit_length() <= most]))
        plain = replace(self, levels=0.0).neuron(SPIKING)
        reset = "none" if plain.reset == "none" else "soft"
        return replace(plain, kind=LEVELS[top], reset=reset, strict=False, v_reset=0)

    def table(self, plain: Neuron) -> Neuron:
        """It sends any numbers of its planes in the place of its membrane."""
        low, high = plain.limits(self.config.membrane_bits)
        values = self.rng.integers(low, high + 1, 256)
        return replace(
            plain, table=Table(tuple(values.tolist()), self.number(0, self.config.membrane_bits // 2))
        )

    def leaks(self, channels: int) -> np.ndarray | None:
        """Of each channel its own leak, where the chip has them; at times the same of all."""
        if not self.config.leak_multiplier or self.chance(0.5):
            return None
        few = [self._factor() for _ in range(self.number(1, 4))]
        any_one = self.chance(0.5)
        return np.array([self._factor() if any_one else self.rng.choice(few) for _ in range(channels)])

    def _planes(self) -> dict[str, Any]:
        """All planes of a membrane, or some, at times from 0 on, at times without the lowest; few enough for the
        shifter."""
        bits, most = self.config.membrane_bits, self.config.max_shift + 1
        if most >= bits and self.chance(0.3):
            return {}
        relu = self.chance(0.4)
        planes = self.number(1, min(bits - relu, most))
        return {"planes": planes, "relu": relu, "low": self._low(planes)}

    def _low(self, planes: int) -> int:
        """Where the chip has that, some of the lowest planes are left out, at times all but one."""
        if not self.config.low_planes or self.chance(0.2):
            return 0
        return planes - 1 if self.chance(0.3) else self.number(0, planes - 1)

    def _factor(self) -> int:
        """A leak in 1/65536 that the chip has; the halves, quarters and the ends more often than
        the others."""
        power = 1 << (16 - self.number(1, 8))
        kept = (power, 65536 - power)[self.number(0, 1)]
        if not self.config.leak_multiplier:
            return kept
        step = 1 << (16 - self.config.leak_bits)
        any_one = step * self.number(0, 65536 // step)
        near = (step, 65536 - step, 0, 65536)[self.number(0, 3)]
        return (kept, any_one, any_one, near)[self.number(0, 3)]
