"""Packets to and from a chip: control, queries and their replies. What the driver of the cores and
the camera's port both stand on."""

from collections.abc import Callable, Iterable

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import IDENTITY, SEEK, Control, Counter, Kind, packet_format
from spikeplane.formats.tables import AnyMemory, core_tables
from spikeplane.formats.training import TrainingControl, TrainingCounter
from spikeplane.host.device import Device
from spikeplane.host.frames import Handed
from spikeplane.host.identify import find_digest
from spikeplane.host.link import Link
from spikeplane.host.packets import pack_many, unpack_many
from spikeplane.log import logger

#: exchanges without a packet until a chip that owes packets is called stuck, for a device with the
#: usual waits
PATIENCE = 3
MARK = 100  #: broken frames; see `Channel.mark`
_log = logger(__name__)
_MARKINGS = 10  # tries to leave the mark on a noisy line
_WAITS = 1000  #: exchanges until a reply must have come, whatever else does


class Channel:
    """A chip behind a device. Of the packets that come, uint8 (n, size), `on_flow` takes what it
    knows and returns the others, and `on_images` takes those of kind IMAGE."""

    def __init__(self, device: Device, config: ChipConfig) -> None:
        self.device, self.config = device, config
        self.form = packet_format(config)
        self.link = Link(device, self.form)
        self.on_flow: Callable[[np.ndarray], np.ndarray] | None = None
        self.on_images: Callable[[np.ndarray], None] | None = None
        self._replies: list[dict[str, int]] = []
        self._words: list[
            np.ndarray
        ] = []  #: chunks that READ has brought, uint32, since the last one was asked for
        self._all = (0, 0, max(0, config.cols - 1), max(0, config.rows - 1))

    @property
    def patience(self) -> int:
        """Exchanges without a packet until a chip that owes packets is called stuck: more of them
        where a wait is short."""
        return max(PATIENCE, self.device.patience * PATIENCE // Device.patience)

    def reported(self) -> str:
        """The digest that the device reports; nothing else is asked or sent before. Raises
        SpikeplaneError if it is no Spikeplane chip. A chip's packets may be of another size than
        these, so one that does not answer is asked in every form there is."""
        try:
            identity = self.query(Counter.IDENTITY)
            digest = f"{self.query(Counter.DIGEST_HIGH) << 32 | self.query(Counter.DIGEST_LOW):016x}"
        except SpikeplaneError:
            stranger = find_digest(self.device) if self.link.is_open else None
            if stranger is None:
                raise
            return stranger
        if identity != IDENTITY:
            raise SpikeplaneError(
                f"{self.device.where} does not answer as a Spikeplane chip (identity {identity:#x})"
            )
        return digest

    def identify(self) -> str:
        """The same, held against the program's chip. Raises SpikeplaneError as `reported` does, and
        for another chip."""
        digest = self.reported()
        if digest != self.config.digest:
            raise SpikeplaneError(
                f"the program is for chip {self.config.digest}, {self.device.where} is chip "
                f"{digest}; compile it for that"
            )
        _log.info("%s is chip %s", self.device.where, digest)
        return digest

    def query(
        self, counter: Counter | TrainingCounter, core: tuple[int, int] | None = None, busy: int = 0
    ) -> int:
        """Ask the bridge, or a core, for a counter. `busy`: exchanges without a packet that what the chip has to do
        before it answers may take."""
        if core is None:
            self.bridge(Control.QUERY, counter)
        else:
            self.control(Control.QUERY, counter, (*core, *core))
        return self._answer(counter, busy=busy)

    def read_chunks(
        self, core: tuple[int, int], memory: AnyMemory, first: int, words: int
    ) -> tuple[np.ndarray, int]:
        """Ask a core for up to READ_WORDS words of a memory. Returns their chunks, uint32, lowest
        first, none if the core refuses, and its flags. Raises SpikeplaneError if it does not answer."""
        packets = [{"seek": 1, "data": SEEK.pack(memory=memory, address=first)}, {"data": words}]
        here = rect_fields((*core, *core))
        question = {"op": Control.QUERY, "arg": Counter.FLAGS, **here}
        self._words = []
        self.exchange(
            np.concatenate(
                [
                    *[pack_many(self.form, Kind.READ, 1, {**fields, **here}) for fields in packets],
                    pack_many(self.form, Kind.CONTROL, 1, question),
                ]
            )
        )
        chunks = words * core_tables(self.config).chunks(memory)
        flags = self._answer(Counter.FLAGS, chunks)  # it comes behind the words
        return np.concatenate([np.zeros(0, np.uint32), *self._words]), flags

    def _answer(self, counter: Counter | TrainingCounter, packets: int = 0, busy: int = 0) -> int:
        """The reply to a question, before which so many other packets may come, and exchanges in vain."""
        idle = waits = 0
        while idle < self.patience + busy and waits < _WAITS + packets + busy:
            for reply in self._replies:
                if reply["counter"] == counter:
                    self._replies.remove(reply)
                    return reply["value"]
            idle, waits = 0 if self.exchange() else idle + 1, waits + 1
        raise SpikeplaneError(f"{self.device.where} does not answer (asked for {counter.name.lower()})")

    def answer(self, counter: Counter) -> int:
        """The reply to the first question after a counter that was sent as a packet (`bridge_packet`) and has
        no answer yet."""
        return self._answer(counter)

    def forget(self) -> None:
        """Drop the replies that have come and that nobody has taken."""
        self._replies.clear()

    def mark(self) -> None:
        """Leave something at the chip that only a reset wipes out, for `check_mark`: a count of
        broken frames, more than a noisy line would have made of them since. Frame numbers alone may
        by chance go on where they were."""
        for _ in range(_MARKINGS):  # a noisy line makes one frame of two
            errors = self.query(Counter.LINK_ERRORS)
            if errors >= MARK:
                break
            self.link.break_frames(MARK - errors)

    def check_mark(self) -> None:
        """Raises SpikeplaneError if the chip has been reset since `mark`."""
        if self.query(Counter.LINK_ERRORS) < MARK:
            raise SpikeplaneError(f"{self.device.where} has been reset in mid-run; run again")

    def control(
        self, op: Control | TrainingControl, arg: int = 0, rect: tuple[int, int, int, int] | None = None
    ) -> None:
        """A CONTROL packet to the cores of a rectangle, or all."""
        self.exchange(
            pack_many(self.form, Kind.CONTROL, 1, {"op": op, "arg": arg, **rect_fields(rect or self._all)})
        )

    def bridge(self, op: Control | TrainingControl, arg: int = 0) -> None:
        """A CONTROL packet to the bridge, or what stands in front of it."""
        self.exchange(self.bridge_packet(op, arg))

    def bridge_packet(self, op: Control | TrainingControl, arg: int = 0) -> np.ndarray:
        """The packet that `bridge` sends."""
        return pack_many(self.form, Kind.CONTROL, 1, {"op": op, "arg": arg, "host": 1})

    def post(self, packets: np.ndarray) -> Handed:
        """Send what the chip has room for, without a wait; see `Link.post`."""
        return self.link.post(packets)

    def exchange(self, packets: np.ndarray | None = None) -> int:
        """Send packets, or without any wait for some; those that came are sorted. Returns how many came."""
        got = self.link.exchange_packets(packets)
        left = self.on_flow(got) if self.on_flow else got
        if len(left):
            replies = unpack_many(self.form, left, Kind.REPLY)
            for i in np.flatnonzero(replies["kind"] == Kind.REPLY):
                self._replies.append({name: int(values[i]) for name, values in replies.items()})
            words = left[replies["kind"] == Kind.WORDS]
            if len(words):
                data = unpack_many(self.form, words, Kind.WORDS, ("data",))["data"]
                self._words.append(data.astype(np.uint32))
            images = left[replies["kind"] == Kind.IMAGE]
            if self.on_images and len(images):
                self.on_images(images)
        return len(got)


def rect_fields(rect: Iterable[int]) -> dict[str, int]:
    """The header fields of a rectangle (x0, y0, x1, y1)."""
    return dict(zip(("x0", "y0", "x1", "y1"), rect, strict=True))
