"""A line that errs, on purpose and repeatably: bits flip, bytes are lost, doubled, late or cut off,
and bursts wipe out what they meet.

`Faults` hurts the bytes of one direction; `FaultyDevice` stands between a driver and any device;
`Terminal` takes two of them.
"""

import random
from collections import Counter
from enum import Enum

from spikeplane.host.device import Device


class Fault(Enum):
    """What can happen at a byte."""

    FLIP = "flip"  #: one bit of it changes
    DROP = "drop"  #: it is lost
    DOUBLE = "double"  #: it comes twice
    DELAY = "delay"  #: it and all behind it come some calls later
    CUT = "cut"  #: it and up to LONGEST_CUT bytes behind it, of what is handed over together, are lost
    BURST = "burst"  #: BURST bytes of noise come instead of it and of those behind it, if there are so many


BURST, LONGEST_CUT, LONGEST_DELAY = 64, 256, 3


class Faults:
    """One direction of a line. `rate`: probability of each kind of fault at a byte. `counts`: how
    many there have been."""

    def __init__(self, seed: int, rate: float = 1e-3, kinds: tuple[Fault, ...] = tuple(Fault)) -> None:
        self.rng, self.kinds = random.Random(seed), kinds
        self.rate = rate * len(kinds)
        self.counts: Counter[Fault] = Counter()
        self._gap = self._draw()  # sound bytes until the next fault
        self._held, self._calls = b"", 0  # late bytes, and calls until they are let go
        self._late = False  # bytes that were late are on their way

    def hurt(self, data: bytes) -> bytes:
        """What arrives of `data`, and of what was late; in order."""
        out = bytearray()
        self._late = self._calls > 0
        if self._calls:
            self._calls -= 1
            self._held += data
            if self._calls:
                return b""
            data, self._held = self._held, b""
        while data:
            if self._gap >= len(data):
                out += data
                self._gap -= len(data)
                break
            out += data[: self._gap]
            data = self._fault(out, data[self._gap :])
            self._gap = self._draw()
        return bytes(out)

    def _fault(self, out: bytearray, data: bytes) -> bytes:
        """Hurt the first byte of `data`; returns what is left."""
        kind = self.rng.choice(self.kinds)
        if kind == Fault.DELAY and self._late:  # twice, and the line would fall behind for ever
            return data
        self.counts[kind] += 1
        if kind == Fault.FLIP:
            out.append(data[0] ^ 1 << self.rng.randrange(8))
        elif kind == Fault.DOUBLE:
            out += data[:1] * 2
        elif kind == Fault.CUT:
            return data[self.rng.randint(1, LONGEST_CUT) :]
        elif kind == Fault.BURST:
            out += self.rng.randbytes(BURST)
            return data[BURST:]
        elif kind == Fault.DELAY:
            self._held, self._calls = data, self.rng.randint(1, LONGEST_DELAY)
            return b""
        return data[1:]

    def _draw(self) -> int:
        return int(self.rng.expovariate(self.rate)) if self.rate else 1 << 62


class FaultyDevice(Device):
    """`device` at the end of a line with faults `down` to it and `up` from it. `dead`: from then on
    nothing passes."""

    def __init__(self, device: Device, down: Faults, up: Faults) -> None:
        self.device, self.down, self.up = device, down, up
        self.dead = False

    def exchange(self, data: bytes) -> bytes:
        """See Device."""
        if self.dead:
            return b""
        sent = self.down.hurt(data)
        got = self.device.exchange(sent) if sent else b""
        if not data and not got:
            got = self.device.exchange(b"")
        return self.up.hurt(got)

    def close(self) -> None:
        """Close the device."""
        self.device.close()
