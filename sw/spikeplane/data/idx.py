"""IDX files, plain or gzipped: the format of MNIST and its successors."""

import gzip
import math
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from spikeplane.data.stored import Stored, take
from spikeplane.errors import SpikeplaneError

_UBYTE = 0x08
_DIMENSIONS = 32  #: at most: as many as numpy takes


def open_idx(path: Path) -> Stored:
    """The uint8 array of an IDX file, any number of dimensions: big-endian magic 0x000008nn, nn
    sizes of 32 bits, values.

    Source: the format's description at the MNIST database. Raises SpikeplaneError for another magic
    or another element type; reading it does for a length that is not the header's, as far as it is
    read.
    """
    with _open(path) as file:
        sizes = _sizes(path, file)

    def load(rows: int) -> np.ndarray:
        with _open(path) as file:
            start = 4 * (1 + len(_sizes(path, file)))
            if isinstance(file, gzip.GzipFile):
                data = _unpack(path, file, sizes, rows)
            else:
                _check_length(path, sizes, os.fstat(file.fileno()).st_size - start)
                data = take(file, rows * math.prod(sizes[1:]))
        return np.frombuffer(data, np.uint8).reshape(rows, *sizes[1:])

    return Stored(str(path), sizes, np.dtype(np.uint8), load)


def _sizes(path: Path, file: IO[bytes] | gzip.GzipFile) -> tuple[int, ...]:
    head = file.read(4)
    if not head:
        raise SpikeplaneError(f"{path} is empty")
    if len(head) < 4 or head[:2] != b"\0\0" or head[3] == 0:
        raise SpikeplaneError(
            f"{path} is no IDX file: expected it to start with 0000 08 and the dimensions, not {head.hex()}"
        )
    if head[2] != _UBYTE:
        raise SpikeplaneError(
            f"{path}: expected an IDX file of unsigned bytes (type 08), found type {head[2]:02x}"
        )
    data = file.read(4 * head[3])
    if len(data) < 4 * head[3]:
        found = 4 + len(data)
        raise SpikeplaneError(
            f"{path} is truncated: an IDX header of {head[3]} dimensions has {4 + 4 * head[3]} "
            f"bytes, found {found}"
        )
    if head[3] > _DIMENSIONS:
        raise SpikeplaneError(f"{path} is no IDX file of samples: its header gives {head[3]} dimensions")
    return tuple(int(size) for size in np.frombuffer(data, ">u4"))


def _unpack(path: Path, file: gzip.GzipFile, sizes: tuple[int, ...], rows: int) -> bytearray:
    """The values of the first rows; of all rows, what follows must be the end of the file, with its
    checksum."""
    expected, before = rows * math.prod(sizes[1:]), file.tell()
    try:
        data = take(file, expected)
    except EOFError:
        # its own end, not that of a cut gzip file
        if (found := file.tell() - before) < expected and not file.read(1):
            _check_length(path, sizes, found)
        raise
    if rows == sizes[0] and file.read(1):
        _check_length(path, sizes, None)
    return data


def _check_length(path: Path, sizes: tuple[int, ...], found: int | None) -> None:
    """`found` bytes of values, or (None) more than there should be."""
    values = math.prod(sizes)
    if found != values:
        what = "truncated" if found is not None and found < values else "too long"
        expected = f"{' x '.join(map(str, sizes))} = {values} bytes"
        raise SpikeplaneError(
            f"{path} is {what}: expected {expected} after the header, found "
            f"{'more' if found is None else found}"
        )


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """The file, unpacked if gzipped. Raises SpikeplaneError if missing, unreadable or a broken gzip."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b" or path.suffix == ".gz"
            raw.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=raw) as file:
                    yield file
            else:
                yield raw
    except FileNotFoundError:
        raise SpikeplaneError(f"no file {path}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SpikeplaneError(f"{path} is no complete gzip file ({error}); fetch it again") from None
    except OSError as error:
        raise SpikeplaneError(f"{path} cannot be read: {error.strerror}") from None
