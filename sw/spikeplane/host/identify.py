"""Which chip is at the other end, whatever its sizes: packets differ from chip to chip, and one of
another size is not even taken.

The size is found first: a frame of packets that the chip takes is acknowledged. Then identity and
digest are asked in every layout that fits the size. A wrong layout may be taken for some other
packet: nothing that is left when the next program is loaded.
"""

import numpy as np

from spikeplane.config import RANGES, ChipConfig, bits_for
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.layout import Layout
from spikeplane.formats.packet import (
    CHUNK_BITS,
    CONTROL,
    COUNTER_BITS,
    IDENTITY,
    KIND_BITS,
    Control,
    Counter,
    Kind,
    PacketFormat,
    packet_format,
)
from spikeplane.host.device import Device
from spikeplane.host.link import Link

_LARGEST = {name: most for name, (_, most) in RANGES.items()}
_EDGES = range(1, bits_for(_LARGEST["cols"]) + 1)  # bits of a tile's column or row in a packet
# bits of a payload, from the smallest chip's reply to the widest spike
_NARROW = ChipConfig(rows=1, cols=1, lanes=8, projections=1, coord_bits=1, group_bits=1)
_WIDE = ChipConfig.from_dict(
    {name: _LARGEST[name] for name in ("rows", "cols", "projections", "coord_bits", "group_bits")}
    | {"lanes": 32}
)
_PAYLOADS = range(packet_format(_NARROW).payload_bits, packet_format(_WIDE).payload_bits + 1)
_ASKED = (Counter.IDENTITY, Counter.DIGEST_HIGH, Counter.DIGEST_LOW)


def find_digest(device: Device) -> str | None:
    """The digest of the chip at `device`, whose configuration is not known; None if it cannot be
    found out."""
    for size in sorted({_size(bits, x, y) for bits in _PAYLOADS for x in _EDGES for y in _EDGES}):
        try:
            replies = _ask(Link(device, _form(size), tries=3), size)
        except SpikeplaneError:
            continue  # not its size
        for at in range(2 * _EDGES[-1] + 1):  # bits of the core that answers
            values = {
                reply >> at & (1 << COUNTER_BITS) - 1: reply >> at + COUNTER_BITS & (1 << CHUNK_BITS) - 1
                for reply in replies
            }
            if values.get(Counter.IDENTITY) == IDENTITY and set(_ASKED) <= set(values):
                return f"{values[Counter.DIGEST_HIGH]:08x}{values[Counter.DIGEST_LOW]:08x}"
        return None
    return None


def _size(bits: int, x: int, y: int) -> int:
    return (bits + KIND_BITS + 1 + 2 * x + 2 * y + 7) // 8


def _form(size: int) -> PacketFormat:
    """As much of a format as the link needs: the size."""
    return PacketFormat({}, Layout("packet", (("all", 8 * size),)), 0)


def _ask(link: Link, size: int) -> list[int]:
    """What the chip answers, as integers. Raises SpikeplaneError if it does not take packets of this size."""
    questions = []
    for bits in _PAYLOADS:
        if size in {_size(bits, x, y) for x in _EDGES for y in _EDGES}:
            head = (int(Kind.CONTROL) | 1 << KIND_BITS) << bits
            questions += [CONTROL.pack(op=Control.QUERY, arg=counter) | head for counter in _ASKED]
    sent = b"".join(question.to_bytes(size, "little") for question in questions)
    got = [link.exchange_packets(np.frombuffer(sent, dtype=np.uint8).reshape(-1, size))]
    link.flush()
    while len(got) < 2 or len(got[-1]):
        got.append(link.exchange_packets())
    return [int.from_bytes(row.tobytes(), "little") for row in np.concatenate(got)]
