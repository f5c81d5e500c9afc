"""Images and animations in files, by Pillow: as grey frames, one at a time, of a bounded size and number."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from spikeplane.camera.size import MOST_PIXELS, size_text
from spikeplane.errors import SpikeplaneError, reason

#: Formats of Pillow that are read: those whose decoders start no other program.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "DIB", "TIFF", "WEBP", "PPM", "JPEG2000", "TGA", "AVIF")
MOST_FRAMES = 20_000
ALL_BYTES = 1 << 28  #: of all frames, which are in memory at once


def read_image(path: Path, most: int | None, others: str) -> np.ndarray:
    """(H, W), or (T, H, W) of the first `most` frames if there are several: uint8 luma, uint16 or float32.

    others: what else could be read, for messages. Raises SpikeplaneError for no image, a damaged one, and one that is too large.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with _silence():
            Image.init()
            formats = [name for name in FORMATS if name in Image.OPEN]  # Pillow may be built without some
            with Image.open(path, formats=formats) as image:
                frames = _frames(path, image, most)
            _check_sums(path, formats)
    except UnidentifiedImageError:
        raise SpikeplaneError(f"{path} is no image that Pillow reads, nor {others}") from None
    except (SpikeplaneError, MemoryError):
        raise
    except Exception as error:  # each decoder has its own for a damaged file
        raise SpikeplaneError(f"{path} is no readable image: {reason(error).rstrip('.')}") from None
    return np.stack(frames) if len(frames) > 1 else frames[0]


def _check_sums(path: Path, formats: list[str]) -> None:
    """Pillow decodes the pixels of a PNG without looking at their checksums, and takes the end of a GIF as its last frame's end."""
    from PIL import Image

    with Image.open(path, formats=formats) as image:
        if image.format == "PNG":
            image.verify()
    if image.format == "GIF":
        with path.open("rb") as file:
            _check_gif(file)


def _check_gif(file: IO[bytes]) -> None:
    """Walks over the blocks up to the trailer. Raises EOFError if there is none."""
    head = _take(file, 13)
    file.seek(_table(head[10]), os.SEEK_CUR)
    while (mark := _take(file, 1)) != b";":
        if mark == b"!":
            _take(file, 1)
        elif mark == b",":
            file.seek(_table(_take(file, 9)[8]), os.SEEK_CUR)
            _take(file, 1)
        else:
            continue  # as Pillow does
        while length := _take(file, 1)[0]:
            file.seek(length, os.SEEK_CUR)


def _take(file: IO[bytes], count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise EOFError("it is truncated: a GIF ends with a trailer")
    return data


def _table(flags: int) -> int:
    """Bytes of a colour table."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _frames(path: Path, image: Any, most: int | None) -> list[np.ndarray]:
    from PIL import ImageOps, ImageSequence

    frames: list[np.ndarray] = []
    for frame in ImageSequence.Iterator(image):
        _check_size(path, frame.size)
        frames.append(_grey(ImageOps.exif_transpose(frame)))
        if len(frames) == most or image.format == "MPO":  # the other images of a photo are previews
            break
        if len(frames) > MOST_FRAMES or frames[0].nbytes * len(frames) > ALL_BYTES:
            raise SpikeplaneError(
                f"{path} has too many frames: {MOST_FRAMES:,} of {ALL_BYTES:,} bytes in all at most; take fewer --planes, or a video"
            )
        if frames[-1].shape != frames[0].shape:
            found, first = (size_text((f.shape[1], f.shape[0])) for f in (frames[-1], frames[0]))
            raise SpikeplaneError(f"{path}: frame {len(frames) - 1} has {found} pixels, the frames before it {first}")
    return frames


def _check_size(path: Path, size: tuple[int, int]) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise SpikeplaneError(f"{path}: an image of {size_text(size)} is too large, {MOST_PIXELS:,} pixels at most")


def _grey(image: Any) -> np.ndarray:
    """uint8, uint16 or float32 (H, W) of a Pillow image. 32-bit integers are how Pillow gives some 16-bit files."""
    if image.mode.startswith("I"):
        return np.asarray(image).clip(0, 65535).astype(np.uint16)
    return np.asarray(image if image.mode == "F" else image.convert("L"))


@contextmanager
def _silence() -> Iterator[None]:
    """Decoders in C complain to the process's stderr; what they give up for arrives as an exception as well."""
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
