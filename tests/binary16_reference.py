"""Binary16 by its definition, in Python's integers: of all numbers the nearest. Shares nothing with the
golden model or the gateware."""

import struct
from bisect import bisect_right

#: In units of 2^-24 every finite number that is not negative, in the order of its bits, as IEEE 754 has it.
UNITS = [int(struct.unpack("<e", struct.pack("<H", bits))[0] * 2**24) for bits in range(0x7C00)]
BEYOND = 65520 << 24  #: units from which on a number is infinite


def units(bits: int) -> int:
    """What binary16 bits count."""
    return -UNITS[bits & 0x7FFF] if bits >> 15 else UNITS[bits]


def nearest(size: int, scale: int = 0) -> tuple[int, bool]:
    """The bits nearest to size * 2^-scale units, size >= 0, of equal distances those whose last bit is 0;
    and whether it saturated."""
    if size >= BEYOND << scale:
        return 0x7BFF, True
    below = bisect_right(UNITS, size >> scale) - 1
    if below == 0x7BFF:
        return below, False
    low, high = size - (UNITS[below] << scale), (UNITS[below + 1] << scale) - size
    return below + (high < low or (high == low and below % 2 == 1)), False


def round16(word: int) -> tuple[int, bool]:
    """The bits nearest to so many units, and whether it saturated."""
    bits, saturated = nearest(abs(word))
    return bits | (0x8000 if word < 0 else 0), saturated


def mul16(a: int, b: int) -> tuple[int, bool]:
    """The bits nearest to a product, +0 for zero, and whether it saturated."""
    product = units(a) * units(b)
    bits, saturated = nearest(abs(product), 24)
    return bits | (0x8000 if product < 0 and bits else 0), saturated
