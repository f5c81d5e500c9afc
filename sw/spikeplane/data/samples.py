"""Samples of any format, shaped for a network's input and its encoding."""

from pathlib import Path

import numpy as np

from spikeplane.data.arrays import count_images, count_planes, images, open_array, planes
from spikeplane.data.events import Events
from spikeplane.data.nmnist import SUFFIXES, read_recordings
from spikeplane.data.stored import Stored
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError

#: uint8 images (N, C, H, W), uint8 planes (N, T, C, H, W), frames (N, T, C, H, W), or event recordings.
Samples = np.ndarray | list[Events]

_NAMES = ("images", "data", "samples", "planes", "frames", "x", "x_test")
_IMAGES = "an IDX, .npy or .npz file of images"
_EXPECTED = {
    "events": f"a folder of event recordings ({', '.join(SUFFIXES)})",
    "planes": "an .npy, .npz or .csv file of planes",
    "frames": "an .npy, .npz or .csv file of frames, or event recordings, which are counted",
}


def read_samples(
    path: str | Path,
    shape: tuple[int, int, int],
    encoding: Encoding | None = None,
    limit: int | None = None,
    names: tuple[str, ...] | None = None,
) -> Samples:
    """The samples in `path` for an input of `shape` (C, H, W); the first `limit` of them, and no
    others are unpacked. `names`: of the array to take of an .npz of several.

    direct, rate, poisson, latency   uint8 (N, C, H, W): IDX (gzipped or not), .npy, .npz; see `arrays.images`
    planes                  uint8 (N, T, C, H, W) of 0 and 1: .npy, .npz, IDX, or a .csv whose rows
                            are the steps and whose first C columns are the planes of a (C, 1, 1)
                            input; see `arrays.planes`
    events                  a list of `Events`: a folder of N-MNIST recordings by name, or one recording
    frames                  numbers (N, T, C, H, W) as they lie in a file of planes, or recordings as above

    Raises SpikeplaneError for missing, broken or unsuitable files, for files without samples and
    for a limit below 1.
    """
    encoding, shape = (encoding or Encoding()).apart(shape)
    path, kind = Path(path), encoding.kind
    if limit is not None and limit < 1:
        raise SpikeplaneError(f"the number of samples must be at least 1, not {limit}")
    if not path.exists():
        raise SpikeplaneError(f"no file {path}")
    recorded = path.is_dir() or path.suffix in SUFFIXES
    if recorded != (kind == "events") and not (recorded and kind == "frames"):
        what = "a folder" if path.is_dir() else "a file"
        raise SpikeplaneError(
            f"{path} is {what}; the input's encoding '{kind}' takes {_EXPECTED.get(kind, _IMAGES)}"
        )
    if recorded:
        return read_recordings(path, shape, limit)
    stored = open_array(path, names or _NAMES)
    if kind in ("planes", "frames"):
        return _planes(path, stored, shape, limit, encoding)
    count = count_images(stored.shape, shape, stored.name)
    _check_count(stored, count)
    return images(stored.read(None if count is None else limit), shape, stored.name)


def _planes(
    path: Path, stored: Stored, shape: tuple[int, int, int], limit: int | None, encoding: Encoding
) -> np.ndarray:
    form, steps = stored.shape, encoding.steps
    if path.suffix == ".csv" and shape[1:] == (1, 1):
        form = (form[0], min(form[1], shape[0]))
    count = count_planes(form, shape, stored.name)
    _check_count(stored, count)
    found = form[0] if count is None else form[1]
    if found != steps:
        raise SpikeplaneError(f"{path}: expected {encoding.kind} of {steps} steps, found {found}")
    array = stored.read(None if count is None else limit)[:, : form[1]]
    if encoding.kind == "frames":
        return array.reshape(-1, steps, *shape)
    return planes(array, shape, stored.name)


def _check_count(stored: Stored, count: int | None) -> None:
    if count == 0:
        raise SpikeplaneError(f"{stored.name} holds no samples: the array has the shape {stored.shape}")
