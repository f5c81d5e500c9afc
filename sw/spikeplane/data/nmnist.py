"""Event recordings in the 40-bit format of N-MNIST: one file a recording, a folder a set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.files import read_file

SUFFIXES = (".bs2", ".bin")
_EVENT_BYTES = 5
_MOST_BYTES = 5 << 26  #: of all recordings that are read at once


@dataclass(frozen=True)
class Events:
    """One recording: integer arrays of equal length, in the file's order.

    t_us: microseconds from the recording's start; x: column; y: row; p: polarity, 0 or 1. `name`
    appears in messages.
    """

    t_us: np.ndarray
    x: np.ndarray
    y: np.ndarray
    p: np.ndarray
    name: str = "recording"

    def __len__(self) -> int:
        return len(self.t_us)


def read_recording(path: Path, shape: tuple[int, int, int]) -> Events:
    """One recording of a sensor of `shape` (2, H, W): 5 bytes an event, big-endian: x 8, y 8,
    polarity 1, time 23 bits (us).

    Source: N-MNIST (Orchard et al. 2015). Raises SpikeplaneError for a missing, empty or cut file
    and an event outside the sensor.
    """
    try:
        data = np.frombuffer(read_file(path, _MOST_BYTES), np.uint8)
    except FileNotFoundError:
        raise SpikeplaneError(f"no file {path}") from None
    except OSError as error:
        raise SpikeplaneError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) % _EVENT_BYTES:
        raise SpikeplaneError(
            f"{path} is truncated: expected whole events of {_EVENT_BYTES} bytes, found {len(data)} bytes"
        )
    if not len(data):
        raise SpikeplaneError(f"{path} is empty: expected events of {_EVENT_BYTES} bytes")
    x, y, high, middle, low = data.reshape(-1, _EVENT_BYTES).T
    times = (high & 0x7F).astype(np.int32) << 16 | middle.astype(np.int32) << 8 | low
    events = Events(times, x.copy(), y.copy(), high >> 7, path.name)
    check_inside(events, shape, str(path))
    return events


def read_recordings(path: Path, shape: tuple[int, int, int], limit: int | None = None) -> list[Events]:
    """The recordings of a folder by name, the first `limit` of them; or the one in a file."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
        if not files:
            raise SpikeplaneError(
                f"{path} holds no recordings: expected files ending in {' or '.join(SUFFIXES)}"
            )
        _check_length(path, files[:limit])
        return [read_recording(file, shape) for file in files[:limit]]
    return [read_recording(path, shape)][:limit]


def _check_length(folder: Path, files: list[Path]) -> None:
    """All recordings that are asked for are in memory at once."""
    length = sum(file.stat().st_size for file in files if file.is_file())
    if length > _MOST_BYTES:
        raise SpikeplaneError(
            f"{folder}: {len(files)} recordings have {length} bytes, {_MOST_BYTES} at most: take "
            "fewer samples"
        )


def check_columns(events: Events) -> None:
    """Raises SpikeplaneError unless the recording's columns are integer arrays of equal length."""
    columns = {name: np.asarray(getattr(events, name)) for name in ("t_us", "x", "y", "p")}
    if any(
        c.ndim != 1 or c.dtype.kind not in "ui" or c.shape != columns["x"].shape for c in columns.values()
    ):
        found = ", ".join(f"{name} {column.dtype} {column.shape}" for name, column in columns.items())
        raise SpikeplaneError(
            f"{events.name}: expected integer arrays t_us, x, y, p of one length, found {found}"
        )


def check_inside(events: Events, shape: tuple[int, int, int], name: str) -> None:
    """Raises SpikeplaneError for the first event outside a sensor of `shape` (polarities, H, W)."""
    polarities, height, width = shape
    outside = (events.x < 0) | (events.x >= width) | (events.y < 0) | (events.y >= height)
    outside |= (events.p < 0) | (events.p >= polarities) | (events.t_us < 0)
    if outside.any():
        i = int(np.flatnonzero(outside)[0])
        found = f"x {events.x[i]}, y {events.y[i]}, polarity {events.p[i]}, time {events.t_us[i]}"
        raise SpikeplaneError(
            f"{name}: event {i} ({found}) is outside the sensor of {width}x{height} and "
            f"{polarities} polarities"
        )
