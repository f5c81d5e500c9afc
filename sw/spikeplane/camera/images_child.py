"""A process of its own that decodes a foreign image or animation with Pillow: decoders in C may
crash, run for ever or take all memory. `images.py` starts it by its path (see `foreign.py`).

    images_child.py FILE LIMITS CPU_SECONDS

LIMITS is an object: `formats` that Pillow may take the file for, frames that are wanted at `most`
(null: all), `pixels` of a frame, `frames` of a file and `bytes` of them all at most. The answer's
bytes are those of the frames, one behind the other. Its object is {"unknown": true}, {"refused":
text}, {"error": text} or {"dtype": text, "shape": [T, H, W], "warnings": [text, ...]}.
"""

import json
import os
import sys
import warnings
from typing import IO, Any

import numpy as np
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from spikeplane.errors import reason
from spikeplane.foreign_child import Answer, answer

#: bytes of memory beyond what the libraries take: the largest frame in colour, turned, and in grey
ROOM = 1280 << 20
_OF_FILES = (UserWarning, RuntimeWarning)  #: the warnings that are of a file, not of code


class Refused(Exception):
    """The image is whole, and too large or none of ours; the message says what."""


def read(path: str, limits: dict[str, Any]) -> Answer:
    """The answer, and the frames behind it."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            frames = _read(path, limits)
    except UnidentifiedImageError:
        return {"unknown": True}, []
    except Refused as error:
        return {"refused": str(error)}, []
    except MemoryError:
        return {"error": "it takes too much memory"}, []
    except Exception as error:  # each decoder has its own for a damaged file
        return {"error": reason(error).rstrip(".")}, []
    told = [str(warning.message) for warning in caught if issubclass(warning.category, _OF_FILES)]
    first = frames[0]
    return {
        "dtype": first.dtype.str,
        "shape": [len(frames), *first.shape],
        "warnings": list(dict.fromkeys(told))[:20],
    }, frames


def _read(path: str, limits: dict[str, Any]) -> list[np.ndarray]:
    Image.init()
    formats = [name for name in limits["formats"] if name in Image.OPEN]  # Pillow may be built without some
    with Image.open(path, formats=formats) as image:
        frames = _frames(image, limits)
    _check_sums(path, formats)
    return frames


def _check_sums(path: str, formats: list[str]) -> None:
    """Pillow decodes the pixels of a PNG without looking at their checksums, and takes the end of a
    GIF as its last frame's end."""
    with Image.open(path, formats=formats) as image:
        if image.format == "PNG":
            image.verify()
    if image.format == "GIF":
        with open(path, "rb") as file:
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


def _frames(image: Any, limits: dict[str, Any]) -> list[np.ndarray]:
    frames: list[np.ndarray] = []
    for frame in ImageSequence.Iterator(image):
        _check_size(frame.size, limits["pixels"])
        frames.append(_grey(ImageOps.exif_transpose(frame)))
        if len(frames) == limits["most"] or image.format == "MPO":  # the other images of a photo are previews
            break
        if len(frames) > limits["frames"] or frames[0].nbytes * len(frames) > limits["bytes"]:
            most = f"{limits['frames']:,} of {limits['bytes']:,} bytes in all at most"
            raise Refused(f"too many frames, {most}; take fewer --planes, or a video")
        if frames[-1].shape != frames[0].shape:
            found, first = (_size((f.shape[1], f.shape[0])) for f in (frames[-1], frames[0]))
            raise Refused(f"frame {len(frames) - 1} has {found} pixels, the frames before it {first}")
    return frames


def _check_size(size: tuple[int, int], most: int) -> None:
    if size[0] * size[1] > most:
        raise Refused(f"an image of {_size(size)} is too large, {most:,} pixels at most")


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _grey(image: Any) -> np.ndarray:
    """uint8, uint16 or float32 (H, W) of a Pillow image. 32-bit integers are how Pillow gives some
    16-bit files."""
    if image.mode.startswith("I"):
        return np.ascontiguousarray(np.asarray(image).clip(0, 65535).astype(np.uint16))
    return np.ascontiguousarray(np.asarray(image if image.mode == "F" else image.convert("L")))


def main() -> None:
    """The command that the module's text shows."""
    path, limits, seconds = sys.argv[1:]
    answer(lambda: read(path, json.loads(limits)), int(seconds), ROOM)


if __name__ == "__main__":
    main()
