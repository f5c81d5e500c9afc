"""What light is made from: images, animations and arrays in files; videos are in `video.py`."""

from pathlib import Path

import numpy as np

from spikeplane.camera import video as videos
from spikeplane.camera.images import read_image
from spikeplane.camera.light import as_light
from spikeplane.data.stored import map_npy, open_npz
from spikeplane.errors import SpikeplaneError
from spikeplane.files import check_regular


def read_frames(path: Path, most: int | None = None) -> np.ndarray:
    """What an image, an animation or an array holds: (H, W), or (T, H, W) if there are several
    frames; as `as_light` takes it.

    most: frames after these need not be read. Arrays: `.npy` (memory-mapped) and `.npz`. Images:
    see `images.FORMATS`, in luma; 16-bit grey stays 16-bit. Raises SpikeplaneError for a missing or
    unreadable file, one that is too large, and other shapes.
    """
    if path.is_dir():
        raise SpikeplaneError(f"{path} is a folder; expected an image, a video or an array")
    check_regular(path)
    if not path.is_file():
        raise SpikeplaneError(f"no file {path}")
    if path.suffix in (".npy", ".npz"):
        found = _read_array(path, most)
    else:
        found = read_image(path, most, f".npy, .npz or {', '.join(videos.SUFFIXES)}")
    if found.ndim not in (2, 3) or not found.size:
        raise SpikeplaneError(
            f"{path}: expected an image (H, W) or frames (T, H, W), the array has the shape {found.shape}"
        )
    try:
        as_light(found if found.ndim == 2 else found[0])
    except SpikeplaneError as error:
        raise SpikeplaneError(f"{path}: {error}") from None
    return found[0] if found.ndim == 3 and len(found) == 1 else found


def _read_array(path: Path, most: int | None) -> np.ndarray:
    if path.suffix == ".npz":
        stored = open_npz(path, ("light", "frames", "images"))
        return stored.read(most if len(stored.shape) == 3 else None)
    return map_npy(path)
