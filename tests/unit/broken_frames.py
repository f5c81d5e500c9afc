"""Frames of the link, broken in every way that a line can, by the hundred thousand: how many still
pass for a frame that was never sent?

```
    random frames -> encode -> one line -> damage of one class, in every frame -> Decoder -> frames that nobody sent
```
The line is one numpy array, so that the damage of a class is one operation on it; encoder and
decoder are the driver's own.
"""

from collections.abc import Callable

import numpy as np

from spikeplane.formats.frame import FLAG, FrameKind
from spikeplane.host.frames import Decoder, Frame, encode

SIZE, MOST = 7, 36  #: bytes of a packet; packets of a frame
LONGEST_BURST = 200  #: bits
LONGEST_RUN = 64  #: bytes appended, inserted between frames

Damage = Callable[[np.random.Generator, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def frames(rng: np.random.Generator, count: int) -> list[Frame]:
    """DATA frames of 1 to MOST random packets; one byte in eight is a flag, an escape, 0 or 255."""
    found = []
    for packets in rng.integers(1, MOST + 1, count):
        data = rng.integers(0, 256, SIZE * packets, dtype=np.uint8)
        special = rng.random(len(data)) < 1 / 8
        data[special] = rng.choice(np.array([0x7E, 0x7D, 0, 255], np.uint8), int(special.sum()))
        sequence, ack = (int(n) for n in rng.integers(0, 16, 2))
        found.append(Frame(FrameKind.DATA, sequence, ack, payload=data.tobytes()))
    return found


def flips(rng: np.random.Generator, line: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """1 to 16 flipped bits anywhere in each frame."""
    out, count = line.copy(), rng.integers(1, 17, len(first))
    of = np.repeat(np.arange(len(first)), count)
    at = rng.integers(first[of], last[of])
    np.bitwise_xor.at(out, at, (1 << rng.integers(0, 8, len(of))).astype(np.uint8))
    return out


def even_flips(rng: np.random.Generator, line: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """4 or 6 flipped bits, each in a byte of its own: what a CRC whose polynomial has an even
    number of terms finds worst."""
    out = line.copy()
    for place in range(6):
        some = np.flatnonzero((place < 4) | (rng.random(len(first)) < 0.5))
        step = (last - first)[some] // 6
        at = first[some] + place * step + rng.integers(0, step)
        out[at] ^= (1 << rng.integers(0, 8, len(some))).astype(np.uint8)
    return out


def bursts(rng: np.random.Generator, line: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """2 to LONGEST_BURST bits in a row of which the first and the last are flipped, and of those
    between every other."""
    bits, out = 8 * (last - first), line.copy()
    length = rng.integers(2, np.minimum(LONGEST_BURST, bits) + 1)
    begin = rng.integers(0, bits - length + 1)
    mask = rng.integers(0, 2, (len(first), LONGEST_BURST + 8), dtype=np.uint8)
    place, shift = np.arange(LONGEST_BURST + 8), (begin % 8)[:, None]
    mask[(place == shift) | (place == shift + length[:, None] - 1)] = 1
    mask[(place < shift) | (place >= shift + length[:, None])] = 0
    octets = np.packbits(mask, axis=1)
    at = (first + begin // 8)[:, None] + np.arange(octets.shape[1])
    hit = octets != 0
    out[at[hit]] ^= octets[hit]
    return out


def appended(value: int) -> Damage:
    """1 to LONGEST_RUN bytes of this value between a frame's CRC and its flag."""

    def damage(rng: np.random.Generator, line: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        return np.insert(line, np.repeat(last, rng.integers(1, LONGEST_RUN + 1, len(last))), np.uint8(value))

    return damage


def zeros_between(
    rng: np.random.Generator, line: np.ndarray, first: np.ndarray, last: np.ndarray
) -> np.ndarray:
    """1 to LONGEST_RUN zero bytes after a frame's flag, before the next frame's."""
    return np.insert(line, np.repeat(last + 1, rng.integers(1, LONGEST_RUN + 1, len(last))), np.uint8(0))


def dropped(rng: np.random.Generator, line: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """1 to 8 bytes of each frame are lost."""
    of = np.repeat(np.arange(len(first)), rng.integers(1, 9, len(first)))
    return np.delete(line, rng.integers(first[of], last[of]))


def inserted(rng: np.random.Generator, line: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """1 to 8 random bytes come from nowhere into each frame."""
    of = np.repeat(np.arange(len(first)), rng.integers(1, 9, len(first)))
    return np.insert(
        line, rng.integers(first[of], last[of] + 1), rng.integers(0, 256, len(of), dtype=np.uint8)
    )


CLASSES: dict[str, Damage] = {
    "flips, 1 to 16 bits": flips,
    "flips, 4 or 6 bits": even_flips,
    "bursts, 2 to 200 bits": bursts,
    "zeros appended": appended(0),
    "ones appended": appended(255),
    "bytes dropped": dropped,
    "bytes inserted": inserted,
    "zeros between frames": zeros_between,
}


def passed(rng: np.random.Generator, name: str, sent: list[Frame]) -> tuple[int, int, int]:
    """(frames that passed and were not sent, frames that arrived as they were sent, broken pieces)
    of one damaged line."""
    pieces = [encode(frame) for frame in sent]
    line = np.frombuffer(b"".join(pieces), dtype=np.uint8)
    end = np.cumsum([len(piece) for piece in pieces])
    first, last = end - [len(piece) for piece in pieces] + 1, end - 1  # between the flags
    decoder, known = Decoder(), set(sent)
    got = decoder.feed(bytes([FLAG]) + CLASSES[name](rng, line, first, last).tobytes())
    wrong = sum(frame not in known for frame in got)
    return wrong, len(got) - wrong, decoder.errors
