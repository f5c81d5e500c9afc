"""The host's end of the link: packets in, packets out, over a device that may corrupt, drop or insert bytes.

```
    packets -> frames not yet acknowledged -> encode -> device.exchange -> decode -> packets in order
                         ^------------- ack, room ---------------------------┘
```
The chip has no timer: every recovery starts here. An answered poll shows which frames were lost on
the way to the chip, and they are sent again (go-back-N); a gap, a broken frame or silence makes the
host send a reject, and the chip sends again from there.
"""

import random
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.formats.frame import (
    FLAG,
    RESET_MARK,
    SEQUENCE_BITS,
    SLOT_BYTES,
    SLOTS,
    FrameKind,
    frame_payload,
)
from spikeplane.formats.packet import PacketFormat
from spikeplane.host.device import Device
from spikeplane.host.frames import Decoder, Frame, Handed, encode

OPENING = 4.0  #: seconds that a device may answer with something else until it is given up
STRANGE = 5  #: frames of a chip that has forgotten the sequence numbers
ALIVE = 5.0  #: seconds: a link is alive if a whole frame has come within them
TRIES = 200  #: times that the very first frame may be lost: a chip with packets of another size takes none
LOST = 60.0  #: seconds that a live link may lose one frame again and again
_NOISE = 4 * SLOT_BYTES  # bytes without a frame that are as good as silence
# bytes, twice what a chip can have to say after a reset, were every one escaped
_ALL = 4 * SLOTS * SLOT_BYTES
_NUMBERS = 1 << SEQUENCE_BITS


