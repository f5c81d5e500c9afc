"""The headers of .npy files and the members of .npz archives: what an array is, before a byte of it
is unpacked."""

import io
import math
import struct
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from spikeplane.errors import SpikeplaneError, reason

#: bytes of a header: numpy's own limit, which it looks at only after it has read the header
_LONGEST = 10_000
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  #: what numpy writes; others unpack without a bound


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


def read_header(file: IO[bytes]) -> Header:
    """The header at the start of a .npy. Raises ValueError, SyntaxError or others of a damaged one."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"its version {version[0]}.{version[1]} is not known")
    field = file.read(2 if version == (1, 0) else 4)
    length = int.from_bytes(field, "little")
    if length > _LONGEST:
        raise ValueError(f"its header has {length} bytes, {_LONGEST} at most")
    stream = io.BytesIO(field + file.read(length))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy advises to write headers of Python 2 again
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        else:
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
    if min(shape, default=0) < 0:
        raise ValueError(f"its shape is {shape}")
    return Header(tuple(int(size) for size in shape), fortran, dtype, 8 + len(field) + length)


def arrays(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The arrays of an .npz by name."""
    return {array_name(member): member for member in archive.infolist() if member.filename.endswith(".npy")}


def array_name(member: zipfile.ZipInfo) -> str:
    """An array's name in an .npz."""
    return member.filename.removesuffix(".npy")


def open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    """A stream of one member. Raises ValueError for a packing that numpy does not write."""
    if member.compress_type not in _PACKINGS:
        raise ValueError(f"{member.filename} is packed in a way that numpy does not write")
    return archive.open(member)


def stored_offset(path: Path, member: zipfile.ZipInfo) -> int:
    """Where the bytes of a member that is not packed start in the file. Raises struct.error or
    OSError of a damaged file."""
    # the local header's lengths may differ from those of the archive's directory
    with path.open("rb") as file:
        file.seek(member.header_offset)
        lengths = struct.unpack("<26x2H", file.read(30))
    return member.header_offset + 30 + sum(lengths)


def unreadable(path: Path, error: Exception) -> SpikeplaneError:
    """What to say of a damaged file: zipfile, zlib, struct, ast and numpy each have their own
    exceptions for it."""
    return SpikeplaneError(f"{path} is no readable {path.suffix} file: {reason(error).rstrip('.')}")
