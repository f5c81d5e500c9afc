"""Damage of every kind for files of every kind: bits, bytes, numbers of headers, lengths, and
pieces that change places or repeat."""

import gzip
import random
import struct
import zlib

#: What numbers of headers are set to: none, one, the borders of their types, and what only fills memory.
_NUMBERS = (
    0,
    1,
    2,
    3,
    5,
    127,
    128,
    255,
    256,
    4096,
    32767,
    65535,
    65536,
    1 << 20,
    1 << 24,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)


def mutated(data: bytes, random: random.Random) -> bytes:
    """One to three damages, one behind the other."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        data = bytes(random.choice(_KINDS)(bytearray(data), random))
    return data


def _bits(data: bytearray, random: random.Random) -> bytearray:
    for _ in range(random.choice((1, 1, 2, 8))):
        if data:
            data[_place(data, random)] ^= 1 << random.randrange(8)
    return data


def _bytes(data: bytearray, random: random.Random) -> bytearray:
    for _ in range(random.choice((1, 2, 8))):
        if data:
            data[_place(data, random)] = random.choice((0, 255, 10, 13, random.randrange(256)))
    return data


def _number(data: bytearray, random: random.Random) -> bytearray:
    """A field of 1 to 8 bytes of either order, in the first kilobyte as a rule."""
    width, order = random.choice((1, 2, 4, 8)), random.choice(("little", "big"))
    if len(data) >= width:
        place = min(_place(data, random), len(data) - width)
        number = random.choice(_NUMBERS) & ((1 << 8 * width) - 1)
        data[place : place + width] = number.to_bytes(width, order)  # type: ignore[arg-type]
    return data


def _digits(data: bytearray, random: random.Random) -> bytearray:
    """A number that is written as text."""
    places = [i for i, byte in enumerate(data[:4096]) if chr(byte).isdigit()]
    if places:
        place = random.choice(places)
        data[place : place + 1] = random.choice(
            (str(random.choice(_NUMBERS)), "-1", "1e308", "nan", "0.5", "9" * 40, "")
        ).encode()
    return data


def _cut(data: bytearray, random: random.Random) -> bytearray:
    return data[
        : random.choice((0, random.randrange(len(data) + 1), max(0, len(data) - random.randrange(1, 20))))
    ]


def _longer(data: bytearray, random: random.Random) -> bytearray:
    return data + random.choice((b"\0", b"\n", b"x" * 100, bytes(5000), random.randbytes(64)))


def _swapped(data: bytearray, random: random.Random) -> bytearray:
    """Two pieces change places."""
    a, b, c, d = sorted(random.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _repeated(data: bytearray, random: random.Random) -> bytearray:
    a, b = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return data[:a] + data[a:b] * random.choice((2, 2, 3)) + data[b:]


def _removed(data: bytearray, random: random.Random) -> bytearray:
    a = random.randrange(len(data) + 1)
    return data[:a] + data[a + random.choice((1, 4, 16, 200)) :]


def _repaired(data: bytearray, random: random.Random) -> bytearray:
    """What carries checksums gets right ones: of a gzip file the contents are damaged, of a PNG the
    first of its chunks."""
    if data[:2] == b"\x1f\x8b":
        try:
            inner = gzip.decompress(bytes(data))
        except (OSError, EOFError, zlib.error):
            return data
        return bytearray(gzip.compress(bytes(_number(bytearray(inner), random)), mtime=0))
    if data[:4] == b"\x89PNG" and len(data) > 33:
        head = bytearray(data[12:29])
        head[4 + random.randrange(13)] = random.choice((0, 1, 2, 3, 4, 8, 16, 255))
        return data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:]
    return _number(data, random)


def _place(data: bytearray, random: random.Random) -> int:
    """Headers are at the start or at the end."""
    near = min(len(data), 200)
    return random.choice(
        (random.randrange(len(data)), random.randrange(near), len(data) - 1 - random.randrange(near))
    )


_KINDS = (
    _bits,
    _bits,
    _bytes,
    _number,
    _number,
    _digits,
    _cut,
    _longer,
    _swapped,
    _repeated,
    _removed,
    _repaired,
)
