"""The simulated board as a device: the driver cannot tell it from a board on a serial port."""

import ctypes
from pathlib import Path

from spikeplane.config import ChipConfig
from spikeplane.host.device import Device
from spikeplane_sim.board.build import build_board

_ROOM = 1 << 20


class SimulatedBoard(Device):
    """A Verilated chip. `exchange` clocks until the bytes are in and the chip has been quiet for `quiet` cycles."""

    def __init__(self, config: ChipConfig, *, quiet: int = 20_000) -> None:
        self._library = _load(build_board(config))
        self._board = self._library.board_open(16)
        self._out = (ctypes.c_uint8 * _ROOM)()
        self.quiet = quiet

    @property
    def cycles(self) -> int:
        """Clock cycles since power-up."""
        return self._library.board_cycles(self._board)

    def exchange(self, data: bytes) -> bytes:
        """See Device. The simulation stands still between calls."""
        received, taken = bytearray(), ctypes.c_uint64()
        while True:
            limit = max(4 * len(data), 1 << 16)
            count = self._library.board_run(
                self._board, data, len(data), self._out, _ROOM, limit, self.quiet, ctypes.byref(taken)
            )
            received += bytes(memoryview(self._out)[:count])
            data = data[taken.value :]
            if not data or (not count and not taken.value):
                return bytes(received)

    def close(self) -> None:
        """Free the simulator."""
        if self._board:
            self._library.board_close(self._board)
            self._board = None


def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    u8, u64 = ctypes.c_void_p, ctypes.c_uint64
    library.board_open.restype = ctypes.c_void_p
    library.board_open.argtypes = [ctypes.c_uint32]
    library.board_close.argtypes = [ctypes.c_void_p]
    library.board_cycles.restype, library.board_cycles.argtypes = u64, [ctypes.c_void_p]
    library.board_run.restype = u64
    library.board_run.argtypes = [ctypes.c_void_p, ctypes.c_char_p, u64, u8, u64, u64, u64, ctypes.POINTER(u64)]
    return library
