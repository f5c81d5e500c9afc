"""Arrays as they lie in files (.npy, .npz, IDX, CSV), and their shaping into images or planes."""

import math
import warnings
from pathlib import Path

import numpy as np

from spikeplane.data.idx import open_idx
from spikeplane.data.stored import Stored, open_npy, open_npz
from spikeplane.errors import SpikeplaneError, number, reason
from spikeplane.files import check_regular
from spikeplane.shapes import order_of

Shape = tuple[int, int, int]

_TABLE = 1 << 26  #: bytes of a .csv at most: its numbers take four times as many
_SLAB = 1 << 22  #: values that are scaled at a time


def open_array(path: Path, names: tuple[str, ...]) -> Stored:
    """The array in a file. An .npz may hold one array of any name, or several, one of them called
    as in `names`.

    Raises SpikeplaneError for a missing, broken or ambiguous file, and for a device, a pipe or a socket.
    """
    if not path.exists():
        raise SpikeplaneError(f"no file {path}")
    check_regular(path)
    if path.suffix in (".npy", ".npz"):
        return open_npy(path) if path.suffix == ".npy" else open_npz(path, names)
    if path.suffix == ".csv":
        table = _read_csv(path)
        return Stored(str(path), table.shape, table.dtype, lambda rows: table[:rows])
    return open_idx(path)


def read_array(path: Path, names: tuple[str, ...], count: int | None = None) -> np.ndarray:
    """The first `count` rows of the array in a file, or all; see `open_array` and `Stored.read` for
    what is refused."""
    return open_array(path, names).read(count)


def _read_csv(path: Path) -> np.ndarray:
    """Comma-separated numbers, float (rows, columns)."""
    try:
        if path.stat().st_size > _TABLE:
            raise SpikeplaneError(
                f"{path} has {path.stat().st_size} bytes, {_TABLE} at most for a table: store it as .npy"
            )
        with warnings.catch_warnings(), path.open(encoding="utf-8") as file:
            warnings.simplefilter("error")  # numpy only warns of an empty table
            return np.loadtxt(file, delimiter=",", ndmin=2)
    except (ValueError, OSError, UserWarning) as error:
        why = "it is empty" if isinstance(error, UserWarning) else reason(error).split(";")[0]
        raise SpikeplaneError(f"{path} is no table of comma-separated numbers: {why}") from None


def count_images(found: tuple[int, ...], shape: Shape, name: str) -> int | None:
    """How many images an array of shape `found` holds: (N, C, H, W), (N, C*H*W), or (N, H, W) for C
    = 1; None for one without its N.

    Raises SpikeplaneError for any other shape.
    """
    channels, height, width = shape
    forms = [shape, (math.prod(shape),)] + ([(height, width)] if channels == 1 else [])
    if found[1:] in forms:
        return found[0]
    if found in forms:
        return None
    told = f"{name}: expected samples of shape {_text(shape)}, the array has the shape {_text(found)}"
    if (order := order_of(found, shape)) is not None:
        raise SpikeplaneError(f"{told}; {_turned(order)}")
    raise SpikeplaneError(told)


def images(array: np.ndarray, shape: Shape, name: str) -> np.ndarray:
    """uint8 (N, C, H, W) from an array as `count_images` takes it.

    Floats and booleans of 0..1 are scaled to 0..255 and rounded, integers must lie in 0..255.
    Raises SpikeplaneError, naming both shapes or the range found.
    """
    count_images(array.shape, shape, name)
    array = array.reshape(-1, *shape)
    if array.dtype == np.uint8 or not array.size:
        return array.astype(np.uint8, copy=False)
    low, high = number(array.min()), number(array.max())
    if array.dtype.kind in "fb":
        if array.min() < 0 or array.max() > 1:
            raise SpikeplaneError(
                f"{name}: float images must lie in 0..1, found {low}..{high}; scale them, or store uint8"
            )
        result = np.empty(array.shape, np.uint8)
        step = max(1, _SLAB // math.prod(shape))
        for first in range(0, len(array), step):
            result[first : first + step] = np.round(array[first : first + step] * 255.0)
        return result
    if array.min() < 0 or array.max() > 255:
        raise SpikeplaneError(f"{name}: integer images must lie in 0..255, found {low}..{high}")
    return array.astype(np.uint8)


def count_planes(found: tuple[int, ...], shape: Shape, name: str) -> int | None:
    """How many samples of planes an array of shape `found` holds: (N, T, C, H, W); None for one
    without its N, (T, C, H, W), or (T, C) for a (C, 1, 1) input.

    Raises SpikeplaneError for any other shape.
    """
    if found[2:] == shape and len(found) == 5:
        return found[0]
    if found[1:] == shape or (len(found) == 2 and shape == (found[1], 1, 1)):
        return None
    expected = f"(N, T, {', '.join(map(str, shape))})"
    told = f"{name}: expected planes of shape {expected}, the array has the shape {_text(found)}"
    if (order := order_of(found, shape)) is not None:
        raise SpikeplaneError(f"{told}; {_turned(order)}")
    raise SpikeplaneError(told)


def planes(array: np.ndarray, shape: Shape, name: str) -> np.ndarray:
    """uint8 (N, T, C, H, W) of 0 and 1 from an array as `count_planes` takes it.

    Raises SpikeplaneError, naming both shapes or the range found.
    """
    if count_planes(array.shape, shape, name) is None:
        array = array.reshape(1, -1, *shape)
    if array.size and not np.isin(array, (0, 1)).all():
        raise SpikeplaneError(
            f"{name}: planes hold 0 and 1 only, found values in {number(array.min())}..{number(array.max())}"
        )
    return array.astype(np.uint8, copy=False)


def _turned(order: tuple[int, ...]) -> str:
    return f"store x.transpose({', '.join(map(str, order))})"


def _text(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
