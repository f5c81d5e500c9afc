"""Input encodings: from images or event recordings to the planes of an input population. Part of the program, so that
every backend sees the same planes."""

from dataclasses import dataclass
from typing import Literal

EncodingKind = Literal["direct", "rate", "latency", "events", "planes"]


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How samples become planes.

    kind     direct   images as multi-bit values, the same in every step (value_bits bits)
             rate     Bernoulli spikes of probability value / 255, seeded by (seed, sample number)
             latency  one spike per pixel, the brighter the earlier; a black pixel never
             events   event recordings binned into steps of step_us microseconds, one channel per polarity, 0 or 1
             planes   arrays that are planes already, (T, C, H, W) per sample
    steps    T
    """

    kind: EncodingKind = "direct"
    steps: int = 4
    seed: int = 0
    step_us: int = 1000
    value_bits: int = 8

    @property
    def bits(self) -> int:
        """Bits of one value of the input population: value_bits for direct coding, else 1."""
        return self.value_bits if self.kind == "direct" else 1
