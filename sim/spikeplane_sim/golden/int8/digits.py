"""Values as bytes.

x = d0 + d1 * 2^b + ...       digits of b bits; the highest of values below 0 is kept as d + 2^(b-1)
"""

from dataclasses import dataclass

MOST_DIGITS = 3


@dataclass(frozen=True)
class Digit:
    """Bits `place` and up of a value; `offset` is added so that they are from 0 on."""

    place: int
    offset: int


def digits_of(low: int, high: int, bits: int) -> list[Digit]:
    """Digits of `bits` bits that hold low..high, low <= 0 <= high; empty: it takes more than MOST_DIGITS."""
    signed = low < 0
    width = max(high.bit_length(), (-low - 1).bit_length() if signed else 1) + signed
    count = -(-width // bits)
    if count > MOST_DIGITS:
        return []
    half = 1 << (bits - 1)
    return [Digit(bits * i, half if signed and i == count - 1 else 0) for i in range(count)]
