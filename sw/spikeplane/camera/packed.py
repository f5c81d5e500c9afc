"""Planes of a compressed array: unpacked as far as they are asked for, into a file of one bit a
pixel that has no name."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from spikeplane.camera.binary import as_bits
from spikeplane.camera.dat import RawPlanes
from spikeplane.camera.mapped import MappedFile
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.npy import Header, unreadable

UNPACKED_BYTES = 1 << 22  #: of a compressed array in memory at a time
_UNSORTED = 1 << 29  #: bytes of an array in Fortran order at most, which is unpacked whole


class PackedPlanes:
    """Planes (T, H, W) behind a stream of an archive; the file of bits goes with this object,
    whatever happens."""

    def __init__(
        self, path: Path, archive: zipfile.ZipFile, stream: IO[bytes], header: Header, name: str
    ) -> None:
        """`archive` and its `stream`, behind the header of an array in C order, are closed by
        `close`; `name` is for messages."""
        self.shape: tuple[int, int, int] = header.shape  # type: ignore[assignment]  # checked by whoever read the header
        count, height, width = self.shape
        self._path, self._archive, self._stream, self._header, self._name = (
            path,
            archive,
            stream,
            header,
            name,
        )
        self._file = _room(path)
        self._planes = RawPlanes(MappedFile(self._file, name), (width, height), count, flip=False)
        self._unpacked = 0

    def close(self) -> None:
        """Let go of both files."""
        self._stream.close()
        self._archive.close()
        self._planes.close()

    def read(self, first: int, last: int) -> np.ndarray:
        """uint8 (last - first, H, W) of 0 and 1, contiguous, row 0 at the top.

        Raises SpikeplaneError for other values up to plane `last`, for a damaged archive, and where
        the bits find no room.
        """
        if self._unpacked < last and not self._file.closed:
            with _damage(self._path):
                self._unpack(last)
        return self._planes.read(first, last)

    def _unpack(self, last: int) -> None:
        count, height, width = self.shape
        plane_bytes = height * width * self._header.dtype.itemsize
        step = max(1, UNPACKED_BYTES // plane_bytes)
        self._file.seek(0, 2)
        while self._unpacked < last:
            planes = min(step, count - self._unpacked)
            data = self._stream.read(planes * plane_bytes)
            if len(data) < planes * plane_bytes:
                raise EOFError(f"it ends in plane {self._unpacked + len(data) // plane_bytes} of {count}")
            bits = as_bits(
                np.frombuffer(data, self._header.dtype).reshape(planes, height, width),
                self._name,
                self._unpacked,
            )
            self._file.write(
                np.packbits(bits.reshape(planes, height * width), axis=1, bitorder="little").data
            )
            self._unpacked += planes
        self._file.flush()
        if self._unpacked == count and self._stream.read(1):  # at the end the archive compares its checksum
            raise ValueError("it goes on behind its last plane")


def unpack_whole(path: Path, stream: IO[bytes], header: Header, name: str) -> MappedFile:
    """An array in Fortran order, whose planes cannot be told apart in the stream, as a file without
    a name. Raises SpikeplaneError."""
    if header.data_bytes > _UNSORTED:
        raise SpikeplaneError(
            f"{name} has {header.data_bytes} bytes in Fortran order, {_UNSORTED} at most: save it in C order"
        )
    file = _room(path)
    with _damage(path):
        left = header.data_bytes
        while left:
            data = stream.read(min(left, UNPACKED_BYTES))
            if not data:
                raise EOFError(f"it ends {left} bytes early")
            file.write(data)
            left -= len(data)
        if stream.read(1):
            raise ValueError("it goes on behind its last plane")
        file.flush()
    return MappedFile(file, name)


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """What goes wrong while unpacking, as SpikeplaneError: the disk is full, or the archive is damaged."""
    try:
        yield
    except (SpikeplaneError, MemoryError):
        raise
    except OSError as error:
        raise _no_room(path, error) from None
    except Exception as error:  # zipfile, zlib, struct: each has its own
        raise unreadable(path, error) from None


def _no_room(path: Path, error: OSError) -> SpikeplaneError:
    """What to say where an array could not be unpacked."""
    hint = "; set TMPDIR to a folder with more room" if error.strerror else ""
    return SpikeplaneError(f"cannot unpack {path} in {_folder()}: {error.strerror or error}{hint}")


def _folder() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:
        return "any folder for temporary files"


def _room(path: Path) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise _no_room(path, error) from None
