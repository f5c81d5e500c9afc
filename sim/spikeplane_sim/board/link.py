"""The link's gateware alone, in a compiled loop: a device for the host's end of the link, with the
chip's packets at hand.

For volume: a hundred thousand packets pass in seconds.
"""

import ctypes
from pathlib import Path

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import packet_format
from spikeplane.host.device import Device
from spikeplane_sim.board.build import build_link

_ROOM = 1 << 16


class LinkBoard(Device):
    """The chip's end of the link. Packets are integers of at most 64 bits.

    pace      cycles a byte takes on the line, each way
    gives     probability that the chip offers its next packet in a cycle
    takes     probability that it takes one
    """

    def __init__(self, config: ChipConfig, *, pace: int = 1, gives: float = 1.0, takes: float = 1.0) -> None:
        assert packet_format(config).width <= 64
        self.pace = pace
        self._library = _load(build_link(config))
        self._line = self._library.line_open(pace, int(gives * 65536), int(takes * 65536))
        self._out = (ctypes.c_uint8 * _ROOM)()

    @property
    def cycles(self) -> int:
        """Clock cycles since power-up."""
        return self._library.line_cycles(self._line)

    @property
    def errors(self) -> int:
        """Frames that the chip has dropped as broken."""
        return self._library.line_errors(self._line)

    @property
    def waiting(self) -> int:
        """Packets of `feed` that the link has not taken yet."""
        return self._library.line_waiting(self._line)

    def feed(self, packets: np.ndarray) -> None:
        """Packets uint64 (n,) that the chip sends as the link takes them."""
        packets = np.ascontiguousarray(packets, dtype=np.uint64)
        self._library.line_feed(self._line, packets.ctypes.data, len(packets))

    def taken(self) -> np.ndarray:
        """The packets uint64 (n,) that have reached the chip since the last call."""
        packets = np.empty(1 << 20, dtype=np.uint64)
        return packets[: self._library.line_taken(self._line, packets.ctypes.data, len(packets))].copy()

    def reset(self) -> None:
        """The reset pin of the device."""
        self._library.line_reset(self._line)

    def exchange(self, data: bytes) -> bytes:
        """See Device. The clock runs only here. Raises AssertionError if the link keeps a byte
        waiting, as no serial line can."""
        received, first = bytearray(), 0
        while True:
            portion = data[first : first + _ROOM // 2]
            quiet = 16 + 4 * self.pace
            count = self._library.line_run(
                self._line, portion, len(portion), self._out, _ROOM, quiet, 400 + 300 * self.pace
            )
            assert count >= 0, "the link did not take a byte at once"
            received += memoryview(self._out)[:count]
            first += len(portion)
            if first >= len(data):
                return bytes(received)

    def close(self) -> None:
        """Free the simulator."""
        if self._line:
            self._library.line_close(self._line)
            self._line = None


def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    line, u32, u64 = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64
    library.line_open.restype, library.line_open.argtypes = line, [u32, u32, u32]
    library.line_close.restype, library.line_close.argtypes = None, [line]
    library.line_reset.restype, library.line_reset.argtypes = None, [line]
    for name in ("cycles", "errors", "waiting"):
        function = getattr(library, f"line_{name}")
        function.restype, function.argtypes = u64, [line]
    library.line_feed.restype, library.line_feed.argtypes = None, [line, line, u64]
    library.line_taken.restype, library.line_taken.argtypes = u64, [line, line, u64]
    library.line_run.restype = ctypes.c_int64
    library.line_run.argtypes = [line, ctypes.c_char_p, u64, line, u64, u64, u64]
    return library
