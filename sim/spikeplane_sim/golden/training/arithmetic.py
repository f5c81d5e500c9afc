"""What the training rules compute with: binary16 and exact sums, which is the contract, or real numbers.

The rules are written once and take one of these, so that real numbers of 64 bits, which can be held
against automatic differentiation, prove the rules, and the exact ones only have to be held against their
own definition.
"""

from typing import Protocol

import torch

from spikeplane_sim.golden.training.binary16 import ONE, clamp16, product, rounded

Tensor = torch.Tensor
#: Whole numbers below this are exact in the float64 that sums are kept in.
EXACT = 1 << 53


class Arithmetic(Protocol):
    """Numbers and the words that sums of them are kept in.

    words      the type of sums
    numbers    the type of membranes, deltas and weights
    saturated  roundings that saturated so far
    clipped    numbers that were limited so far
    """

    words: torch.dtype
    numbers: torch.dtype
    saturated: int
    clipped: int

    def word(self, h: Tensor) -> Tensor:
        """Numbers as addends of a sum."""
        ...

    def number(self, word: Tensor) -> Tensor:
        """A sum, rounded once."""
        ...

    def product(self, a: Tensor, b: Tensor) -> Tensor:
        """The products of numbers, each rounded once."""
        ...

    def limited(self, h: Tensor, exponent: int) -> Tensor:
        """Numbers limited to +-2^exponent."""
        ...

    def total(self, words: Tensor) -> Tensor:
        """Sums as they are given away."""
        ...


class Exact:
    """Binary16 numbers; sums are whole units of 2^-24, below 2^53, in float64. See `Arithmetic`."""

    words = torch.float64
    numbers = torch.float16

    def __init__(self) -> None:
        self.saturated = self.clipped = 0

    def word(self, h: Tensor) -> Tensor:
        """See Arithmetic."""
        return h.to(torch.float64) * ONE

    def number(self, word: Tensor) -> Tensor:
        """See Arithmetic."""
        h, saturated = rounded(word)
        self.saturated += saturated
        return h

    def product(self, a: Tensor, b: Tensor) -> Tensor:
        """See Arithmetic. One that would saturate is infinite: limits of weights and deltas keep others from it."""
        return product(a, b)

    def limited(self, h: Tensor, exponent: int) -> Tensor:
        """See Arithmetic. A number that is limited is counted."""
        limited, clipped = clamp16(h, exponent)
        self.clipped += int(clipped.sum())
        return limited

    def total(self, words: Tensor) -> Tensor:
        """See Arithmetic: int64 units. Raises OverflowError beyond what float64 holds exactly."""
        if float(words.abs().max() if words.numel() else 0) >= EXACT:
            raise OverflowError("a sum exceeds 2^53 units")
        return words.to(torch.int64)


class Real:
    """Real numbers of one type: no rounding of their own, no limits. See `Arithmetic`."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.words = self.numbers = dtype
        self.saturated = self.clipped = 0

    def word(self, h: Tensor) -> Tensor:
        """See Arithmetic."""
        return h

    def number(self, word: Tensor) -> Tensor:
        """See Arithmetic."""
        return word

    def product(self, a: Tensor, b: Tensor) -> Tensor:
        """See Arithmetic."""
        return a * b

    def limited(self, h: Tensor, exponent: int) -> Tensor:  # noqa: ARG002 - none here
        """See Arithmetic."""
        return h

    def total(self, words: Tensor) -> Tensor:
        """See Arithmetic."""
        return words
