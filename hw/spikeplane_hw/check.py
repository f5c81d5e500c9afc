"""Whether a board holds what was just loaded into it: the digest that it reports by its link, or
the echo that it sends back."""

import time
from typing import Any

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.frame import FLAG
from spikeplane.host.channel import Channel
from spikeplane.host.device import Device
from spikeplane.host.serial import SerialDevice
from spikeplane_hw.board import Board

BOOT = 2.0  #: seconds that a board may take until its port is there and it answers
_ECHO = bytes([FLAG]) + bytes(range(0x20, 0x60))
_TRIES = 5  # of the echo, on one opening of the port
_AGAIN = 0.2  # seconds until the next opening


def candidates(board: Board) -> list[str]:
    """The serial ports that may be this board's, by the USB chip behind them."""
    from serial.tools.list_ports import comports

    if board.usb is None:
        return []
    vendor, product, interface = board.usb
    found = [port for port in comports() if (port.vid, port.pid) == (vendor, product)]
    exact = [
        port for port in found if interface is not None and (port.location or "").endswith(f".{interface}")
    ]
    return sorted(port.device for port in exact or found)


def find_port(board: Board) -> str | None:
    """The board's serial port if exactly one can be it; it may take a moment to come back after loading."""
    end = time.monotonic() + BOOT
    while True:
        found = candidates(board)
        if len(found) == 1:
            return found[0]
        if found or board.usb is None or time.monotonic() >= end:
            return None
        time.sleep(_AGAIN)


def check(board: Board, values: dict[str, Any], port: str, baud: int | None = None) -> str:
    """Ask what is at `port` until it answers, for as long as a board takes to start. `values`: what
    `build.json` holds.

    Returns what was found, in words. Raises SpikeplaneError, one line, for a port that cannot be
    opened, a device that does not answer or answers with something else, and for another digest
    than the one that was built.
    """
    end = time.monotonic() + BOOT
    while True:
        try:
            with SerialDevice(port, board.baud if baud is None else baud) as device:
                if values["digest"] is None:
                    check_echo(device)
                    return "sends back what it gets"
                reported = Channel(device, ChipConfig.from_dict(values["config"])).reported()
        except SpikeplaneError as error:
            if time.monotonic() >= end:
                raise SpikeplaneError(f"{board.title} is loaded, but {error}") from None
            time.sleep(_AGAIN)
            continue
        if reported != values["digest"]:
            raise SpikeplaneError(
                f"the device at {port} reports chip {reported}, loaded was chip "
                f"{values['digest']}; is {port} this board? else give its "
                "port with --port"
            )
        return f"reports chip {reported}"


def check_echo(device: Device) -> None:
    """Raises SpikeplaneError unless the device sends back what it gets."""
    heard = 0
    for _ in range(_TRIES):
        got = device.exchange(_ECHO)
        while len(got) < 4 * len(_ECHO) and (more := device.exchange(b"")):
            got += more
        if _ECHO in got:
            return
        heard += len(got)
    if heard:
        raise SpikeplaneError(
            f"{device.where} sends back something else than it gets ({heard:,} bytes); check the port"
        )
    raise SpikeplaneError(f"{device.where} sends nothing back; check power and port")
