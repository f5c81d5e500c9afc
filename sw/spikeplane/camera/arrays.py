"""Recordings stored as numpy arrays (T, H, W): .npy and .npz, mapped where they lie; compressed
ones see `packed.py`."""

import math
import zipfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from spikeplane.camera.binary import as_bits
from spikeplane.camera.mapped import MappedFile
from spikeplane.camera.packed import PackedPlanes, unpack_whole
from spikeplane.camera.size import check_pixels
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.npy import (
    Header,
    array_name,
    arrays,
    open_member,
    read_header,
    stored_offset,
    unreadable,
)


class ArrayPlanes:
    """Planes of an array in a file, read when they are asked for."""

    def __init__(self, file: MappedFile, header: Header, offset: int) -> None:
        """`offset`: of the first element in the file."""
        self.shape: tuple[int, int, int] = header.shape  # type: ignore[assignment]  # checked by `_check`
        self.close = file.close
        self._file, self._header, self._offset = file, header, offset

    def read(self, first: int, last: int) -> np.ndarray:
        """uint8 (last - first, H, W) of 0 and 1, contiguous, row 0 at the top. Raises
        SpikeplaneError for other values."""
        header, plane = self._header, self.shape[1:]
        if header.fortran:  # a plane is scattered over the whole array
            found = self._file.window(self._offset, header.dtype, header.shape, fortran=True)[first:last]
        else:
            start = self._offset + first * math.prod(plane) * header.dtype.itemsize
            found = self._file.window(start, header.dtype, (last - first, *plane))
        return np.array(as_bits(found, self._file.name, first), order="C")


def open_npy(path: Path) -> ArrayPlanes:
    """The planes of a .npy. Raises SpikeplaneError if it is damaged or holds no planes (T, H, W)."""
    file = path.open("rb")
    try:
        header = read_header(file)
    except Exception as error:  # ValueError, SyntaxError, TokenError, and others by what is damaged
        file.close()
        raise unreadable(path, error) from None
    mapped = MappedFile(file, path.name)
    _check(str(path), header, path.stat().st_size - header.length)
    return ArrayPlanes(mapped, header, header.length)


def open_npz(path: Path, wanted: str | None) -> ArrayPlanes | PackedPlanes:
    """The planes of an array in an .npz: the only one, or the one called `wanted`.

    Raises SpikeplaneError if the file is damaged, if it holds several arrays and no name is given
    (it lists them with their shapes), if there is none of that name, and if the array holds no
    planes (T, H, W).
    """
    try:
        with ExitStack() as closing:
            archive = closing.enter_context(zipfile.ZipFile(path))
            planes = _open_member(path, archive, _choose(path, archive, wanted))
            if isinstance(planes, PackedPlanes):
                closing.pop_all()  # which goes on reading
            return planes
    except (SpikeplaneError, MemoryError):
        raise
    except Exception as error:  # zipfile, zlib, struct, ast, numpy: each has its own for a damaged file
        raise unreadable(path, error) from None


def _open_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> ArrayPlanes | PackedPlanes:
    stream, name = open_member(archive, member), f"{path.name}:{array_name(member)}"
    header = read_header(stream)
    _check(f"{path}:{array_name(member)}", header, member.file_size - header.length)
    if member.compress_type != zipfile.ZIP_STORED:
        if header.fortran:
            return ArrayPlanes(unpack_whole(path, stream, header, name), header, 0)
        return PackedPlanes(path, archive, stream, header, name)
    offset = stored_offset(path, member) + header.length
    if path.stat().st_size < offset + header.data_bytes:
        raise ValueError("an array reaches beyond the end")
    return ArrayPlanes(MappedFile(path.open("rb"), path.name), header, offset)


def _choose(path: Path, archive: zipfile.ZipFile, wanted: str | None) -> zipfile.ZipInfo:
    """The archive's only array, or the named one."""
    members = arrays(archive)
    if wanted is None and len(members) == 1:
        return next(iter(members.values()))
    if wanted in members:
        return members[wanted]
    if not members:
        raise SpikeplaneError(f"{path} holds no array; expected one of the shape (T, H, W)")
    shapes = {}
    for key, member in members.items():
        with open_member(archive, member) as stream:
            shapes[key] = read_header(stream).shape
    listed = ", ".join(f"{key} {shape}" for key, shape in shapes.items())
    likely = next((key for key, shape in shapes.items() if len(shape) == 3), next(iter(shapes)))
    if wanted is not None:
        raise SpikeplaneError(f"{path} holds no array called {wanted}; it holds {listed}")
    raise SpikeplaneError(f"{path} holds {len(members)} arrays: {listed}; name one, such as {path}:{likely}")


def _check(name: str, header: Header, data_bytes: int) -> None:
    if len(header.shape) != 3:
        raise SpikeplaneError(
            f"{name}: expected planes of the shape (T, H, W), the array has the shape {header.shape}"
        )
    if min(header.shape) < 1:
        raise SpikeplaneError(f"{name} holds no planes: its shape (T, H, W) is {header.shape}")
    if header.dtype.kind not in "buif":
        raise SpikeplaneError(
            f"{name}: expected planes of bools or of the integers 0 and 1, found elements of type "
            f"{header.dtype}"
        )
    _, height, width = header.shape
    check_pixels((width, height), name)
    if data_bytes != header.data_bytes:
        what = "truncated" if data_bytes < header.data_bytes else "too long"
        raise SpikeplaneError(
            f"{name} is {what}: planes of the shape {header.shape} take {header.data_bytes} bytes, "
            f"found {data_bytes}"
        )
