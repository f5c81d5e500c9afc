"""A spike camera's recording, whatever file it lies in: opened at once, read plane by plane, never
held whole in memory."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np

from spikeplane.camera.arrays import open_npy, open_npz
from spikeplane.camera.dat import open_raw, write_dat
from spikeplane.camera.side import SUFFIXES, read_side_file, recording_of, side_file_for
from spikeplane.camera.size import Size, check_size, fitting_sizes, parse_size, size_text
from spikeplane.errors import SpikeplaneError

__all__ = ["Recording", "Size", "open_recording", "parse_size", "write_dat"]


class Planes(Protocol):
    """Where planes come from: a file of one of the formats."""

    shape: tuple[int, int, int]  # (planes, height, width)

    def read(self, first: int, last: int) -> np.ndarray:
        """uint8 (last - first, H, W), row 0 at the top."""
        ...

    def close(self) -> object:
        """Let go of the file."""
        ...


class Recording:
    """Planes of a spike camera: one bit a pixel, thousands of planes a second. Read when asked for;
    closed by `with`, `close` or disuse.

    name           the file's name
    width, height  of a plane, in pixels

    `len(recording)` counts its planes.
    """

    def __init__(self, name: str, planes: Planes) -> None:
        self.name = name
        self._planes = planes
        self._count, self.height, self.width = planes.shape

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> "Recording":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; arrays that were read stay."""
        self._planes.close()

    def read(self, first: int, last: int) -> np.ndarray:
        """Planes `first` to `last - 1`: uint8 (last - first, height, width) of 0 and 1, row 0 at
        the TOP; contiguous and one's own.

        Raises SpikeplaneError for planes that are not there, for values other than 0 and 1 in an
        array, and for a file cut meanwhile.
        """
        self._check(first, last)
        return self._planes.read(first, last)

    def chunks(self, first: int = 0, last: int | None = None, planes: int = 64) -> Iterator[np.ndarray]:
        """`read` from `first` to `last` (None: the end) in steps of `planes` planes; the last chunk
        may be shorter.

        Raises SpikeplaneError at once for planes that are not there, and as `read` does.
        """
        end = len(self) if last is None else last
        self._check(first, end)
        if planes < 1:
            raise SpikeplaneError(f"a chunk takes at least 1 plane, found {planes}")
        return (self._planes.read(start, min(start + planes, end)) for start in range(first, end, planes))

    def _check(self, first: int, last: int) -> None:
        if first < 0:
            raise SpikeplaneError(
                f"plane {first} is before the start: the recording has {self._planes_text()}"
            )
        if first >= len(self) or last > len(self):
            plane = first if first >= len(self) else last - 1
            raise SpikeplaneError(f"plane {plane} is beyond the end: the recording has {self._planes_text()}")
        if last < first:
            raise SpikeplaneError(
                f"planes {first} to {last} run backwards; the recording has {self._planes_text()}"
            )

    def _planes_text(self) -> str:
        return "1 plane, 0" if len(self) == 1 else f"{len(self)} planes, 0 to {len(self) - 1}"


def open_recording(
    path: Path, size: Size | None = None, *, flip: bool = True, tagged: bool | None = None
) -> Recording:
    """A recording in a raw file (.dat, or any other suffix), a .npy or .npz of (T, H, W), or the
    YAML file that names one.

    path    `clip.npz:spikes` chooses one of several arrays
    size    (width, height) of a raw file; not needed where a YAML file gives it (see `side_file_for`),
            and checked against arrays and YAML files
    flip    a raw file has its bottom row first, as cameras write it; arrays have row 0 at the top
            whatever `flip` says
    tagged  whether two tag bytes follow each row of a raw file; None: only in a 400x250 recording whose
            length, or whose bytes if the length leaves it open, say so

    Raises SpikeplaneError for a file that is missing, empty, damaged, of another size, or no whole
    number of planes.
    """
    if size is not None:
        check_size(size)
    path, array = _split(Path(path))
    try:
        _check_file(path)
        if path.suffix.lower() in SUFFIXES:
            return _open_named(path, size, flip, tagged)
        return _open_file(path, array, size, flip, tagged)
    except OSError as error:
        raise SpikeplaneError(f"cannot read {path}: {error.strerror or error}") from None


def _split(path: Path) -> tuple[Path, str | None]:
    """`clip.npz:spikes` as the file and the array in it."""
    stem, colon, array = path.name.rpartition(":")
    if colon and array and stem.lower().endswith(".npz") and not path.exists():
        return path.with_name(stem), array
    return path, None


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise SpikeplaneError(
            f"{path} is a folder; expected a recording: .dat (raw planes), .npy, .npz, or a .yaml "
            "that names one"
        )
    if not path.exists():
        raise SpikeplaneError(f"no file {path}")
    if not path.is_file():
        raise SpikeplaneError(
            f"{path} is no regular file; planes are read from anywhere in a recording: save it to "
            "a file first"
        )
    if path.stat().st_size == 0:
        raise SpikeplaneError(f"{path} is empty")


def _open_named(path: Path, size: Size | None, flip: bool, tagged: bool | None) -> Recording:
    """The recording that a YAML file names."""
    side = read_side_file(path)
    if size not in (None, side.size):
        raise SpikeplaneError(
            f"{path} gives the size {size_text(side.size)}, --size says {size_text(size)}; leave --size out"
        )
    place = recording_of(side)
    _check_file(place)
    return _open_file(place, None, side.size, flip, tagged, f" ({path.name})")


def _open_file(
    path: Path, array: str | None, size: Size | None, flip: bool, tagged: bool | None, origin: str = ""
) -> Recording:
    suffix = path.suffix.lower()
    if suffix in (".npy", ".npz"):
        planes = open_npy(path) if suffix == ".npy" else open_npz(path, array)
        found = planes.shape[2], planes.shape[1]
        if size not in (None, found):
            said = origin.strip(" ()") or "--size"
            raise SpikeplaneError(
                f"{path} holds planes of {size_text(found)} pixels, {said} says {size_text(size)}"
            )
        return Recording(path.name if array is None else f"{path.name}:{array}", planes)
    if size is None:
        side = side_file_for(path)
        if side is None:
            raise SpikeplaneError(_no_size(path))
        size, origin = side.size, f" ({side.path.name})"
    return Recording(path.name, open_raw(path, size, flip=flip, tagged=tagged, origin=origin))


def _no_size(path: Path) -> str:
    length = path.stat().st_size
    fits = ", ".join(fitting_sizes(length))
    hint = (
        f"sizes that fit its {length} bytes: {fits}"
        if fits
        else f"no common sensor's size fits its {length} bytes"
    )
    return f"{path} is taken for raw planes, which do not tell their size: give --size WxH ({hint})"
