"""IDX files, plain or gzipped: the format of MNIST and its successors."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from spikeplane.errors import SpikeplaneError

_UBYTE = 0x08


def read_bytes(path: Path) -> bytes:
    """The file's contents, unpacked if gzipped. Raises SpikeplaneError if missing, unreadable or a broken gzip."""
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" or path.suffix == ".gz" else data
    except FileNotFoundError:
        raise SpikeplaneError(f"no file {path}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SpikeplaneError(f"{path} is no complete gzip file ({error}); fetch it again") from None
    except OSError as error:
        raise SpikeplaneError(f"{path} cannot be read: {error.strerror}") from None


def read_idx(path: Path) -> np.ndarray:
    """The uint8 array of an IDX file, any number of dimensions: big-endian magic 0x000008nn, nn sizes of 32 bits, values.

    Source: the format's description at the MNIST database. Raises SpikeplaneError for another magic, another element type
    or a length that is not the header's.
    """
    data = read_bytes(path)
    if len(data) < 4 or data[:2] != b"\0\0" or data[3] == 0:
        raise SpikeplaneError(
            f"{path} is no IDX file: expected it to start with 0000 08 and the dimensions, not {data[:4].hex()}"
        )
    if data[2] != _UBYTE:
        raise SpikeplaneError(f"{path}: expected an IDX file of unsigned bytes (type 08), found type {data[2]:02x}")
    start = 4 + 4 * data[3]
    if len(data) < start:
        raise SpikeplaneError(
            f"{path} is truncated: an IDX header of {data[3]} dimensions has {start} bytes, found {len(data)}"
        )
    sizes = [int(size) for size in np.frombuffer(data[4:start], ">u4")]
    if len(data) - start != math.prod(sizes):
        what = "truncated" if len(data) - start < math.prod(sizes) else "too long"
        expected = f"{' x '.join(map(str, sizes))} = {math.prod(sizes)} bytes"
        raise SpikeplaneError(f"{path} is {what}: expected {expected} after the header, found {len(data) - start}")
    try:
        return np.frombuffer(data, np.uint8, offset=start).reshape(sizes).copy()  # writable
    except ValueError:  # numpy's limits of dimensions and of their product, zeros left out
        raise SpikeplaneError(f"{path} is no IDX file of samples: its header gives {data[3]} dimensions") from None
