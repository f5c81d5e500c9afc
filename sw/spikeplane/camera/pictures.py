"""Images to files as they come: .npy, .png (one image or a contact sheet), .gif and .mp4. Each is
there whole or not at all."""

import io
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.camera.mp4 import write_mp4
from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_file, write_stream

SUFFIXES = (".png", ".mp4", ".gif", ".npy")
SHEET = 36  #: images of a contact sheet at most
TILE = 480  #: pixels that an image on a contact sheet is wide and high at most
CAPTION, GAP = 14, 4  #: pixels under each image of a contact sheet, and between them

Picture = tuple[int, np.ndarray]  #: the plane it shows, and its levels, uint8 or uint16 (H, W)


def png_bytes(image: np.ndarray) -> bytes:
    """A grey PNG of uint8 or uint16 (H, W), as many bits deep."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG")
    return data.getvalue()


def write_png(path: Path, pictures: Iterable[Picture]) -> int:
    """One picture as it is; several as a contact sheet, with the number of its plane under each.
    Returns how many.

    All are held in memory: SHEET at most. Raises SpikeplaneError for more, for none, and a file
    that cannot be written.
    """
    shown = []
    for number, levels in pictures:
        if len(shown) == SHEET:
            raise SpikeplaneError(f"a contact sheet shows {SHEET} images at most")
        shown.append((number, levels))
    if not shown:
        raise SpikeplaneError(f"no image to write to {path}")
    write_file(path, png_bytes(shown[0][1] if len(shown) == 1 else sheet(shown)))
    return len(shown)


def sheet(pictures: list[Picture]) -> np.ndarray:
    """The contact sheet, uint8 (H, W), of uint8 pictures: about as wide as high, in reading order,
    those above TILE pixels made smaller."""
    from PIL import Image, ImageDraw

    height, width = pictures[0][1].shape
    step = -(-max(height, width) // TILE)
    cell = (max(-(-width // step), 40) + GAP, -(-height // step) + CAPTION + GAP)
    columns = near_square(len(pictures), cell)
    rows = -(-len(pictures) // columns)
    page = Image.new("L", (columns * cell[0] + GAP, rows * cell[1] + GAP), 32)
    draw = ImageDraw.Draw(page)
    for place, (number, levels) in enumerate(pictures):
        x, y = place % columns * cell[0] + GAP, place // columns * cell[1] + GAP
        page.paste(Image.fromarray(levels).reduce(step), (x, y))
        draw.text((x, y + cell[1] - CAPTION - GAP + 1), str(number), fill=255)
    return np.asarray(page)


def near_square(count: int, cell: tuple[int, int]) -> int:
    """Columns that so many cells of (width, height) have, so that the page is as near to a square as can be."""

    def oblong(columns: int) -> float:
        return abs(math.log(columns * cell[0] / (-(-count // columns) * cell[1])))

    return min(range(1, count + 1), key=oblong)


def write_gif(path: Path, pictures: Iterable[Picture], rate: float) -> int:
    """An animation that repeats for ever, picture by picture; uint8 only. `rate`: see `gif_rate`.
    Returns how many.

    Pillow keeps all pictures of an animation in memory; here it only compresses them.
    """
    from PIL import GifImagePlugin, Image

    count, delay = 0, round(100 / rate)
    with write_stream(path) as file:
        for count, (_, levels) in enumerate(pictures, 1):  # noqa: B007 - the last one is their number
            if count == 1:
                file.write(_gif_head(levels.shape[1], levels.shape[0]))
            for part in GifImagePlugin.getdata(Image.fromarray(levels), duration=10 * delay):
                file.write(part)
        if not count:
            raise SpikeplaneError(f"no image to write to {path}")
        file.write(b";")
    return count


def gif_rate(rate: float) -> float:
    """Images a second of a GIF that come nearest: their delays are whole hundredths of a second,
    and viewers slow down below two."""
    return 100 / max(2, round(100 / rate))


def _gif_head(width: int, height: int) -> bytes:
    """The header with 256 greys for all images, and the wish to repeat."""
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    greys = bytes(level for level in range(256) for _ in range(3))
    return b"GIF89a" + size + b"\xf7\x00\x00" + greys + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"


def write_arrays(path: Path, pictures: Iterable[Picture]) -> int:
    """One .npy array (N, H, W). Returns how many."""
    from spikeplane.camera.npy import write_npy

    return write_npy(path, (levels for _, levels in pictures))


def write_pictures(path: Path, pictures: Iterator[Picture], rate: float) -> int:
    """Write by the suffix; `rate`: images a second of .mp4 and .gif. Returns how many pictures were taken.

    Raises SpikeplaneError for a suffix not in SUFFIXES, a missing ffmpeg (.mp4), and a file that
    cannot be written.
    """
    suffix = check_suffix(path)
    writers: dict[str, Callable[[Path, Any], int]] = {
        ".png": write_png,
        ".npy": write_arrays,
        ".gif": lambda path, pictures: write_gif(path, pictures, rate),
        ".mp4": lambda path, pictures: write_mp4(path, (levels for _, levels in pictures), rate),
    }
    return writers[suffix](path, pictures)


def check_suffix(path: Path) -> str:
    """The suffix, in lower case. Raises SpikeplaneError for one that stands for no format of ours."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        formats = ".png (one image, or a contact sheet), .mp4, .gif or .npy"
        raise SpikeplaneError(f"--output is a {formats}, not {str(path)!r}")
    return suffix
