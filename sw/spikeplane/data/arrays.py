"""Arrays as they lie in files (.npy, .npz, IDX, CSV), and their shaping into images or planes."""

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.data.idx import read_idx
from spikeplane.errors import SpikeplaneError

Shape = tuple[int, int, int]


def read_array(path: Path, names: tuple[str, ...]) -> np.ndarray:
    """The array in a file. An .npz may hold one array of any name, or several, one of them called as in `names`.

    Raises SpikeplaneError for a missing, broken or ambiguous file and for elements that are no numbers.
    """
    if not path.exists():
        raise SpikeplaneError(f"no file {path}")
    if path.suffix in (".npy", ".npz"):
        array = _read_numpy(path, names)
    elif path.suffix == ".csv":
        array = _read_csv(path)
    else:
        array = read_idx(path)
    if array.dtype.kind not in "buif":
        raise SpikeplaneError(f"{path}: expected an array of numbers, found elements of type {array.dtype}")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise SpikeplaneError(f"{path} holds NaN in {int(np.isnan(array).sum())} of {array.size} values; remove them")
    return array


def _read_numpy(path: Path, names: tuple[str, ...]) -> np.ndarray:
    try:
        with path.open("rb") as file:
            loaded: Any = np.load(file, allow_pickle=False)
            if not isinstance(loaded, np.ndarray):
                with loaded:
                    loaded = loaded[_choose(path, loaded.files, names)]
        if not isinstance(loaded, np.ndarray):
            raise ValueError("its member is no array")
        return loaded
    except SpikeplaneError:
        raise
    except Exception as error:  # zipfile, zlib, ast, numpy: each has its own for a damaged file
        reason = first_line(error).rstrip(".")
        raise SpikeplaneError(f"{path} is no readable {path.suffix} file: {reason}") from None


def _choose(path: Path, found: list[str], names: tuple[str, ...]) -> str:
    if len(found) == 1:
        return found[0]
    for name in names:
        if name in found:
            return name
    holds = f"the arrays {', '.join(found)}" if found else "no array"
    raise SpikeplaneError(f"{path} holds {holds}; expected one array, or one called {', '.join(names[:-1])} or {names[-1]}")


def _read_csv(path: Path) -> np.ndarray:
    """Comma-separated numbers, float (rows, columns)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy only warns of an empty table
            return np.loadtxt(path, delimiter=",", ndmin=2)
    except (ValueError, OSError, UserWarning) as error:
        reason = "it is empty" if isinstance(error, UserWarning) else first_line(error).split(";")[0]
        raise SpikeplaneError(f"{path} is no table of comma-separated numbers: {reason}") from None


def first_line(error: Exception) -> str:
    """What an exception says, without its further lines; its name if it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def images(array: np.ndarray, shape: Shape, name: str) -> np.ndarray:
    """uint8 (N, C, H, W) from (N, C, H, W), (N, C*H*W), or (N, H, W) for C = 1; one sample may stand without its N.

    Floats and booleans of 0..1 are scaled to 0..255 and rounded, integers must lie in 0..255.
    Raises SpikeplaneError, naming both shapes or the range found.
    """
    channels, height, width = shape
    forms = [shape, (math.prod(shape),)] + ([(height, width)] if channels == 1 else [])
    if array.shape[1:] not in forms and array.shape not in forms:
        raise SpikeplaneError(f"{name}: expected samples of shape {_text(shape)}, the array has the shape {_text(array.shape)}")
    array = array.reshape(-1, *shape)
    if array.dtype == np.uint8 or not array.size:
        return array.astype(np.uint8, copy=False)
    low, high = array.min(), array.max()
    if array.dtype.kind in "fb":
        if low < 0 or high > 1:
            raise SpikeplaneError(f"{name}: float images must lie in 0..1, found {low:g}..{high:g}; scale them, or store uint8")
        return np.round(array * 255.0).astype(np.uint8)
    if low < 0 or high > 255:
        raise SpikeplaneError(f"{name}: integer images must lie in 0..255, found {low}..{high}")
    return array.astype(np.uint8)


def planes(array: np.ndarray, shape: Shape, name: str) -> np.ndarray:
    """uint8 (N, T, C, H, W) of 0 and 1 from (N, T, C, H, W), or one sample (T, C, H, W), or (T, C) for a (C, 1, 1) input.

    Raises SpikeplaneError, naming both shapes or the range found.
    """
    if array.shape[2:] == shape and array.ndim == 5:
        pass
    elif array.shape[1:] == shape or (array.ndim == 2 and shape == (array.shape[1], 1, 1)):
        array = array.reshape(1, -1, *shape)
    else:
        expected = f"(N, T, {', '.join(map(str, shape))})"
        raise SpikeplaneError(f"{name}: expected planes of shape {expected}, the array has the shape {_text(array.shape)}")
    if array.size and not np.isin(array, (0, 1)).all():
        raise SpikeplaneError(f"{name}: planes hold 0 and 1 only, found values in {array.min():g}..{array.max():g}")
    return array.astype(np.uint8, copy=False)


def _text(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
