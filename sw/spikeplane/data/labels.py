"""Labels: one class number a sample."""

import re
from pathlib import Path

import numpy as np

from spikeplane.data.arrays import read_array
from spikeplane.errors import SpikeplaneError, number
from spikeplane.files import check_regular, read_file

_LARGEST = 2**31 - 1
_TEXT = 1 << 26  #: bytes of a text of labels at most
_NAMES = ("labels", "targets", "target", "y", "y_test")


def read_labels(
    path: str | Path, count: int, at_least: bool = False, classes: int | None = None
) -> np.ndarray:
    """int64 (count,) from IDX, .npy, .npz, or text: one number a line, or "name number"; blank
    lines and # comments skipped.

    `at_least`: more labels than samples are fine and the first `count` are taken (the samples were limited).
    Raises SpikeplaneError for a broken file, labels that are no whole numbers from 0, or another
    number of labels; with `classes` for a label that is none of them.
    """
    path = Path(path)
    if not path.exists():
        raise SpikeplaneError(f"no file {path}")
    check_regular(path)
    text = path.suffix in (".txt", ".csv", ".tsv")
    labels = _read_text(path) if text else _check(path, read_array(path, _NAMES, count if at_least else None))
    if len(labels) < count or (len(labels) > count and not at_least):
        raise SpikeplaneError(f"{path.name} has {len(labels)} labels for {count} samples")
    labels = labels[:count]
    check_classes(labels, classes, f"{path.name}: ")
    return labels


def check_classes(labels: np.ndarray, classes: int | None, where: str = "") -> None:
    """Raises SpikeplaneError for the first label (N,) that is none of `classes`, which is None where nobody knows;
    `where`: before the message."""
    if classes is not None and (labels >= classes).any():
        first = int(np.flatnonzero(labels >= classes)[0])
        raise SpikeplaneError(
            f"{where}sample {first} has the label {labels[first]}; the network has {classes} "
            f"classes, 0 to {classes - 1}"
        )


def _check(path: Path, array: np.ndarray) -> np.ndarray:
    if array.ndim != 1:
        raise SpikeplaneError(f"{path}: expected labels of shape (N,), the array has {array.ndim} dimensions")
    values = array.astype(np.float64)
    wrong = (values < 0) | (values > _LARGEST) | (values != np.trunc(values))
    if wrong.any():
        raise SpikeplaneError(f"{path}: labels must be whole numbers from 0, found {number(array[wrong][0])}")
    return array.astype(np.int64)


def _read_text(path: Path) -> np.ndarray:
    try:
        lines = read_file(path, _TEXT).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SpikeplaneError(
            f"{path} is not readable as text: {getattr(error, 'strerror', None) or error}"
        ) from None
    labels = []
    for place, line in enumerate(lines, 1):
        words = line.split("#")[0].replace(",", " ").split()
        if not words:
            continue
        if len(words) > 2 or not re.fullmatch(r"[0-9]{1,9}", words[-1], re.ASCII):
            raise SpikeplaneError(
                f"{path} line {place}: expected a label or 'name label', found '{line.strip()[:40]}'"
            )
        labels.append(int(words[-1]))
    return np.array(labels, np.int64)


def read_classes(text: str, classes: int) -> list[str]:
    """Names of the classes: "a,b,c", or a file of one name a line. Raises SpikeplaneError for another number of them."""
    path = Path(text)
    if path.is_file():
        names = path.read_text(encoding="utf-8", errors="replace").splitlines()
    else:
        names = text.split(",")
    names = [name.strip() for name in names if name.strip()]
    if len(names) != classes:
        raise SpikeplaneError(
            f"--classes {text}: the network has {classes} classes, here are {len(names)} names; give a name for each, "
            "a,b,c or a file with one on each line"
        )
    return names
