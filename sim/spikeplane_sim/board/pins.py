"""A board's top level, simulated at its pins: the line goes bit by bit, at the baud rate and clock
that are asked for.

`PinBoard` is a device for the driver; `terminal.py` puts it behind a pseudo-terminal instead.
"""

import ctypes
from pathlib import Path

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.host.device import Device
from spikeplane_sim.board.binding import Simulator
from spikeplane_sim.board.camera import camera_words
from spikeplane_sim.board.units import UnitCalls

CLOCK_HZ, BAUD = 25e6, 3_000_000  #: few cycles a bit: the simulation's speed is that of the clock
_ROOM = 1 << 16
_CHUNK = 1 << 18  #: cycles per call into the library: Ctrl-C is seen between calls


class PinBoard(Device):
    """The Verilated top level of a board of `clock_hz`, and the UART at the other end of its cable.

    As a Device its clock runs only in `exchange`, so figures do not depend on the host's speed:
    until all bytes are on the line, or, without any, until an answer is complete, `quiet` bit times
    at most.
    """

    def __init__(
        self,
        library: Path,
        *,
        clock_hz: float = CLOCK_HZ,
        baud: float = BAUD,
        quiet: int = 20_000,
        config: ChipConfig | None = None,
    ) -> None:
        """`library`: from `build_pins`, with the same chip; `units`: the pins of its units."""
        self.clock_hz, self.quiet, self.config = clock_hz, quiet, config
        self._out = (ctypes.c_uint8 * _ROOM)()
        self._pins = Simulator(library, "pins", clock_hz / baud)
        self.units = UnitCalls(self._pins, config)
        self.baud = baud

    @property
    def baud(self) -> float:
        """The rate of the UART at the other end; the board has to find it out."""
        return self._baud

    @baud.setter
    def baud(self, baud: float) -> None:
        """Another rate. Raises SpikeplaneError for one that the board cannot take."""
        if not 0 < baud <= self.clock_hz / 6:
            raise SpikeplaneError(
                f"a board of {self.clock_hz / 1e6:g} MHz takes up to {self.clock_hz / 8:,.0f} "
                f"baud, not {baud:,.0f}"
            )
        self._baud = baud
        self._pins.call("rate", self.clock_hz / baud)

    @property
    def cycles(self) -> int:
        """Clock cycles since power-up."""
        return self._pins.cycles

    @property
    def bit_times(self) -> float:
        """The same in bits of the line."""
        return self.cycles * self._baud / self.clock_hz

    @property
    def framing_errors(self) -> int:
        """Bytes from the board without a stop bit."""
        return self._pins.call("errors")

    def run(self, data: bytes, cycles: int, quiet: int = 1 << 62) -> tuple[bytes, int]:
        """Clock `cycles` times at most: until all of `data` is on the line, or, without any, until
        an answer and `quiet` idle cycles after it. Returns what came and how many bytes of `data`
        are on the line."""
        taken = ctypes.c_uint64()
        count = self._pins.call("run", data, len(data), self._out, _ROOM, cycles, quiet, ctypes.byref(taken))
        return bytes(memoryview(self._out)[:count]), taken.value

    def exchange(self, data: bytes) -> bytes:
        """See Device. The simulation stands still between calls."""
        received = bytearray()
        bit = self.clock_hz / self._baud
        if not data:
            return self.run(b"", int(self.quiet * bit), int(20 * bit))[0]
        while data:
            got, taken = self.run(data, _CHUNK)
            received += got
            data = data[taken:]
        return bytes(received)

    def show(self, planes: np.ndarray, *, every: int = 1) -> None:
        """Planes (n, H, W) of 0 and 1 at the camera's pins, behind those that wait: a word every
        `every` cycles while the clock runs. Raises SpikeplaneError for a chip without a camera, or
        planes of another size."""
        self.units.give("camera", camera_words(self.config, planes), every)

    def reset(self, cycles: int = 16) -> None:
        """Press the reset button."""
        self._pins.call("reset", 1)
        self.run(b"", cycles)
        self._pins.call("reset", 0)
        self.run(b"", 16)

    def close(self) -> None:
        """Free the simulator."""
        self._pins.close()
