"""Planes, or images, to a .npy file as they come: the header, which holds their number, is written
again at the end."""

import io
import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_stream


def write_npy(path: Path, planes: Iterable[np.ndarray]) -> int:
    """Write planes or images, (H, W) each and all of one size and type, as one array (T, H, W), and
    return how many.

    The file appears when it is complete: an error, also one that `planes` raises, leaves what was
    there before. Raises SpikeplaneError for no plane at all and a file that cannot be written.
    """
    stream = iter(planes)
    first = next(stream, None)
    if first is None:
        raise SpikeplaneError(f"no plane to write to {path}")
    count = 0
    with write_stream(path) as file:
        file.write(_header(0, first))
        for count, plane in enumerate(itertools.chain([first], stream), 1):  # noqa: B007 - the last one is their number
            file.write(np.ascontiguousarray(plane).data)
        file.seek(0)
        file.write(_header(count, first))
    return count


def _header(count: int, like: np.ndarray) -> bytes:
    """NumPy leaves room in it for the number to grow, so that its length depends on shape and type only."""
    data = io.BytesIO()
    header = {"descr": like.dtype.str, "fortran_order": False, "shape": (count, *like.shape)}
    np.lib.format.write_array_header_1_0(data, header)
    return data.getvalue()
