"""Spikes that have come in and that a pixel has not walked to yet: an integer a pixel, bit i for
the spike of i + 1 planes ago."""

import torch

Tensor = torch.Tensor

#: By the integers' type: the floating type that its highest bit is read from, the places of the
#: mantissa, the exponent of 1.
_FLOATS = {torch.int32: (torch.float32, 23, 127), torch.int64: (torch.float64, 52, 1023)}


def no_spikes(pixels: Tensor, lookahead: int) -> Tensor:
    """Nothing pending; `lookahead` bits, 0..64."""
    return torch.zeros_like(pixels, dtype=torch.int32 if lookahead <= 31 else torch.int64)


def oldest(pending: Tensor) -> Tensor:
    """How many planes ago the oldest pending spike was, 1..64; 0 where none is pending. uint8."""
    real, mantissa, one = _FLOATS[pending.dtype]
    age = (_as_real(pending, real) >> mantissa) - (one - 1)  # 0 has the exponent 0
    return (
        torch.where(pending < 0, 64, age).clamp_(min=0).to(torch.uint8)
        if real == torch.float64
        else _byte(age)
    )


def without_oldest(pending: Tensor, walked: Tensor) -> Tensor:
    """Pending spikes less the oldest, where the pixel has `walked` (bool) to it."""
    real, mantissa, _ = _FLOATS[pending.dtype]
    top = (_as_real(pending, real) >> mantissa << mantissa).view(real).to(pending.dtype)
    if real == torch.float64:
        top = torch.where(pending < 0, torch.iinfo(torch.int64).min, top)
    return pending ^ (top & -walked.to(pending.dtype))


def _byte(age: Tensor) -> Tensor:
    return age.clamp_(min=0).to(torch.uint8)


def _as_real(pending: Tensor, real: torch.dtype) -> Tensor:
    """The bits of the floating number; without the second-highest 1 at the side of the highest,
    rounding cannot carry."""
    return (pending & ~(pending >> 1)).to(real).view(pending.dtype)
