"""The simulated board as one that writes waves: it keeps every packet with its cycle, and writes a window of cycles."""

import ctypes
from pathlib import Path
from typing import Any

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane_sim.board.build import build_board, build_core, build_router
from spikeplane_sim.board.device import SimulatedBoard

OUT_OF_CORE, FROM_HOST, TO_HOST = range(3)  #: ways of a packet, as waves.h numbers them
#: waves.h's struct `Passed`.
PASSED = np.dtype(
    [("cycle", "<u8"), ("x", "u1"), ("y", "u1"), ("way", "u1"), ("", "u1", 5), ("packet", "u1", 16)]
)


class PastTheWindow(Exception):  # noqa: N818 - no error: the run need not go on
    """The window has been written."""


class TracedBoard(SimulatedBoard):
    """A board whose libraries write waves. `forget` what has passed, or set the window with `write`; `passed` gives
    the packets since. One at a time in a process: the window belongs to the libraries."""

    def __init__(self, config: ChipConfig, **options: Any) -> None:
        super().__init__(config, **options)
        self._last: int | None = None
        self._traced = [ctypes.CDLL(str(path)) for path in self._libraries()]
        for library in self._traced:
            library.waves_window.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint64]
            library.waves_passed.argtypes = [ctypes.POINTER(ctypes.c_void_p)]
            library.waves_passed.restype = ctypes.c_uint64
        self.forget()

    def _libraries(self) -> tuple[Path, Path, Path]:
        return (
            build_router(self.config, waves=True),
            build_core(self.config, waves=True),
            build_board(self.config, waves=True),
        )

    def forget(self) -> None:
        """Forget the packets so far; no window is written."""
        self._window(Path(), 1, 0)
        self._last = None

    def write(self, folder: Path, first: int, last: int) -> None:
        """Write the cycles `first` to `last`, a VCD a model, into a folder that is there. Once they are past,
        `exchange` raises PastTheWindow."""
        self._window(folder, first, last)
        self._last = last

    def _window(self, folder: Path, first: int, last: int) -> None:
        for library in self._traced:
            library.waves_window(str(folder).encode(), first, last)

    def exchange(self, data: bytes) -> bytes:
        """See SimulatedBoard."""
        answer = super().exchange(data)
        if self._last is not None and self.cycles > self._last:
            raise PastTheWindow
        return answer

    def passed(self) -> np.ndarray:
        """The packets that have passed since, PASSED, by cycle."""
        parts = []
        for library in self._traced:
            place = ctypes.c_void_p()
            count = library.waves_passed(ctypes.byref(place))
            if count:
                raw = ctypes.string_at(place.value or 0, count * PASSED.itemsize)
                parts.append(np.frombuffer(raw, PASSED))
        every = np.concatenate([np.zeros(0, PASSED), *parts])
        return every[np.argsort(every["cycle"], kind="stable")]
