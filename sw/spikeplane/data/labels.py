"""Labels: one class number a sample."""

from pathlib import Path

import numpy as np

from spikeplane.data.arrays import read_array
from spikeplane.errors import SpikeplaneError

_NAMES = ("labels", "targets", "target", "y", "y_test")


def read_labels(path: str | Path, count: int, at_least: bool = False) -> np.ndarray:
    """int64 (count,) from IDX, .npy, .npz, or text: one number a line, or "name number"; blank lines and # comments skipped.

    `at_least`: more labels than samples are fine and the first `count` are taken (the samples were limited).
    Raises SpikeplaneError for a broken file, labels that are no whole numbers from 0, or another number of labels.
    """
    path = Path(path)
    if not path.exists():
        raise SpikeplaneError(f"no file {path}")
    labels = _read_text(path) if path.suffix in (".txt", ".csv", ".tsv") else _check(path, read_array(path, _NAMES))
    if len(labels) < count or (len(labels) > count and not at_least):
        raise SpikeplaneError(f"{path.name} has {len(labels)} labels for {count} samples")
    return labels[:count]


def _check(path: Path, array: np.ndarray) -> np.ndarray:
    if array.ndim != 1:
        raise SpikeplaneError(f"{path}: expected labels of shape (N,), the array has {array.ndim} dimensions")
    if array.size and (array.min() < 0 or (array != np.round(array)).any()):
        raise SpikeplaneError(
            f"{path}: labels must be whole numbers from 0, found {array[(array < 0) | (array % 1 != 0)][0]:g}"
        )
    return array.astype(np.int64)


def _read_text(path: Path) -> np.ndarray:
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SpikeplaneError(f"{path} is not readable as text: {error}") from None
    labels = []
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].replace(",", " ").split()
        if not words:
            continue
        if len(words) > 2 or not (words[-1].isascii() and words[-1].isdigit()):
            raise SpikeplaneError(f"{path} line {number}: expected a label or 'name label', found '{line.strip()}'")
        labels.append(int(words[-1]))
    return np.array(labels, np.int64)
