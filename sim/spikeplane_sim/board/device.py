"""The simulated board as a device: the driver cannot tell it from a board on a serial port."""

import ctypes
from pathlib import Path

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.host.device import Device
from spikeplane_sim.board.build import build_board
from spikeplane_sim.board.words import camera_words, require

_ROOM = 1 << 20
_CHUNK = 1 << 18  #: cycles per call into the library: Ctrl-C is seen between calls


class SimulatedBoard(Device):
    """A Verilated chip. The clock runs only in `exchange`: until all bytes are in, or, without any,
    until an answer of `quiet` idle cycles' distance is out. A chip that takes nothing for `stuck`
    cycles is given up. `library`: a simulator built already, of a netlist for instance (default:
    the RTL's)."""

    def __init__(
        self, config: ChipConfig, *, quiet: int = 64, stuck: int = 200_000, library: Path | None = None
    ) -> None:
        self.camera = config.camera
        self._library = _load(library or build_board(config))
        self._board = self._library.board_open(16)
        self._out = (ctypes.c_uint8 * _ROOM)()
        self.quiet, self.stuck = quiet, stuck

    @property
    def cycles(self) -> int:
        """Clock cycles since power-up."""
        return self._library.board_cycles(self._board)

    def exchange(self, data: bytes) -> bytes:
        """See Device. The simulation stands still between calls. Raises SpikeplaneError if the chip
        takes no more bytes."""
        received, taken = bytearray(), ctypes.c_uint64()
        while True:
            before = self.cycles
            count = self._library.board_run(
                self._board,
                data,
                len(data),
                self._out,
                _ROOM,
                _CHUNK,
                self.quiet,
                self.stuck,
                ctypes.byref(taken),
            )
            received += bytes(memoryview(self._out)[:count])
            waited = self.cycles - before
            data = data[taken.value :]
            if not data:
                return bytes(received)
            if not taken.value and not count and waited >= self.stuck:
                raise SpikeplaneError(
                    f"the chip has taken no byte for {self.stuck:,} cycles; {len(data):,} are waiting"
                )

    def show(self, planes: np.ndarray, *, every: int = 1) -> None:
        """Planes (n, H, W) of 0 and 1 for the camera, behind those that wait: a word goes in every
        `every` cycles while the clock runs. Raises SpikeplaneError for a chip without a camera, or
        planes of another size."""
        words = camera_words(self.camera, planes)
        self._library.board_show(self._board, words.ctypes.data, len(words), every)

    def alone(self, cycles: int | None = None) -> None:
        """Run the clock while the host neither reads nor writes: so many cycles, or (None) until
        every plane shown is in."""
        require(self.camera)
        if cycles is not None:
            self._library.board_alone(self._board, cycles)
        while cycles is None and self._library.board_waiting(self._board):
            self._library.board_alone(self._board, min(_CHUNK, self._library.board_waiting(self._board)))

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
    library.board_run.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        u64,
        u8,
        u64,
        u64,
        u64,
        u64,
        ctypes.POINTER(u64),
    ]
    if hasattr(library, "board_show"):
        library.board_show.restype, library.board_show.argtypes = None, [ctypes.c_void_p, u8, u64, u64]
        library.board_alone.restype, library.board_alone.argtypes = None, [ctypes.c_void_p, u64]
        library.board_waiting.restype, library.board_waiting.argtypes = u64, [ctypes.c_void_p]
    return library
