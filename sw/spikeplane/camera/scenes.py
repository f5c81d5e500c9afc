"""What light is made from: images, animations and arrays in files; videos are in `video.py`."""

from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.camera import video as videos
from spikeplane.camera.light import as_light
from spikeplane.data.arrays import first_line, read_array
from spikeplane.errors import SpikeplaneError


def read_frames(path: Path) -> np.ndarray:
    """What an image, an animation or an array holds: (H, W), or (T, H, W) if there are several frames; as `as_light` takes it.

    Arrays: `.npy` (memory-mapped) and `.npz`. Images: whatever Pillow reads, in luma; 16-bit grey stays 16-bit.
    Raises SpikeplaneError for a missing or unreadable file and other shapes.
    """
    if path.is_dir():
        raise SpikeplaneError(f"{path} is a folder; expected an image, a video or an array")
    if not path.is_file():
        raise SpikeplaneError(f"no file {path}")
    found = _read_array(path) if path.suffix in (".npy", ".npz") else _read_image(path)
    if found.ndim not in (2, 3) or not found.size:
        raise SpikeplaneError(f"{path}: expected an image (H, W) or frames (T, H, W), the array has the shape {found.shape}")
    try:
        as_light(found if found.ndim == 2 else found[0])
    except SpikeplaneError as error:
        raise SpikeplaneError(f"{path}: {error}") from None
    return found[0] if found.ndim == 3 and len(found) == 1 else found


def _read_array(path: Path) -> np.ndarray:
    if path.suffix == ".npz":
        return read_array(path, ("light", "frames", "images"))
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise SpikeplaneError(f"{path} is no readable .npy file: {first_line(error).rstrip('.')}") from None


def _read_image(path: Path) -> np.ndarray:
    from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            parts = [_grey(ImageOps.exif_transpose(frame)) for frame in ImageSequence.Iterator(image)]
            return np.stack(parts) if len(parts) > 1 else parts[0]
    except UnidentifiedImageError:
        raise SpikeplaneError(f"{path} is no image that Pillow reads, nor .npy, .npz or {', '.join(videos.SUFFIXES)}") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise SpikeplaneError(f"{path} is no readable image: {first_line(error).rstrip('.')}") from None


def _grey(image: Any) -> np.ndarray:
    """uint8, uint16 or float32 (H, W) of a Pillow image. 32-bit integers are how Pillow gives some 16-bit files."""
    if image.mode.startswith("I"):
        return np.asarray(image).clip(0, 65535).astype(np.uint16)
    return np.asarray(image if image.mode == "F" else image.convert("L"))
