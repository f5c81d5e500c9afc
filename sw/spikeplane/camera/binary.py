"""Planes hold 0 and 1: arrays of any number type become uint8, and what is neither is refused with
its plane."""

import numpy as np

from spikeplane.errors import SpikeplaneError, number


def as_bits(planes: np.ndarray, name: str, first: int = 0) -> np.ndarray:
    """uint8 of 0 and 1 from planes (n, H, W) of bools, integers or floats; a copy only where the
    type changes.

    name: the file, and first: the number of the first plane, for messages.
    Raises SpikeplaneError with the first other value and its plane, and for elements that are no numbers.
    """
    if planes.dtype.kind not in "buif":
        raise SpikeplaneError(
            f"{name}: expected planes of bools or of the integers 0 and 1, found elements of type "
            f"{planes.dtype}"
        )
    if planes.dtype == np.bool_:
        planes = planes.view(np.uint8)  # a damaged file's bool may be any byte
    if planes.dtype == np.uint8:
        wrong = planes.size > 0 and int(planes.max()) > 1
    else:
        wrong = not np.logical_or(planes == 0, planes == 1).all()
    if wrong:
        plane, row, column = np.argwhere((planes != 0) & (planes != 1))[0].tolist()
        value = planes[plane, row, column]
        raise SpikeplaneError(
            f"{name}: planes hold 0 and 1 only, found {number(value)} in plane {first + plane}"
        )
    return planes.astype(np.uint8, copy=False)
