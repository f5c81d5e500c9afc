"""The load stream of a program: what the driver sends until the chip is ready to start, as packets, as frames, as a list.

```
    memory words -> WRITE packets -> DATA frames, numbered from 0, behind a RESET
```
"""

from collections.abc import Iterator

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.frame import RESET_MARK, SEQUENCE_BITS, FrameKind, frame_payload
from spikeplane.formats.packet import CHUNK_BITS, SEEK, Control, Counter, Kind, packet_format
from spikeplane.formats.tables import Memory
from spikeplane.host.channel import rect_fields
from spikeplane.host.device import Device
from spikeplane.host.driver import Driver
from spikeplane.host.frames import Frame, encode
from spikeplane.host.packets import pack_many
from spikeplane.program import Program

_NUMBERS = 1 << SEQUENCE_BITS


class NoBoard(Device):
    """What stands behind a driver that only makes packets."""

    where = "no board"

    def exchange(self, data: bytes) -> bytes:
        """Refuses: nothing is sent."""
        raise SpikeplaneError("there is no board: packets are made, not sent")

    def close(self) -> None:
        """Nothing to give back."""


def check_once_presented(program: Program) -> None:
    """Raise SpikeplaneError for a program that takes several presentations of a sample: what is exported makes one."""
    times = program.network.presentations
    if times > 1:
        raise SpikeplaneError(
            f"'{program.name}' takes {times} presentations of a sample, which what is exported does not make; run it with "
            "spikeplane run"
        )


def driver_of(program: Program) -> Driver:
    """A driver that makes the program's packets."""
    return Driver(NoBoard(), program.config, program.laid, program.placement, program.image)


def word_packets(program: Program) -> np.ndarray:
    """WRITE packets of every word of every core, uint8 (n, size)."""
    driver = driver_of(program)
    return np.concatenate([driver.write_packets(core, words) for core, words in program.image.words.items()])


def schedule_packets(program: Program) -> np.ndarray:
    """WRITE packets of the counters as they stand before step 0: what every run begins with."""
    driver = driver_of(program)
    return np.concatenate(
        [
            driver.write_packets(core, [word for word in words if word[0] == Memory.SCHEDULE])
            for core, words in program.image.words.items()
        ]
    )


def load_packets(program: Program) -> np.ndarray:
    """Everything that a load sends: STOP to cores and bridge, the words, the credits; uint8 (n, size)."""
    config, driver = program.config, driver_of(program)
    return np.concatenate(
        [
            control_packet(config, Control.STOP),
            driver.bridge_packet(Control.STOP),
            word_packets(program),
            driver.bridge_packet(Control.CREDITS, program.image.credits),
        ]
    )


def control_packet(config: ChipConfig, op: Control, arg: int = 0) -> np.ndarray:
    """A CONTROL packet to all cores."""
    rect = rect_fields((0, 0, config.cols - 1, config.rows - 1))
    return pack_many(packet_format(config), Kind.CONTROL, 1, {"op": op, "arg": arg, **rect})


def frames(config: ChipConfig, packets: np.ndarray) -> list[Frame]:
    """A RESET and the packets in DATA frames as full as they go, for a line that loses nothing."""
    size, data = frame_payload(packet_format(config)), packets.tobytes()
    found = [Frame(FrameKind.RESET, 0, RESET_MARK % _NUMBERS, room=RESET_MARK // _NUMBERS)]
    for number, at in enumerate(range(0, len(data), size)):
        found.append(Frame(FrameKind.DATA, number % _NUMBERS, payload=data[at : at + size]))
    return found


def line_bytes(of: list[Frame]) -> bytes:
    """The bytes of frames, flags and escapes included."""
    return b"".join(map(encode, of))


def listing(config: ChipConfig, of: list[Frame]) -> Iterator[str]:
    """A line for each frame, and below it one for each packet."""
    form = packet_format(config)
    for number, frame in enumerate(of):
        kind = FrameKind(frame.kind).name
        yield f"frame {number}: {kind} sequence {frame.sequence}, {len(frame.payload)} bytes of packets"
        for at in range(0, len(frame.payload), form.size):
            packet = int.from_bytes(frame.payload[at : at + form.size], "little")
            yield f"  {packet:0{2 * form.size}x}  {_packet(config, packet)}"


def _packet(config: ChipConfig, packet: int) -> str:
    kind, fields = packet_format(config).unpack(packet)
    corners = tuple(fields[name] for name in ("x0", "y0", "x1", "y1"))
    where = "bridge" if fields["host"] else "cores ({},{})..({},{})".format(*corners)
    if kind in (Kind.WRITE, Kind.READ) and fields["seek"]:
        seek = SEEK.unpack(fields["data"])
        return f"{kind.name} {where} at {Memory(seek['memory']).name} {seek['address']}"
    if kind == Kind.WRITE:
        return f"{kind.name} {where} {fields['data']:0{CHUNK_BITS // 4}x}"
    if kind == Kind.CONTROL:
        op = Control(fields["op"])
        arg = Counter(fields["arg"]).name if op == Control.QUERY else fields["arg"]
        return f"{kind.name} {where} {op.name} {arg}"
    own = packet_format(config).payloads[kind].fields
    return f"{kind.name} {where} " + " ".join(f"{name}={fields[name]:#x}" for name, _ in own)
