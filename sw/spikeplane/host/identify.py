"""Which chip is at the other end, whatever its sizes: packets differ from chip to chip, and one of
another size is not even taken.

The size is found first: a frame of packets that the chip takes is acknowledged. Then identity and
digest are asked in every layout that fits the size. A wrong layout may be taken for some other
packet: nothing that is left when the next program is loaded.
"""

import numpy as np

from spikeplane.config import ARCHITECTURE
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.layout import Layout
from spikeplane.formats.packet import Control, Counter, Kind, PacketFormat
from spikeplane.host.device import Device
from spikeplane.host.link import Link

IDENTITY = 0x5350 << 16 | ARCHITECTURE  #: what a chip of this version answers
_CONTROL = Layout("control", (("op", 3), ("arg", 16)))
_KIND_BITS, _COUNTER_BITS, _VALUE_BITS = 3, 4, 32
_EDGES = range(1, 4)  # bits of a tile's column or row in a packet
_PAYLOADS = range(38, 90)  # bits of a payload, from the smallest chip's reply to the widest spike
_ASKED = (Counter.IDENTITY, Counter.DIGEST_HIGH, Counter.DIGEST_LOW)


def find_digest(device: Device) -> str | None:
    """The digest of the chip at `device`, whose configuration is not known; None if it cannot be
    found out."""
    for size in sorted({_size(bits, x, y) for bits in _PAYLOADS for x in _EDGES for y in _EDGES}):
        try:
            replies = _ask(Link(device, _form(size), tries=3), size)
        except SpikeplaneError:
            continue  # not its size
        for at in range(2 * _EDGES[0], 2 * _EDGES[-1] + 1):
            values = {
                reply >> at & 15: reply >> at + _COUNTER_BITS & (1 << _VALUE_BITS) - 1 for reply in replies
            }
            if values.get(Counter.IDENTITY) == IDENTITY and set(_ASKED) <= set(values):
                return f"{values[Counter.DIGEST_HIGH]:08x}{values[Counter.DIGEST_LOW]:08x}"
        return None
    return None


def _size(bits: int, x: int, y: int) -> int:
    return (bits + _KIND_BITS + 1 + 2 * x + 2 * y + 7) // 8


def _form(size: int) -> PacketFormat:
    """As much of a format as the link needs: the size."""
    return PacketFormat({}, Layout("packet", (("all", 8 * size),)), 0)


def _ask(link: Link, size: int) -> list[int]:
    """What the chip answers, as integers. Raises SpikeplaneError if it does not take packets of this size."""
    questions = []
    for bits in _PAYLOADS:
        if size in {_size(bits, x, y) for x in _EDGES for y in _EDGES}:
            head = (int(Kind.CONTROL) | 1 << _KIND_BITS) << bits
            questions += [_CONTROL.pack(op=Control.QUERY, arg=counter) | head for counter in _ASKED]
    sent = b"".join(question.to_bytes(size, "little") for question in questions)
    got = [link.exchange_packets(np.frombuffer(sent, dtype=np.uint8).reshape(-1, size))]
    link.flush()
    while len(got) < 2 or len(got[-1]):
        got.append(link.exchange_packets())
    return [int.from_bytes(row.tobytes(), "little") for row in np.concatenate(got)]
