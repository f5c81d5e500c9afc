"""The server's binary16, in whole numbers: every rounding looks the nearest number up in a table of them all.

Numbers are float16 and finite, sums int64 in units of 2^-24 (docs/training.md, "Numbers").
"""

import numpy as np

#: The largest finite binary16, as bits.
_MOST = 0x7BFF


def decode(h: np.ndarray) -> np.ndarray:
    """Units, int64, of finite float16 numbers: exact."""
    return (h.astype(np.float64) * 2.0**24).astype(np.int64)


#: Units of every number from 0 up, by its bits.
_UNITS = decode(np.arange(_MOST + 1, dtype=np.uint16).view(np.float16))
#: Twice the middle between a number and the next.
_MIDDLES = _UNITS[:-1] + _UNITS[1:]
#: The same of the product of two numbers, which float64 holds exactly.
_PRODUCTS = _MIDDLES.astype(np.float64) * 2.0**-25


def round16(units: np.ndarray, parts: int = 1) -> np.ndarray:
    """The float16 nearest to int64 `units` / `parts`, ties to even; beyond 65504 that."""
    return _nearest(2 * np.abs(units), _MIDDLES * parts, units < 0)


def mul16(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The float16 nearest to a * b, ties to even; beyond 65504 that; zero is +0."""
    product = a.astype(np.float64) * b.astype(np.float64)
    return _nearest(np.abs(product), _PRODUCTS, product < 0)


def clamp16(h: np.ndarray, exponent: int) -> np.ndarray:
    """float16 `h` limited to +-2^exponent."""
    return h.clip(np.float16(-(2.0**exponent)), np.float16(2.0**exponent))


def _nearest(size: np.ndarray, middles: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Of sizes the numbers between whose `middles` they lie."""
    bits = np.searchsorted(middles, size, side="left")
    tie = (bits < len(middles)) & (middles[np.minimum(bits, len(middles) - 1)] == size)
    bits += tie & (bits % 2 == 1)
    found = bits.astype(np.uint16).view(np.float16)
    return np.where(negative & (bits > 0), -found, found)
