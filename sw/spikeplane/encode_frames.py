"""Frames: a value of a few bits per pixel and step, checked and brought to the integers that are sent."""

from typing import Any

import numpy as np

from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError, number
from spikeplane.shapes import remedy


def frames(encoding: Encoding, samples: Any, shape: tuple[int, int, int], first: int = 0) -> np.ndarray:
    """uint8, or int8 where they are signed, (N, T, C, H, W), from integers, taken as they are, or real
    numbers, divided by the encoding's unit and rounded, halves to even.

    `first` is the number of the first sample, for messages. Raises SpikeplaneError for another shape or
    type, and for the first value that is out of range, with its sample and step.
    """
    low, high = encoding.span
    expected = (encoding.steps, *shape)
    refusal = f"encoding 'frames' expects numbers of shape (N, {form(expected)})"
    try:
        array = np.asarray(samples)
    except ValueError:  # a list of samples, or of rows, of unequal lengths
        raise SpikeplaneError(f"{refusal}, not samples of unequal shapes; give one array") from None
    if array.shape[1:] != expected:
        steps = array.shape[2:] == shape
        cure = f"cut or fill them to {encoding.steps} steps" if steps else remedy(array.shape, expected)
        raise SpikeplaneError(f"{refusal}, not {found(array)}; {cure}")
    if array.dtype.kind not in "buif":
        raise SpikeplaneError(
            f"{refusal}, not {found(array)}; give integers, or floats in the encoding's unit"
        )
    real = array.dtype.kind == "f"
    # NaN stays NaN and is neither below nor above: asked for what is inside
    whole = np.round(array.astype(np.float64) / encoding.unit) if real else array
    inside = (whole >= low) & (whole <= high)
    if not inside.all():
        raise _outside(encoding, array, np.argwhere(~inside)[0], first)
    return whole.astype(np.int8 if encoding.signed else np.uint8)


def _outside(encoding: Encoding, array: np.ndarray, place: np.ndarray, first: int) -> SpikeplaneError:
    sample, step, c, y, x = (int(i) for i in place)
    low, high = encoding.span
    what = f"{encoding.value_bits}-bit {'signed ' if encoding.signed else ''}frames take"
    if array.dtype.kind == "f":
        low, high = low * encoding.value, high * encoding.value
        what, cure = f"{what} real values", "scale them, or compile with another unit"
    else:
        cure = "clip or scale them, or compile with more value_bits" + (
            "" if encoding.signed else ", or signed"
        )
    return SpikeplaneError(
        f"sample {first + sample}, step {step}, pixel (c={c}, y={y}, x={x}) holds "
        f"{number(array[tuple(place)])}; {what} from {number(low)} to {number(high)}: {cure}"
    )


def form(shape: tuple[int, ...]) -> str:
    """A shape for people, without brackets."""
    return ", ".join(map(str, shape))


def found(values: Any) -> str:
    """What came instead: type, shape, and the range of numbers."""
    if not isinstance(values, np.ndarray):
        return f"a {type(values).__name__}"
    numbers = values.size and values.dtype.kind in "buif"
    span = f" from {number(np.min(values))} to {number(np.max(values))}" if numbers else ""
    return f"{values.dtype} {values.shape}{span}"
