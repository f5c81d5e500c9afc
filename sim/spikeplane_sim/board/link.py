"""The link's gateware alone, in a compiled loop: a device for the host's end of the link, with the
chip's packets at hand.

For volume: a hundred thousand packets pass in seconds.
"""

import ctypes

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import packet_format
from spikeplane.host.device import Device
from spikeplane_sim.board.binding import Simulator
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
        self._line = Simulator(build_link(config), "line", pace, int(gives * 65536), int(takes * 65536))
        self._out = (ctypes.c_uint8 * _ROOM)()

    @property
    def cycles(self) -> int:
        """Clock cycles since power-up."""
        return self._line.cycles

    @property
    def errors(self) -> int:
        """Frames that the chip has dropped as broken."""
        return self._line.call("errors")

    @property
    def waiting(self) -> int:
        """Packets of `feed` that the link has not taken yet."""
        return self._line.call("waiting")

    def feed(self, packets: np.ndarray) -> None:
        """Packets uint64 (n,) that the chip sends as the link takes them."""
        packets = np.ascontiguousarray(packets, dtype=np.uint64)
        self._line.call("feed", packets.ctypes.data, len(packets))

    def taken(self) -> np.ndarray:
        """The packets uint64 (n,) that have reached the chip since the last call."""
        packets = np.empty(1 << 20, dtype=np.uint64)
        return packets[: self._line.call("taken", packets.ctypes.data, len(packets))].copy()

    def reset(self) -> None:
        """The reset pin of the device."""
        self._line.call("reset")

    def exchange(self, data: bytes) -> bytes:
        """See Device. The clock runs only here. Raises AssertionError if the link keeps a byte
        waiting, as no serial line can."""
        received, first = bytearray(), 0
        while True:
            portion = data[first : first + _ROOM // 2]
            quiet = 16 + 4 * self.pace
            count = self._line.call(
                "run", portion, len(portion), self._out, _ROOM, quiet, 400 + 300 * self.pace
            )
            assert count >= 0, "the link did not take a byte at once"
            received += memoryview(self._out)[:count]
            first += len(portion)
            if first >= len(data):
                return bytes(received)

    def close(self) -> None:
        """Free the simulator."""
        self._line.close()
