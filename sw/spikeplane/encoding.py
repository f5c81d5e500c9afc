"""What an input encoding is: its kind and its numbers. See `encode` for what becomes of samples."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from spikeplane.errors import SpikeplaneError

EncodingKind = Literal["direct", "rate", "latency", "events", "planes"]

#: Lowest and highest value of each number of an encoding. A sample of 16,384 steps is a second at
#: the rate of speech, and takes a simulated chip about ten; nobody would see the end of one of a
#: million.
RANGES = {"steps": (1, 1 << 14), "value_bits": (1, 8), "step_us": (1, 1 << 23), "seed": (0, 1 << 63)}


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How samples become planes.

    kind     direct   images as multi-bit values, the same in every step (value_bits bits)
             rate     Bernoulli spikes of probability value / 255, seeded by (seed, sample number)
             latency  one spike per pixel, the brighter the earlier; a black pixel never
             events   event recordings binned into steps of step_us microseconds, one channel per
                      polarity, 0 or 1
             planes   arrays that are planes already, (T, C, H, W) per sample
    steps    T, at most 16,384: longer recordings are run in pieces, or in longer steps

    Raises SpikeplaneError for another kind, or a number out of its range (`RANGES`).
    """

    kind: EncodingKind = "direct"
    steps: int = 4
    seed: int = 0
    step_us: int = 1000
    value_bits: int = 8

    def __post_init__(self) -> None:
        if self.kind not in get_args(EncodingKind):
            raise SpikeplaneError(
                f"encoding: kind must be one of {', '.join(get_args(EncodingKind))}, not '{self.kind}'"
            )
        for name, (low, high) in RANGES.items():
            value: Any = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or not low <= value <= high:
                raise SpikeplaneError(f"encoding: {name} must be from {low} to {high}, not {value}")

    @property
    def bits(self) -> int:
        """Bits of one value of the input population: value_bits for direct coding, else 1."""
        return self.value_bits if self.kind == "direct" else 1
