"""Frames of the host link to and from bytes (layout: `spikeplane.formats.frame`)."""

import math
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

from spikeplane.formats.frame import (
    CRC_BYTES,
    CRC_LEFT,
    ESCAPE,
    FLAG,
    FRAME_HEADER,
    HEADER_BYTES,
    TWIST,
    FrameKind,
)

_FLAG, _ESCAPE = bytes([FLAG]), bytes([ESCAPE])
_SAFE_FLAG, _SAFE_ESCAPE = bytes([ESCAPE, FLAG ^ TWIST]), bytes([ESCAPE, ESCAPE ^ TWIST])
LONGEST = 1024  #: bytes without a flag after which the line carries no frames: nothing of them is kept


class Frame(NamedTuple):
    """A frame's fields and its payload."""

    kind: int
    sequence: int = 0
    ack: int = 0
    poll: int = 0
    reject: int = 0
    room: int = 0
    payload: bytes = b""


@dataclass
class Handed:
    """When packets were handed to the device: those of all frames up to number `frames`.

    at   `time.perf_counter()` then; infinite before
    """

    frames: int
    at: float = math.inf


def encode(frame: Frame) -> bytes:
    """The bytes of a frame, both flags included."""
    kind, sequence, ack, poll, reject, room, payload = frame
    head = FRAME_HEADER.pack(kind=kind, sequence=sequence, ack=ack, poll=poll, reject=reject, room=room)
    body = head.to_bytes(HEADER_BYTES, "little") + payload
    body += crc32(body).to_bytes(CRC_BYTES, "little")
    return _FLAG + body.replace(_ESCAPE, _SAFE_ESCAPE).replace(_FLAG, _SAFE_FLAG) + _FLAG


class Decoder:
    """Bytes in any portions to frames. `errors` counts what stood between two flags and was no frame."""

    def __init__(self) -> None:
        self.errors, self._rest = 0, b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes."""
        *whole, rest = (self._rest + data).split(_FLAG)
        self._rest = rest[-LONGEST:]
        found = [_decode(piece) for piece in whole if piece]
        frames = [frame for frame in found if frame]
        self.errors += len(found) - len(frames)
        return frames


def _decode(piece: bytes) -> Frame | None:
    body = piece.replace(_SAFE_FLAG, _FLAG).replace(_SAFE_ESCAPE, _ESCAPE)
    if len(body) < HEADER_BYTES + CRC_BYTES or crc32(body) != CRC_LEFT:
        return None
    head = FRAME_HEADER.unpack(int.from_bytes(body[:HEADER_BYTES], "little"))
    if head["kind"] not in tuple(FrameKind):
        return None
    return Frame(**head, payload=body[HEADER_BYTES:-CRC_BYTES])
