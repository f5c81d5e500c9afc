"""Planes as a page holds them."""

import base64
from typing import Any

import numpy as np


def packed(values: np.ndarray) -> tuple[str, bytes]:
    """Spikes as bits, the lowest first; other values as the narrowest little-endian integers that
    hold them."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    if low >= 0 and high <= 1:
        return "bits", np.packbits(values.astype(np.uint8).reshape(-1), bitorder="little").tobytes()
    for kind, dtype in (("Uint8", "u1"), ("Int16", "<i2"), ("Int32", "<i4")):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return kind, values.astype(dtype).tobytes()
    return "Float64", values.astype("<f8").tobytes()


def packed_values(values: np.ndarray) -> dict[str, Any]:
    """As JSON: the kind of numbers, the shape, the bytes in base64."""
    kind, raw = packed(values)
    return {"kind": kind, "shape": list(values.shape), "data": base64.b64encode(raw).decode()}
