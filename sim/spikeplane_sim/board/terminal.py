"""A simulated board behind a pseudo-terminal: any program that opens a serial port can use it.

```
    host program = /dev/pts/N -- kernel -- master -- Terminal -- rx, tx pins of the PinBoard
```
"""

import os
import select
import termios
import time
import tty
from collections.abc import Callable

from spikeplane_sim.board.faults import Faults
from spikeplane_sim.board.pins import PinBoard

#: bytes taken from the terminal before they are on the line: the rest waits there, as in a serial
#: port's buffer
_AHEAD = 256
_STEP = 4000  #: cycles between two looks at the terminal while nothing comes from it
_REST = 1.0  #: seconds of a silent line after which the clock rests until the host says something
#: From this rate on the simulated line is as fast as the board's clock takes: an 80 MHz board is
#: simulated three times as fast then.
FAST = 3_000_000
_RATES = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name[0] == "B" and name[1:].isdigit() and name != "B0"
}


class Terminal:
    """Bridges `board` to a new pseudo-terminal, `path`. `baud`: the line's rate; None: what the
    host's program sets, and from FAST on the board's own limit. `down`, `up`: what goes wrong on
    the way to the board and from it.

    The clock runs freely, at the simulation's speed, and rests when the line has been silent for a
    second. What the host does not read is lost once the terminal is full, as on any serial port.
    """

    def __init__(
        self, board: PinBoard, baud: int | None = None, down: Faults | None = None, up: Faults | None = None
    ) -> None:
        self.board, self._fixed = board, baud
        self._down, self._up = down or Faults(0, 0), up or Faults(0, 0)
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)  # the end that stays open here, so that a host can come and go
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._queue = b""
        if baud is not None:
            board.baud = baud

    def serve(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Until `stop` says so, or Ctrl-C."""
        active = time.monotonic()
        while not stop():
            moved = self.step()
            now = time.monotonic()
            if moved:
                active = now
            elif now - active > _REST:
                select.select([self._master], [], [], 0.2)

    def step(self) -> bool:
        """A little of the simulation. Whether anything was on the line."""
        self._follow()
        self._queue += self._down.hurt(self._read(_AHEAD - len(self._queue)))
        got, taken = self.board.run(self._queue, _STEP)
        self._queue = self._queue[taken:]
        self._write(self._up.hurt(got))
        return bool(got or taken)

    def _follow(self) -> None:
        """The host's program sets the rate of its end, as it would of a serial port."""
        if self._fixed is None:
            rate = _RATES.get(termios.tcgetattr(self._master)[5], 0)
            if rate >= FAST:
                rate = max(self.board.clock_hz / 8, rate)
            if rate and rate != self.board.baud and rate <= self.board.clock_hz / 6:
                self.board.baud = rate

    def _read(self, most: int) -> bytes:
        try:
            return os.read(self._master, most) if most > 0 else b""
        except BlockingIOError:
            return b""

    def _write(self, data: bytes) -> None:
        try:
            if data:
                os.write(self._master, data)
        except BlockingIOError:
            pass  # nobody reads

    def close(self) -> None:
        """Close both ends, and the board."""
        os.close(self._master)
        os.close(self._slave)
        self.board.close()
