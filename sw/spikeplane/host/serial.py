"""A board on a serial port: bytes out, bytes in, and what can be wrong with a port in one line."""

import errno
import os
import re
import time
from contextlib import suppress

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.frame import FLAG
from spikeplane.host.device import Device
from spikeplane.log import logger

#: unless asked for: the most that the UART of a board takes; the board finds the rate out by itself
BAUD = 3_000_000
WAIT = 0.05  #: seconds without an answer that count as one wait
DEAD = 3.5  #: seconds of such waits until the link is dead
_log = logger(__name__)
_BITS = 10  # of a byte on the line
_PAUSE = 0.005  # seconds
_SLOW = 2.0  #: seconds beyond the line's own time until a port that takes no bytes is given up
_SIMULATED = (
    60.0  #: the same of a pseudo-terminal: a simulated chip, which may get a small part of a processor
)


class SerialDevice(Device):
    """A chip on a serial port: /dev/ttyUSB0, /dev/pts/3, COM4. `baud`: the line's rate.

    The port is opened for this process alone. Raises SpikeplaneError, with what to do, for a port
    that is absent, busy, forbidden or no serial port, for a rate that it does not take, and, later,
    for one that disappears.
    """

    def __init__(self, port: str, baud: int = BAUD, *, wait: float = WAIT) -> None:
        self.port, self.baud, self.wait = port, baud, wait
        self.patience = round(DEAD / wait)
        self.where = f"the device at {port}"
        self._busy_until = 0.0  # when the bytes handed over will be on the line
        self._slow = _slow(port)
        self._port = _open(port, baud, wait)
        _log.info("opened %s at %d baud", port, baud)
        # flags between pauses: from them the board learns the rate. To the link they are empty frames
        for _ in range(3):
            self.exchange(bytes([FLAG]))
            time.sleep(_PAUSE + 3 * _BITS / baud)

    def exchange(self, data: bytes) -> bytes:
        """See Device. Raises SpikeplaneError if the port has gone or takes no bytes."""
        import serial

        try:
            if data:
                self._send(data)
                return self._port.read(self._port.in_waiting)
            end = max(time.monotonic(), self._busy_until) + self.wait
            while True:
                first = self._port.read(1)
                if first or time.monotonic() >= end:
                    return first + self._port.read(self._port.in_waiting)
        except serial.SerialTimeoutException:
            raise SpikeplaneError(f"{self.where} takes no more bytes; check cable and power") from None
        # pyserial: SerialException is an OSError; a port closed under it gives a TypeError
        except (OSError, TypeError):
            raise SpikeplaneError(
                f"the connection to {self.port} broke: unplugged, switched off, or read by another"
            ) from None

    def _send(self, data: bytes) -> None:
        now, line = time.monotonic(), len(data) * _BITS / self.baud
        self._busy_until = max(now, self._busy_until) + line
        limit = self._busy_until - now + self._slow
        for first in range(0, len(data), 1024):  # so that the limit is one of every kilobyte
            self._port.write(data[first : first + 1024])
            if time.monotonic() - now > limit + self._slow:
                raise SpikeplaneError(f"{self.where} takes no more bytes; check cable and power")

    def close(self) -> None:
        """Give the port back."""
        self._port.close()


def is_port(name: str) -> bool:
    """Whether a board's name means a serial port: a path, or COM and a number."""
    return "/" in name or re.fullmatch(r"com\d+", name, re.IGNORECASE) is not None


def ports() -> list[str]:
    """The serial ports that are there."""
    from serial.tools.list_ports import comports

    return sorted(port.device for port in comports())


def _slow(port: str) -> float:
    """Seconds beyond the line's own time until a port that takes no bytes is given up."""
    return _SIMULATED if os.path.realpath(port).startswith("/dev/pts/") else _SLOW


def _open(port: str, baud: int, wait: float):  # noqa: ANN202 - pyserial has no types
    import serial

    if baud < 1:
        raise SpikeplaneError(f"--baud must be 1 or more, not {baud}")
    slow = 2 * 1024 * _BITS / baud + _slow(port)
    try:
        opened = serial.Serial(port, baud, timeout=wait, write_timeout=slow, exclusive=True)
    except ValueError as error:
        raise SpikeplaneError(f"{port} does not take {baud:,} baud: {error}") from None
    except OSError as error:  # SerialException is one
        raise SpikeplaneError(_refusal(port, baud, error)) from None
    # Linux only, and not every driver
    with suppress(OSError, ValueError, AttributeError, NotImplementedError):
        # an FTDI chip else keeps an answer for 16 ms, longer than the chip's slots last
        opened.set_low_latency_mode(True)
    return opened


def _refusal(port: str, baud: int, error: OSError) -> str:
    number = error.errno
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV) or "FileNotFoundError" in str(error):
        found = ", ".join(ports())
        return f"no serial port {port}; " + (
            f"there are: {found}" if found else "there is none: check cable, power and driver"
        )
    if number == errno.EACCES or "PermissionError" in str(error):
        return (
            f"no permission for {port}: add yourself to its group, sudo usermod -aG dialout "
            "$USER, then log in again"
        )
    if number in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in str(error):
        return f"{port} is busy: another program has it open; end that first"
    if number in (errno.ENOTTY, errno.EINVAL, errno.EISDIR) or "Could not configure" in str(error):
        return f"{port} is no serial port, or does not take {baud:,} baud"
    return f"cannot open {port}: {error.strerror or error}"
