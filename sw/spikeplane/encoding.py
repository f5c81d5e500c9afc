"""What an input encoding is: its kind and its numbers. See `encode` for what becomes of samples."""

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.later import LATER

EncodingKind = Literal["direct", "rate", "poisson", "latency", "events", "planes", "frames"]

#: Lowest and highest value of each number of an encoding. A sample of 16,384 steps is a second at
#: the rate of speech, and takes a simulated chip about ten; nobody would see the end of one of a
#: million.
RANGES = {"steps": (1, 1 << 14), "value_bits": (1, 8), "step_us": (1, 1 << 23), "seed": (0, 1 << 63)}


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How samples become planes.

    kind     direct   images as multi-bit values, the same in every step (value_bits bits)
             rate     Bernoulli spikes of probability value / 255, seeded by (seed, sample number)
             poisson  the same of probability value / 256, by a hash of (seed, step, pixel): every host draws
                      the same, whatever the sample's number
             latency  one spike per pixel, the brighter the earlier; a black pixel never
             events   event recordings binned into steps of step_us microseconds, one channel per
                      polarity, 0 or 1
             planes   arrays that are planes already, (T, C, H, W) per sample
             frames   a value of value_bits bits per pixel and step, (T, C, H, W) per sample: event
                      counts, video, audio features
    steps    T, at most 16,384: longer recordings are run in pieces, or in longer steps
    signed   frames of -2^(value_bits-1) to 2^(value_bits-1) - 1 instead of 0 to 2^value_bits - 1
    unit     frames: the real value that the model gets for 1
    fold     so many steps of the model are channels of one step of the chip: the planes of a sample are
             (steps, fold * C, H, W); direct images, the same in each, are sent once. The compiler says it
    mean, std   of what the model gets, a number a channel or one for all: it gets (value - mean) / std,
                and padding stays 0

    Raises SpikeplaneError for another kind, or a number out of its range (`RANGES`).
    """

    kind: EncodingKind = "direct"
    steps: int = 4
    seed: int = 0
    step_us: int = 1000
    value_bits: int = 8
    signed: bool = field(default=False, metadata=LATER)
    unit: float = field(default=1.0, metadata=LATER)
    mean: tuple[float, ...] | None = field(default=None, metadata=LATER)
    std: tuple[float, ...] | None = field(default=None, metadata=LATER)
    fold: int = field(default=1, metadata=LATER)

    def __post_init__(self) -> None:
        if self.kind not in get_args(EncodingKind):
            raise SpikeplaneError(
                f"encoding: kind must be one of {', '.join(get_args(EncodingKind))}, not '{self.kind}'"
            )
        for name, (low, high) in RANGES.items():
            value: Any = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or not low <= value <= high:
                raise SpikeplaneError(f"encoding: {name} must be from {low} to {high}, not {value}")
        fold: Any = self.fold
        if type(fold) is not int or not 1 <= fold * self.steps <= RANGES["steps"][1]:
            raise SpikeplaneError(f"encoding: fold must be 1 or more, not {fold}")
        self._check_frames()
        for name in ("mean", "std"):
            object.__setattr__(self, name, _numbers(name, getattr(self, name)))
        if self.std is not None and min(self.std) <= 0:
            raise SpikeplaneError(f"encoding: std must be above 0, not {min(self.std)}")

    def _check_frames(self) -> None:
        unit: Any = self.unit
        if not isinstance(unit, int | float | np.number) or not 0 < unit < math.inf:
            raise SpikeplaneError(f"encoding: unit must be a number above 0, not {unit}")
        if self.kind != "frames" and (self.signed or self.unit != 1.0):
            raise SpikeplaneError(
                f"encoding: signed and unit are for frames, not for the kind '{self.kind}'; "
                "normalise images with mean and std"
            )
        if self.signed and self.value_bits < 2:
            raise SpikeplaneError("encoding: signed values take 2 bits or more, not 1")

    @property
    def bits(self) -> int:
        """Bits of one value of the input population: value_bits for direct coding and frames, else 1."""
        return self.value_bits if self.kind in ("direct", "frames") else 1

    @property
    def span(self) -> tuple[int, int]:
        """The least and the largest integer that the input population sends."""
        return (
            (-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1)
            if self.signed
            else (0, (1 << self.bits) - 1)
        )

    @property
    def value(self) -> float:
        """What the model gets, in real numbers, for an integer of 1: the unit of frames; else full scale is 1."""
        return float(self.unit) if self.kind == "frames" else 1.0 / self.span[1]

    @property
    def copies(self) -> int:
        """How often the channels of a sample's step stand in those of its planes."""
        return 1 if self.kind == "direct" else self.fold

    def apart(self, shape: tuple[int, int, int]) -> "tuple[Encoding, tuple[int, int, int]]":
        """The same with all steps one after the other, as samples come, and (C, H, W) of one of them, where `shape` is
        the input population's."""
        plain = replace(self, steps=self.steps * self.fold, fold=1)
        return (plain, (shape[0] // self.copies, *shape[1:])) if self.fold > 1 else (self, shape)

    @property
    def normalises(self) -> bool:
        """Whether the model gets something else than values in their unit."""
        return self.mean is not None or self.std is not None

    def normalisation(self, channels: int) -> tuple[np.ndarray, np.ndarray]:
        """Gain and offset, float (C,), from values in their unit to what the model gets. Raises
        SpikeplaneError where mean or std are for another number of channels."""
        both = []
        for name, values, default in (("mean", self.mean, 0.0), ("std", self.std, 1.0)):
            array = np.array([default] if values is None else values)
            if len(array) * self.copies == channels:
                array = np.tile(array, self.copies)
            if len(array) not in (1, channels):
                raise SpikeplaneError(
                    f"encoding: {name} has {len(array)} numbers for an input of {channels} channels; give one a "
                    "channel, or one for all"
                )
            both.append(np.broadcast_to(array, (channels,)))
        return 1.0 / both[1], -both[0] / both[1]

    def __str__(self) -> str:
        """For people, such as "direct encoding, 4 steps"."""
        values = ""
        if self.kind == "frames":
            values = f" of {self.bits}-bit {'signed ' if self.signed else ''}values in units of {self.unit:g}"
        named = (("mean", self.mean), ("std", self.std))
        told = [f"{what} {' '.join(f'{n:g}' for n in of)}" for what, of in named if of is not None]
        values += f" normalised by {' and '.join(told)}" if told else ""
        steps = f"{self.fold} steps as channels" if self.fold > 1 else f"{self.steps} steps"
        return f"{self.kind} encoding{values}, {steps}"


def _numbers(name: str, given: Any) -> tuple[float, ...] | None:
    """One number or several as a tuple of floats. Raises SpikeplaneError."""
    if given is None:
        return None
    try:
        array = np.atleast_1d(np.asarray(given, dtype=np.float64))
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all():
        raise SpikeplaneError(f"encoding: {name} must be a number, or one a channel, not {given}")
    return tuple(float(n) for n in array)
