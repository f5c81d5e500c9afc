"""The boards that are plugged in: serial ports by the USB chip behind them, and which chip answers there."""

from dataclasses import dataclass

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.host.channel import Channel
from spikeplane.host.serial import BAUD, SerialDevice
from spikeplane.provided import provided


@dataclass(frozen=True)
class Found:
    """A serial port of a board.

    port     such as /dev/ttyUSB0
    usb      vendor and product of the USB chip, as lsusb writes them
    boards   names of the boards that have this one
    chip     the digest of the chip that answers there; None for none
    why      why none does
    """

    port: str
    usb: str
    boards: tuple[str, ...]
    chip: str | None = None
    why: str = ""

    def __str__(self) -> str:
        who = " or ".join(self.boards)
        return f"{self.port} ({who}) " + (
            f"has chip {self.chip}" if self.chip else f"does not answer: {self.why}"
        )


def connected(chip: ChipConfig | None = None, baud: int = BAUD) -> list[Found]:
    """Every port whose USB chip is one of a board's, each asked which chip is there; `chip` is asked for
    first. Ports of other makers' things are not opened."""
    return [_asked(one, chip, baud) for one in plugged()]


def plugged() -> list[Found]:
    """The ports that may be boards, by their USB chips, none of them opened."""
    from serial.tools.list_ports import comports

    found = []
    for port in sorted(comports(), key=lambda one: one.device):
        names = tuple(
            name for name, board in provided("BOARDS").items() if board.usb and _is(port, board.usb)
        )
        if names:
            found.append(Found(port.device, f"{port.vid:04x}:{port.pid:04x}", names))
    return found


def find_chip(chip: ChipConfig, baud: int = BAUD) -> str:
    """The one port where this chip answers. Raises SpikeplaneError, with what is there instead, for none or
    several."""
    found = connected(chip, baud)
    right = [one.port for one in found if one.chip == chip.digest]
    if len(right) == 1:
        return right[0]
    if right:
        raise SpikeplaneError(
            f"chip {chip.digest} is at {' and '.join(right)}; name one of them as the board"
        )
    there = "; ".join(map(str, found)) or "no port has a USB chip of a board that Spikeplane knows"
    raise SpikeplaneError(
        f"no board with chip {chip.digest} is connected: {there}; build and flash it, or name its port"
    )


def _is(port, usb: tuple[int, int, int | None]) -> bool:  # noqa: ANN001 - pyserial has no types
    vendor, product, interface = usb
    same = (port.vid, port.pid) == (vendor, product)
    place = port.location or ""
    return same and (interface is None or ":" not in place or place.endswith(f".{interface}"))


def _asked(one: Found, chip: ChipConfig | None, baud: int) -> Found:
    try:
        with SerialDevice(one.port, baud) as device:
            digest = Channel(device, chip or ChipConfig()).reported()
    except SpikeplaneError as error:
        return Found(one.port, one.usb, one.boards, None, str(error))
    return Found(one.port, one.usb, one.boards, digest)
