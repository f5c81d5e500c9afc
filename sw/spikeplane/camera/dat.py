"""Raw planes: what spike cameras write (.dat). One bit a pixel, no header; see docs/camera-files.md
for a picture of the layout."""

import itertools
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from spikeplane.camera.binary import as_bits
from spikeplane.camera.mapped import MappedFile
from spikeplane.camera.size import (
    TAG_BYTES,
    TAGGED_SIZE,
    Size,
    check_pixels,
    fitting_sizes,
    plane_bytes,
    size_text,
)
from spikeplane.errors import SpikeplaneError
from spikeplane.files import write_stream


class RawPlanes:
    """Planes of a raw file, unpacked when they are asked for."""

    def __init__(self, file: MappedFile, size: Size, count: int, *, flip: bool, tagged: bool = False) -> None:
        """`count` planes from the start of the file. `flip`: the file has the bottom row first.
        `tagged`: two bytes after each row."""
        self.shape = (count, size[1], size[0])
        self.close = file.close
        self._file, self._flip, self._tagged = file, flip, tagged
        self._plane_bytes = plane_bytes(size, tagged)

    def read(self, first: int, last: int) -> np.ndarray:
        """uint8 (last - first, H, W) of 0 and 1, contiguous, row 0 at the top."""
        count, (_, height, width) = last - first, self.shape
        packed = self._file.window(first * self._plane_bytes, np.uint8, (count, self._plane_bytes))
        if not (self._tagged or width % 8 == 0):  # rows do not start at bytes
            planes = np.unpackbits(packed, axis=1, count=height * width, bitorder="little").reshape(
                count, height, width
            )
            return np.ascontiguousarray(planes[:, ::-1]) if self._flip else planes
        rows = packed.reshape(count, height, self._plane_bytes // height)
        rows = rows[:, :, :-TAG_BYTES] if self._tagged else rows
        rows = rows[:, ::-1] if self._flip else rows  # turned while they are packed: an eighth of the bytes
        if width % 8:
            return np.unpackbits(rows, axis=2, count=width, bitorder="little")
        return np.unpackbits(np.ascontiguousarray(rows).reshape(-1), bitorder="little").reshape(
            count, height, width
        )


def open_raw(path: Path, size: Size, *, flip: bool, tagged: bool | None, origin: str = "") -> RawPlanes:
    """The planes of a raw file. `origin`: what gave the size, for messages, if it was not the command line.

    Raises SpikeplaneError if the file is no whole number of planes, naming both lengths and the
    sizes that would fit.
    """
    check_pixels(size, str(path))
    length = path.stat().st_size
    file = MappedFile(path.open("rb"), path.name)
    if tagged is None:
        tagged = _is_tagged(file, size, length)
    count, rest = divmod(length, plane_bytes(size, tagged))
    if rest:
        raise SpikeplaneError(_no_whole_number(path, size, tagged, length, origin))
    return RawPlanes(file, size, count, flip=flip, tagged=tagged)


def _no_whole_number(path: Path, size: Size, tagged: bool, length: int, origin: str) -> str:
    takes = f"{plane_bytes(size, tagged)} bytes a plane"
    if tagged:
        takes += f" with {TAG_BYTES} tag bytes after each row"
    elif size == TAGGED_SIZE:
        takes += f" ({plane_bytes(size, True)} with {TAG_BYTES} tag bytes after each row)"
    fits = ", ".join(fitting_sizes(length))
    hint = (
        f"sizes that fit: --size {fits}"
        if fits
        else "no common sensor's size fits either: is the file complete?"
    )
    return (
        f"{path} has {length} bytes, no whole number of planes: {size_text(size)}{origin} takes "
        f"{takes}; {hint}"
    )


def _is_tagged(file: MappedFile, size: Size, length: int) -> bool:
    """Whether a 400x250 recording is a raw capture. Where the length fits both layouts, two regular
    bytes after each row tell."""
    if size != TAGGED_SIZE or length % plane_bytes(size, tagged=True):
        return False
    if length % plane_bytes(size):
        return True
    width, height = size
    rows = file.window(
        0, np.uint8, (min(length // plane_bytes(size, True), 50), height, width // 8 + TAG_BYTES)
    )
    tags = np.ascontiguousarray(rows[:, :, -TAG_BYTES:])
    if (tags == 0).all() or (tags == 255).all():  # so are the pixels of a dark scene, or of a lit one
        return False
    # each byte: of the plane, or of the row
    same = (tags == tags[:, :1]).all((0, 1)) | (tags == tags[:1]).all((0, 1))
    return bool(same.all()) or any(_counts(tags.view(order)[..., 0]) for order in ("<u2", ">u2"))


def _counts(tags: np.ndarray) -> bool:
    """Whether numbers (planes, rows) rise by a fixed amount, modulo 65,536, from row to row and on
    into the next plane."""
    steps = np.diff(tags.reshape(-1))
    return bool((steps == steps[0]).all())


def write_dat(path: Path, planes: Iterable[np.ndarray], *, flip: bool = True) -> int:
    """Write raw planes, one after the other as they come, and return how many.

    planes  arrays (H, W) or chunks (n, H, W) of 0 and 1 (bool, integers, or floats), all of one size,
            row 0 at the top of the image
    flip    write the bottom row first, as cameras do and `open_recording` expects

    Each plane is padded with zeros to a whole byte. The file appears when
    it is complete: an error, also one that `planes` raises, leaves what was there before. Raises
    SpikeplaneError for no plane at all, planes of several sizes, other values, and a file that
    cannot be written.
    """
    chunks = _chunks(planes)
    first = next(chunks, None)
    if first is None:
        raise SpikeplaneError(f"no plane to write to {path}")
    count, size = 0, first.shape[1:]
    with write_stream(path) as file:
        for chunk in itertools.chain([first], chunks):
            if chunk.shape[1:] != size:
                found, expected = (size_text((shape[1], shape[0])) for shape in (chunk.shape[1:], size))
                raise SpikeplaneError(
                    f"{path}: plane {count} has {found} pixels, the planes before it {expected}"
                )
            bits = as_bits(chunk, path.name, count)
            bits = bits[:, ::-1] if flip else bits
            file.write(np.packbits(bits.reshape(len(bits), math.prod(size)), axis=1, bitorder="little").data)
            count += len(chunk)
    return count


def _chunks(planes: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Chunks (n, H, W) with n, H and W at least 1."""
    for plane in planes:
        chunk = plane[None] if plane.ndim == 2 else plane
        if chunk.ndim != 3 or 0 in chunk.shape[1:]:
            raise SpikeplaneError(
                "expected planes (H, W) or chunks of planes (n, H, W), found an array of the "
                f"shape {plane.shape}"
            )
        if len(chunk):
            yield chunk