class Link:
    """Whole packets over `device`, each delivered once and in order. Opens (resets both ends) at
    its first use."""

    def __init__(
        self,
        device: Device,
        form: PacketFormat,
        *,
        patience: int | None = None,
        tries: int = TRIES,
        alive: float = ALIVE,
        lost: float = LOST,
    ) -> None:
        """`patience`: waits in vain, at least, until the device is called dead, or a chip that takes nothing stuck;
        None: what the device says. `tries`, `alive`, `lost`: see TRIES, ALIVE, LOST."""
        self.tries, self.alive, self.lost = tries, alive, lost
        self.device, self._patience = device, patience
        self.size, self.payload = form.size, frame_payload(form)
        self.resent = 0  #: frames sent again so far
        self._decoder, self._open = Decoder(), False
        self._frames: deque[bytes] = deque()  # payloads that the chip has not acknowledged, sent or not
        # sequence of frames[0]; frames sent, now and before a resend
        self._base = self._sent = self._most = self._room = 0
        self._polled: int | None = None  # frames sent before the poll that is under way
        self._expected = 0
        self._packets: list[bytes] = []
        self._ack_due = self._poll_due = self._reject_due = False
        self._tries = 0  # how often frames[0] has been lost
        self._strange = 0  # frames, one after the other, that acknowledge what was not sent
        self._noise = 0  # bytes since the last frame
        # turns without a whole frame, one after the other; whether this call had one in vain
        self._vain, self._waited = 0, False
        self._taken_count = 0  # frames that the chip has acknowledged
        self._marks: deque[Handed] = deque()
        self._noisy = False  # frames have come since the last whole one, and were damaged
        # when the last whole frame came, and when the chip last took one
        self._heard_at = self._moved_at = 0.0
        self._taken = False  # whether the chip has ever taken a frame

    @property
    def patience(self) -> int:
        """Waits in vain until the device is called dead."""
        return self.device.patience if self._patience is None else self._patience

    @property
    def is_open(self) -> bool:
        """Whether a chip has answered."""
        return self._open

    @property
    def errors(self) -> int:
        """Broken frames that arrived here. Those that arrived at the chip: Counter.LINK_ERRORS."""
        return self._decoder.errors

    def exchange_packets(self, packets: np.ndarray | None = None) -> np.ndarray:
        """Send packets uint8 (n, size) and return those that have come, uint8 (m, size). Without packets: wait for
        some.

        Returns when all are sent, or, without any, when packets are in or the chip says after a while that it has
        none. What is lost is sent again in later calls (`flush` waits). Raises SpikeplaneError if the device does
        not answer or the chip takes nothing any more.
        """
        self._reset()
        if packets is None or not len(packets):
            self._pump(lambda: bool(self._packets) or (self._waited and not self._vain and not self._tries))
        else:
            self._queue(packets)
            self._pump(lambda: self._sent == len(self._frames))
        received, self._packets = b"".join(self._packets), []
        return np.frombuffer(received, dtype=np.uint8).reshape(-1, self.size)

    def post(self, packets: np.ndarray) -> Handed:
        """Send of packets uint8 (n, size) what the chip has room for, without a wait; later calls send the rest.
        Returns when that was. Raises SpikeplaneError if the device does not answer."""
        self._reset()
        self._queue(packets)
        mark = Handed(self._taken_count + len(self._frames))
        self._marks.append(mark)
        self._turn()
        return mark

    def _queue(self, packets: np.ndarray) -> None:
        data = packets.tobytes()
        self._frames.extend(data[at : at + self.payload] for at in range(0, len(data), self.payload))

    def _turn(self) -> bool:
        """Say what there is to say. Whether the chip is heard."""
        out = self._outgoing()
        while self._marks and self._marks[0].frames <= self._taken_count + self._most:
            self._marks.popleft().at = time.perf_counter()
        return self._hear(self.device.exchange(out)) if out else False

    def flush(self) -> None:
        """Wait until the chip has everything sent so far. Raises SpikeplaneError as `exchange_packets` does."""
        if self._open:
            self._pump(lambda: not self._frames)

    def break_frames(self, count: int) -> None:
        """Send frames that the chip must drop, and count."""
        self.device.exchange(bytes([FLAG, 0]) * count + bytes([FLAG]))

    def _pump(self, done: Callable[[], bool]) -> None:
        """Send what there is and wait for the chip, until `done`. Silence makes the next frame a poll."""
        stalled, self._waited = 0, False
        self._heard_at = self._moved_at = time.monotonic()  # before this call nobody listened
        while True:
            before = (len(self._frames), len(self._packets))
            self._vain += 1
            heard = self._turn()
            if done():
                return
            heard = heard or self._hear(self.device.exchange(b""))
            if not heard:
                self._waited = self._poll_due = self._reject_due = True
                self._polled = None
            self._check_alive()
            moved = before != (len(self._frames), len(self._packets))
            stalled = 0 if moved or self._room else stalled + (not heard)
            if stalled > self.patience:
                raise SpikeplaneError(
                    f"the chip takes no more packets: {len(self._frames)} frames wait; load the program again"
                )
            if done():
                return

    def _check_alive(self) -> None:
        """Raises SpikeplaneError for a device without a whole frame for `alive` seconds, and for a line that loses the
        same frame for ever. Time is not enough: a simulated device may take long for one exchange."""
        now, where = time.monotonic(), self.device.where
        if self._vain > self.patience and now - self._heard_at > self.alive:
            if self._noisy:
                raise SpikeplaneError(
                    f"the line to {where} damages every frame: none has come whole for {self.alive:g} seconds; check "
                    "the cable, or take a lower rate"
                )
            raise SpikeplaneError(
                f"{where} does not answer: no frame for {self.alive:g} seconds; check power and port"
            )
        if self._tries > self.tries and (not self._taken or now - self._moved_at > self.lost):
            raise SpikeplaneError(
                f"the line to {where} loses every frame; check the cable, or take a lower rate"
            )

    def _hear(self, data: bytes) -> bool:
        """Take the frames in `data`. Whether the chip is heard: a part of a frame is enough."""
        errors = self._decoder.errors
        frames = self._decoder.feed(data)
        for frame in frames:
            self._take(frame)
        self._reject_due |= self._decoder.errors > errors
        damaged = self._decoder.errors > errors or self._noise + len(data) >= _NOISE
        self._noisy = not frames and (self._noisy or damaged)  # a frame that was only cut short is none
        if frames:
            self._vain, self._heard_at = 0, time.monotonic()
        self._noise = 0 if frames or self._noise >= _NOISE else self._noise + len(data)
        return bool(frames) or bool(data) and self._noise < _NOISE

    def _outgoing(self) -> bytes:
        """What there is to say, and the frames that the chip has room for, fewer while one does not get through. On a
        line that errs what matters goes in short frames of its own: they have the better chance."""
        first = self._sent
        last = min(self._room, len(self._frames), max(1, SLOTS >> self._tries))
        out = []
        if self._reject_due or self._poll_due or self._ack_due and first >= last:
            out.append(self._status(self._poll_due))
        ask = self._polled is None and first < last
        for i in range(first, last):
            poll = ask and i == last - 1 and not self._tries
            number = (self._base + i) % _NUMBERS
            out.append(encode(self._frame(FrameKind.DATA, number, poll, self._frames[i])))
        if first < last:
            self.resent += max(0, min(last, self._most) - first)
            self._sent, self._most = last, max(last, self._most)
            self._ack_due = False
        if ask:
            self._polled = last
            if self._tries:
                out.append(self._status(True))
        return b"".join(out)

    def _status(self, poll: bool) -> bytes:
        """A STATUS with what is due. A poll is about the frames sent before it."""
        frame = self._frame(FrameKind.STATUS, 0, poll, b"")._replace(reject=int(self._reject_due))
        self._polled = self._sent if poll else self._polled
        self._ack_due = self._reject_due = False
        self._poll_due &= not poll
        return encode(frame)

    def _frame(self, kind: int, sequence: int, poll: bool, payload: bytes) -> Frame:
        return Frame(kind, sequence, self._expected, int(poll), 0, 0, payload)

    def _take(self, frame: Frame) -> None:
        if frame.kind == FrameKind.RESET:
            return  # the echo of an earlier attempt
        gone = (frame.ack - self._base) % _NUMBERS
        if gone <= self._most:
            for _ in range(gone):
                self._frames.popleft()
            self._base, self._most, self._room = frame.ack, self._most - gone, frame.room
            self._taken_count += gone
            self._sent = max(0, self._sent - gone)
            self._polled = None if self._polled is None else max(0, self._polled - gone)
            self._strange = 0
            if gone:
                self._tries, self._taken, self._moved_at = 0, True, time.monotonic()
            if frame.poll:
                if self._polled:  # sent before the poll and not in: lost
                    self._sent, self._tries = 0, self._tries + 1
                self._polled = None
        else:
            self._strange += 1
            if self._strange > STRANGE:
                raise SpikeplaneError(f"{self.device.where} has been reset in mid-run; run again")
        if frame.kind == FrameKind.DATA:
            self._ack_due = True
            ahead = (frame.sequence - self._expected) % _NUMBERS
            if ahead == 0 and len(frame.payload) % self.size == 0:
                self._packets.append(frame.payload)
                self._expected = (self._expected + 1) % _NUMBERS
            elif ahead < SLOTS:
                self._reject_due = True

    def _reset(self) -> None:
        """At first use: both ends to sequence 0. Only the echo of the latest attempt counts, all before it is old. Raises
        SpikeplaneError if none comes, or what answers is no chip: a line that only returns what is sent does not have
        the chip's room."""
        if self._open:
            return
        number, came, end = random.randrange(_NUMBERS), 0, time.monotonic() + OPENING
        for _ in range(self.patience):
            number = (number + 1) % _NUMBERS
            ask = Frame(FrameKind.RESET, number, RESET_MARK % _NUMBERS, room=RESET_MARK // _NUMBERS)
            data, before = self.device.exchange(encode(ask)) or self.device.exchange(b""), came
            while data:
                came += len(data)
                frames = self._decoder.feed(data)
                wanted = (FrameKind.RESET, number, 0)
                echoes = [i for i, f in enumerate(frames) if (f.kind, f.sequence, f.ack) == wanted]
                if echoes:
                    self._open, self._room = True, frames[echoes[-1]].room
                    for frame in frames[echoes[-1] + 1 :]:
                        self._take(frame)
                    return
                data = self.device.exchange(b"") if came - before < _ALL else b""
            if came and time.monotonic() > end:
                break
        where = self.device.where
        if came:
            raise SpikeplaneError(
                f"{where} is no Spikeplane chip: it answers with something else ({came:,} bytes); check the port"
            )
        raise SpikeplaneError(
            f"{where} does not answer: {self.patience} resets without a frame; check power and port"
        )
