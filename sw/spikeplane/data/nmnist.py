"""Event recordings in the 40-bit format of N-MNIST: one file a recording, a folder a set."""

from pathlib import Path

import numpy as np

from spikeplane.data.events import Events, check_inside
from spikeplane.errors import SpikeplaneError
from spikeplane.files import read_file

SUFFIXES = (".bs2", ".bin")
_EVENT_BYTES = 5
_MOST_BYTES = 5 << 26  #: of all recordings that are read at once


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
