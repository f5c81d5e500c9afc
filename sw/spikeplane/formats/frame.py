"""The frames of the host link: the one home of their layout, for the gateware and the driver.

```
    FLAG | header (2 bytes) | whole packets, 0..frame_payload bytes | CRC, low byte first | FLAG
```
Between the flags a FLAG or ESCAPE byte is sent as ESCAPE, byte ^ TWIST, so a flag always is a
frame's edge. The CRC is CRC-32/ISO-HDLC, `zlib.crc32`, over header and payload before escaping. Its
complement is sent: what is left over a sound frame and its CRC is CRC_LEFT and not 0, which any
number of zero bytes behind a frame would leave at 0.
"""

from enum import IntEnum

from spikeplane.formats.layout import Layout
from spikeplane.formats.packet import PacketFormat

FLAG, ESCAPE, TWIST = 0x7E, 0x7D, 0x20
CRC_LEFT = 0x2144DF1C  #: the CRC over a frame's bytes and its CRC, if none of them was hurt
SEQUENCE_BITS = 4
SLOTS = 8  #: frames that each side of the chip can hold; no more than half the sequence numbers
SLOT_BYTES = 256
RESET_MARK = 0x5A  #: second header byte of the host's RESET, so that no other frame is taken for one


class FrameKind(IntEnum):
    """What a frame carries. Every kind also acknowledges."""

    STATUS = 0  #: nothing else
    DATA = 1  #: packets; the only kind that has a sequence number and is sent again if lost
    #: both sides start again at sequence 0 and forget what they hold; answered with RESET of the
    #: same `sequence`
    RESET = 2


#: Little-endian. `sequence`: of DATA; of RESET any number, echoed. `poll`: to the chip "answer with
#: a frame", from the chip "this answers". `reject`: to the chip "send again from `ack` on". `ack`:
#: the next sequence number expected, all before it are in. `room`: frames from `ack` on that the
#: chip has place for, 0..SLOTS (0 from the host, which always has).
FRAME_HEADER = Layout(
    "frame",
    (
        ("sequence", SEQUENCE_BITS),
        ("kind", 2),
        ("poll", 1),
        ("reject", 1),
        ("ack", SEQUENCE_BITS),
        ("room", 4),
    ),
)
HEADER_BYTES, CRC_BYTES = 2, 4
FRAME_BYTES = 2 + HEADER_BYTES + CRC_BYTES  #: of a frame besides its payload, its flags being two


def frame_payload(form: PacketFormat) -> int:
    """The most bytes of packets in one frame: as many whole packets as a slot holds beside the CRC."""
    return (SLOT_BYTES - CRC_BYTES) // form.size * form.size
