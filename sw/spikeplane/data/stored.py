"""An array in a file (.npy, .npz, IDX), opened by its header: type and shape are known and checked
before a value is read, and only the values that are asked for are unpacked."""

import gzip
import math
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.npy import Header, arrays, open_member, read_header, unreadable

MOST_BYTES = 1 << 29  #: of the values that are held at once
_PIECE = 1 << 20  #: bytes that are unpacked at a time


@dataclass(frozen=True)
class Stored:
    """An array in a file. `shape` and `dtype` are the header's; `name` is the file's, for messages."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    load: Callable[[int], np.ndarray]

    def __post_init__(self) -> None:
        """Raises SpikeplaneError for elements that are no numbers."""
        if self.dtype.kind not in "buif":
            raise SpikeplaneError(
                f"{self.name}: expected an array of numbers, found elements of type {self.dtype}"
            )

    def read(self, count: int | None = None) -> np.ndarray:
        """The first `count` of the array's first axis; all where None.

        Raises SpikeplaneError for a damaged file, one whose length is not the header's (where all
        of it is read), NaN, and more than MOST_BYTES.
        """
        rows = 1 if not self.shape else self.shape[0] if count is None else min(count, self.shape[0])
        size = rows * math.prod(self.shape[1:]) * self.dtype.itemsize
        if size > MOST_BYTES:
            values = f"{rows} x {math.prod(self.shape[1:])} values of type {self.dtype}"
            cure = "take fewer samples" + (", or store them as uint8" if self.dtype.itemsize > 1 else "")
            raise SpikeplaneError(f"{self.name}: {values} take {size} bytes, {MOST_BYTES} at most: {cure}")
        array = self.load(rows)
        if array.dtype.kind == "f" and np.isnan(array).any():
            raise SpikeplaneError(
                f"{self.name} holds NaN in {int(np.isnan(array).sum())} of {array.size} values; remove them"
            )
        return array


def open_npy(path: Path) -> Stored:
    """The array of a .npy. Raises SpikeplaneError of a damaged header."""
    with _readable(path), path.open("rb") as file:
        header = read_header(file)
    return _stored(path, header, lambda: _behind(path, header), path.stat().st_size)


@contextmanager
def _behind(path: Path, header: Header) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        file.seek(header.length)
        yield file


def map_npy(path: Path) -> np.ndarray:
    """The array of a .npy, read-only and mapped where it lies. Raises SpikeplaneError of a damaged file."""
    stored = open_npy(path)
    with _readable(path), path.open("rb") as file:
        header = read_header(file)
        _check_length(path, header, path.stat().st_size)
        if not header.data_bytes:
            return np.zeros(stored.shape, stored.dtype)
        return np.memmap(
            file, header.dtype, "r", header.length, header.shape, "F" if header.fortran else "C"
        ).view(np.ndarray)


def _check_length(path: Path, header: Header, length: int) -> None:
    found, expected = length - header.length, header.data_bytes
    if found != expected:
        what = "truncated" if found < expected else "too long"
        raise SpikeplaneError(
            f"{path} is {what}: an array of {_form(header.shape)} takes {expected} bytes, found {found}"
        )


def open_npz(path: Path, names: tuple[str, ...]) -> Stored:
    """The only array of an .npz, or the one that is called as in `names`. Raises SpikeplaneError of
    a damaged or ambiguous file."""
    with _readable(path), zipfile.ZipFile(path) as archive:
        member = _choose(path, archive, names)
        with open_member(archive, member) as stream:
            header = read_header(stream)
    return _stored(path, header, lambda: _unpacked(path, member, header), member.file_size)


def _choose(path: Path, archive: zipfile.ZipFile, names: tuple[str, ...]) -> zipfile.ZipInfo:
    found = arrays(archive)
    wanted = [name for name in names if name in found]
    if len(found) == 1 or wanted:
        return found[wanted[0]] if wanted else next(iter(found.values()))
    if not found and archive.infolist():
        raise ValueError("its member is no array")
    holds = f"the arrays {', '.join(found)}" if found else "no array"
    raise SpikeplaneError(
        f"{path} holds {holds}; expected one array, or one called {', '.join(names[:-1])} or {names[-1]}"
    )


@contextmanager
def _unpacked(path: Path, member: zipfile.ZipInfo, header: Header) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as archive, open_member(archive, member) as stream:
        read_header(stream)
        yield stream


def _stored(
    path: Path, header: Header, stream: Callable[[], AbstractContextManager[IO[bytes]]], length: int
) -> Stored:
    """`stream` gives the bytes behind the header; `length`: of the header and all of them, as the
    file states it."""
    shape, dtype = header.shape, header.dtype

    def load(rows: int) -> np.ndarray:
        _check_length(path, header, length)
        whole = header.fortran or not shape or rows == shape[0]
        if whole and header.data_bytes > MOST_BYTES:
            raise SpikeplaneError(
                f"{path}: {header.data_bytes} bytes in Fortran order, {MOST_BYTES} at most: save "
                "it in C order"
            )
        size = header.data_bytes if whole else rows * math.prod(shape[1:]) * dtype.itemsize
        with _readable(path), stream() as source:
            data = take(source, size)
            if whole and source.read(1):  # at the end of an archive's member its checksum is compared
                raise ValueError("it goes on behind its last value")
            if header.fortran:
                return np.frombuffer(data, dtype).reshape(shape, order="F")[slice(rows) if shape else ()]
            return np.frombuffer(data, dtype).reshape((rows, *shape[1:]) if shape else ())

    return Stored(str(path), shape, dtype, load)


def take(source: IO[bytes] | gzip.GzipFile, size: int) -> bytearray:
    """Exactly `size` bytes of a stream, unpacked piece by piece. Raises EOFError where it ends before."""
    data = bytearray()
    while len(data) < size:
        piece = source.read(min(_PIECE, size - len(data)))
        if not piece:
            raise EOFError(f"it ends after {len(data)} of {size} bytes")
        data += piece
    return data


def _form(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (SpikeplaneError, MemoryError):
        raise
    except Exception as error:  # zipfile, zlib, struct, ast, numpy: each has its own for a damaged file
        raise unreadable(path, error) from None
