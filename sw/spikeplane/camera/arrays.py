"""Recordings stored as numpy arrays (T, H, W): .npy and .npz, mapped where they lie; compressed ones unpacked to a file of bits."""

import math
import shutil
import struct
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from spikeplane.camera.binary import as_bits
from spikeplane.camera.dat import RawPlanes
from spikeplane.camera.mapped import MappedFile
from spikeplane.errors import SpikeplaneError

UNPACKED_BYTES = 1 << 22  # of a compressed array in memory at a time


@dataclass(frozen=True)
class Header:
    """What the header of a .npy says, and how long it is (bytes)."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype
    length: int

    @property
    def data_bytes(self) -> int:
        """Bytes of the elements."""
        return math.prod(self.shape) * self.dtype.itemsize


class ArrayPlanes:
    """Planes of an array in a file, read when they are asked for."""

    def __init__(self, file: MappedFile, header: Header, offset: int) -> None:
        """`offset`: of the first element in the file."""
        self.shape: tuple[int, int, int] = header.shape  # type: ignore[assignment]  # checked by `_check`
        self.close = file.close
        self._file, self._header, self._offset = file, header, offset

    def read(self, first: int, last: int) -> np.ndarray:
        """uint8 (last - first, H, W) of 0 and 1, contiguous, row 0 at the top. Raises SpikeplaneError for other values."""
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
        header = _header(file)
    except Exception as error:  # ValueError, SyntaxError, TokenError, and others by what is damaged
        file.close()
        raise _unreadable(path, error) from None
    mapped = MappedFile(file, path.name)
    _check(str(path), header, path.stat().st_size - header.length)
    return ArrayPlanes(mapped, header, header.length)


def open_npz(path: Path, name: str | None) -> ArrayPlanes | RawPlanes:
    """The planes of an array in an .npz: the only one, or the one called `name`.

    Raises SpikeplaneError if the file is damaged, if it holds several arrays and no name is given (it lists them with their shapes),
    if there is none of that name, and if the array holds no planes (T, H, W).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _open_member(path, archive, _choose(path, archive, name))
    except SpikeplaneError:
        raise
    except OSError as error:
        hint = "; set TMPDIR to a folder with more room" if error.strerror else ""
        raise SpikeplaneError(f"cannot unpack {path} in {tempfile.gettempdir()}: {error.strerror or error}{hint}") from None
    except Exception as error:  # zipfile, zlib, lzma, struct, ast, numpy: each has its own for a damaged file
        raise _unreadable(path, error) from None


def _open_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> ArrayPlanes | RawPlanes:
    with archive.open(member) as stream:
        header = _header(stream)
        name = f"{path}:{_name(member)}"
        _check(name, header, member.file_size - header.length)
        if member.compress_type != zipfile.ZIP_STORED:
            return _unpack(stream, header, f"{path.name}:{_name(member)}")
    with path.open("rb") as file:  # the local header's lengths may differ from those of the archive's directory
        file.seek(member.header_offset)
        lengths = struct.unpack("<26x2H", file.read(30))
    offset = member.header_offset + 30 + sum(lengths) + header.length
    if path.stat().st_size < offset + header.data_bytes:
        raise ValueError("an array reaches beyond the end")
    return ArrayPlanes(MappedFile(path.open("rb"), path.name), header, offset)


def _choose(path: Path, archive: zipfile.ZipFile, name: str | None) -> zipfile.ZipInfo:
    """The archive's only array, or the named one."""
    members = {_name(member): member for member in archive.infolist() if member.filename.endswith(".npy")}
    if name is None and len(members) == 1:
        return next(iter(members.values()))
    if name in members:
        return members[name]
    if not members:
        raise SpikeplaneError(f"{path} holds no array; expected one of the shape (T, H, W)")
    shapes = {}
    for key, member in members.items():
        with archive.open(member) as stream:
            shapes[key] = _header(stream).shape
    listed = ", ".join(f"{key} {shape}" for key, shape in shapes.items())
    likely = next((key for key, shape in shapes.items() if len(shape) == 3), next(iter(shapes)))
    if name is not None:
        raise SpikeplaneError(f"{path} holds no array called {name}; it holds {listed}")
    raise SpikeplaneError(f"{path} holds {len(members)} arrays: {listed}; name one, such as {path}:{likely}")


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _header(file: IO[bytes]) -> Header:
    """The header at the start of a .npy. Raises ValueError, SyntaxError or others of a damaged one."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"its version {version[0]}.{version[1]} is not known")
    return Header(shape, fortran, dtype, file.tell())


def _check(name: str, header: Header, data_bytes: int) -> None:
    if len(header.shape) != 3:
        raise SpikeplaneError(f"{name}: expected planes of the shape (T, H, W), the array has the shape {header.shape}")
    if min(header.shape) < 1:
        raise SpikeplaneError(f"{name} holds no planes: its shape (T, H, W) is {header.shape}")
    if header.dtype.kind not in "buif":
        raise SpikeplaneError(
            f"{name}: expected planes of bools or of the integers 0 and 1, found elements of type {header.dtype}"
        )
    if data_bytes < header.data_bytes:
        raise SpikeplaneError(
            f"{name} is truncated: planes of the shape {header.shape} take {header.data_bytes} bytes, found {data_bytes}"
        )


def _unpack(stream: IO[bytes], header: Header, name: str) -> ArrayPlanes | RawPlanes:
    """A compressed array as a mapped file: one bit a pixel, without a name, so that it goes with the recording whatever happens."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the recording
    mapped = MappedFile(file, name)
    if header.fortran:  # planes cannot be told apart in the stream
        shutil.copyfileobj(stream, file, UNPACKED_BYTES)
        file.flush()
        return ArrayPlanes(mapped, header, 0)
    count, height, width = header.shape
    plane_bytes = height * width * header.dtype.itemsize
    step = max(1, UNPACKED_BYTES // plane_bytes)
    for first in range(0, count, step):
        planes = min(step, count - first)
        data = stream.read(planes * plane_bytes)
        if len(data) < planes * plane_bytes:
            raise EOFError(f"it ends in plane {first + len(data) // plane_bytes} of {count}")
        bits = as_bits(np.frombuffer(data, header.dtype).reshape(planes, height, width), name, first)
        file.write(np.packbits(bits.reshape(planes, height * width), axis=1, bitorder="little").data)
    file.flush()
    return RawPlanes(mapped, (width, height), count, flip=False)


def _unreadable(path: Path, error: Exception) -> SpikeplaneError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return SpikeplaneError(f"{path} is no readable {path.suffix} file: {reason}")
