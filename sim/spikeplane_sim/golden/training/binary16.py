"""Binary16 in integers: the arithmetic of training, to the bit.

A finite binary16 number is a whole multiple of 2^-24, its **units**, so sums of them are exact and do not
depend on their order. Infinity and NaN do not exist here: every rounding saturates at 65504.

    decode(h)    = (-1)^s * m * 2^max(e-1, 0)       m = frac + 1024 * (e > 0)
    round16(x)   = the binary16 nearest to x * 2^-24, ties to even
    mul16(a, b)  = the binary16 nearest to a * b, ties to even; zero is +0
    clamp16(h,k) = h limited to +-2^k

Casts of torch from float64 round twice, so none is used here. The two quick forms, `rounded` and `product`, are held
against `round16` and `mul16` by tests: they take each rounding from one addition, or one cast, of IEEE numbers that
hold what is rounded exactly.
"""

import torch

Tensor = torch.Tensor

#: Units of 1.
ONE = 1 << 24
#: The largest finite binary16, as bits.
MOST = 0x7BFF
#: The largest finite binary16.
LARGEST = 65504.0
#: Beyond every finite binary16, in units; larger sums saturate all the same.
_BEYOND = 1 << 41
_MINUS = 0x8000
_EXPONENT = 0x7FF << 52  #: of a float64
_HIDDEN = 1 << 10


def decode(h: Tensor) -> Tensor:
    """Units (int64) of binary16 numbers (float16), which are finite."""
    mantissa, exponent, negative = _parts(h)
    return torch.where(negative, -1, 1) * (mantissa << exponent)


def round16(units: Tensor) -> tuple[Tensor, Tensor]:
    """Binary16 nearest to int64 `units`, and (bool) where it saturated."""
    negative = units < 0
    size = units.clamp(-_BEYOND, _BEYOND).abs()
    # float64 holds sizes up to 2^53 exactly, and its exponent is the number of their bits
    shift = (_length(size) - 11).clamp(min=0)
    return _packed(_shifted(size, shift), shift, negative)


def mul16(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Binary16 nearest to the products of float16 tensors, and (bool) where it saturated."""
    (m, e, s), (n, f, t) = _parts(a), _parts(b)
    size, scale = m * n, e + f - 24  # the product is size * 2^scale units
    shift = torch.maximum(_length(size) - 11, -scale)
    rounded = torch.where(shift > 0, _shifted(size, shift.clamp(min=0)), size << (-shift).clamp(min=0))
    zero = size == 0
    return _packed(
        torch.where(zero, 0, rounded), torch.where(zero, 0, shift + scale), (s ^ t) & (rounded > 0)
    )


def product(a: Tensor, b: Tensor) -> Tensor:
    """As `mul16` of what does not saturate, quickly: float16."""
    return (a.to(torch.float32) * b.to(torch.float32)).to(torch.float16) + 0.0


def rounded(units: Tensor) -> tuple[Tensor, int]:
    """As `round16`, quickly, of whole `units` in float64, below 2^53: float16, and how many saturated."""
    size = (units.contiguous().view(torch.int64) & _EXPONENT).view(torch.float64).clamp_(1024, _BEYOND)
    # beside 1.5 * 2^42 as much as its top bit, a number keeps its first 11 bits: IEEE rounds them, ties to even
    size *= 1.5 * 2**42
    found = (units + size).sub_(size)
    saturated = int((found.abs() > LARGEST * ONE).sum())
    return found.div_(ONE).clamp_(-LARGEST, LARGEST).to(torch.float32).to(torch.float16) + 0.0, saturated


def clamp16(h: Tensor, exponent: int) -> tuple[Tensor, Tensor]:
    """float16 `h` limited to +-2^exponent, and (bool) where that changed it."""
    limit = float(2**exponent)
    return h.clamp(-limit, limit), h.abs() > limit


def _parts(h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mantissa and exponent, of mantissa * 2^exponent units, and the sign."""
    bits = h.contiguous().view(torch.int16).to(torch.int64) & 0xFFFF
    exponent = (bits >> 10) & 31
    mantissa = (bits & (_HIDDEN - 1)) | torch.where(exponent > 0, _HIDDEN, 0)
    return mantissa, (exponent - 1).clamp(min=0), (bits & _MINUS) != 0


def _length(size: Tensor) -> Tensor:
    """How many bits a number of 0 .. 2^53 has."""
    return torch.frexp(size.to(torch.float64)).exponent.to(torch.int64)


def _shifted(size: Tensor, shift: Tensor) -> Tensor:
    """size / 2^shift (0 and more), the nearest, ties to even."""
    shift = shift.clamp(max=60)
    kept = size >> shift
    below = (torch.ones_like(shift) << shift) >> 1  # half a unit of what is kept; 0 where nothing is cut
    return torch.where(shift > 0, (size + below - 1 + (kept & 1)) >> shift, kept)


def _packed(kept: Tensor, exponent: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
    """kept * 2^exponent units: kept below 2048, or 2048 of a carry, which raises the exponent by itself."""
    bits = (exponent << 10) + kept
    saturated = bits > MOST
    size = bits.clamp(max=MOST).to(torch.int16).view(torch.float16)
    return torch.where(negative, -size, size), saturated
