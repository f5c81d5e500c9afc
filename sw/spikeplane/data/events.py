"""An event recording in memory, and whether it is one."""

from dataclasses import dataclass

import numpy as np

from spikeplane.errors import SpikeplaneError


@dataclass(frozen=True)
class Events:
    """One recording: integer arrays of equal length, in the file's order.

    t_us  microseconds from the recording's start
    x, y  column and row
    p     polarity, 0 or 1
    name  how messages call it
    """

    t_us: np.ndarray
    x: np.ndarray
    y: np.ndarray
    p: np.ndarray
    name: str = "recording"

    def __len__(self) -> int:
        return len(self.t_us)


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
