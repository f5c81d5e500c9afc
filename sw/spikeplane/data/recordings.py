"""Event recordings as other libraries hold them: structured arrays, and mappings of columns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from spikeplane.data.events import Events

_COLUMNS = ("t", "x", "y", "p")


def recording(value: Any, name: str = "recording") -> Events | None:
    """`Events` of a recording; None: it is none. A recording is an `Events`, a structured array with the fields t,
    x, y, p (t in microseconds, p 0 and 1, or bool), or a mapping with arrays of these names."""
    if isinstance(value, Events):
        return value
    fields = value.dtype.names if isinstance(value, np.ndarray) else None
    names = fields if fields is not None else list(value) if isinstance(value, Mapping) else []
    if not set(_COLUMNS) <= {one for one in names or [] if isinstance(one, str)}:
        return None
    columns = [np.asarray(value[column]) for column in _COLUMNS]
    t, x, y, p = (column.astype(np.int64) if column.dtype == bool else column for column in columns)
    return Events(t_us=t, x=x, y=y, p=p, name=name)


def from_planes(planes: np.ndarray, step_us: int, name: str) -> Events:
    """The recording that becomes these planes (T, C, H, W) of 0 and 1: an event a spike, at its step's start."""
    t, c, y, x = np.nonzero(planes)
    return Events(t_us=t * step_us, x=x, y=y, p=c, name=name)
