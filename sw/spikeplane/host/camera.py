"""The host's port to the camera of a chip: regions, triggers, images and raw planes, and the feed
of a population.

```
    port = CameraPort(Driver(...) or Channel(device, config))
    port.configure(Stream.IMAGES, every=10, region=Region(100, 50, 227, 177))
    for number, image in port.images(8): ...
```
Registers and packets: `spikeplane.formats.camera`. Images come whole or not at all; those that the
chip had to drop are counted there.
"""

from dataclasses import astuple

import numpy as np

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.region import Region, kept_words, whole
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.camera import (
    ARGUMENT,
    EVERY_BITS,
    RECT,
    ROUTE,
    ROUTES,
    SELECT,
    VALUE_BITS,
    Command,
    Item,
    Register,
    Stream,
    chunks,
)
from spikeplane.formats.packet import CHUNK_BITS, Control, Counter, Kind
from spikeplane.host.channel import Channel
from spikeplane.host.collect import Collector
from spikeplane.host.driver import Driver
from spikeplane.host.packets import unpack_many

_TRIGGERS = {Stream.IMAGES: Command.TRIGGER_IMAGES, Stream.PLANES: Command.TRIGGER_PLANES}


class CameraPort:
    """The camera behind a channel (a `Driver` is one). Raises SpikeplaneError for a chip without a camera."""

    def __init__(self, channel: Channel) -> None:
        if channel.config.camera is None:
            raise SpikeplaneError(
                "this chip has no camera; generate one with --camera vidar, or a table [camera] in "
                "its TOML file"
            )
        self.channel, self.config = channel, channel.config.camera
        bits = {Stream.IMAGES: self.config.output_bits, Stream.PLANES: 1}
        self._receivers = {which: Receiver(self.config, bits[which]) for which in bits}
        channel.on_images = self._take

    def configure(
        self, stream: Stream = Stream.IMAGES, *, every: int = 0, region: Region | None = None
    ) -> None:
        """Take every n-th image (1: all; 0: only on a trigger), or raw plane, of a region (None:
        the whole image). What the stream still held is dropped. When this returns the chip has it:
        the next image that begins is the first. Raises SpikeplaneError for a region outside the
        image or larger than the chip's grabber_depth, or another stream than IMAGES and PLANES."""
        region = region or whole(self.config)
        receiver = self._receiver(stream)
        self._grab(stream, every, region)
        self._settle()
        receiver.begin(region)
        self._write(Register.SELECT, SELECT.pack(stream=stream))
        self._write_wide(Register.EVERY_LOW, every)
        self._settle()

    def trigger(self, stream: Stream = Stream.IMAGES) -> None:
        """Take the next image, or raw plane, that begins, once."""
        self._receiver(stream)
        self._command(_TRIGGERS[stream])
        self._settle()

    def restart(self) -> None:
        """The next word that the camera sends is the first of plane 0; all state is forgotten, and
        what the streams held."""
        self._command(Command.RESTART)
        self._settle()
        for receiver in self._receivers.values():
            receiver.begin(receiver.region)

    def images(self, count: int) -> list[tuple[int, np.ndarray]]:
        """The next `count` images as (number of the plane, (h, w) of uint8, or uint16 with 12
        output bits); fewer when no more come."""
        return self._read(Stream.IMAGES, count)

    def planes(self, count: int) -> list[tuple[int, np.ndarray]]:
        """The next `count` raw planes as (number, uint8 (h, w) of 0 and 1); fewer when no more come."""
        return self._read(Stream.PLANES, count)

    def overruns(self, stream: Stream = Stream.IMAGES) -> int:
        """Images, or planes, that the stream has dropped since `clear`, up to 65,535."""
        return self._ask(Item.OVERRUNS, stream)

    def clear(self) -> None:
        """Set the overruns of all streams to 0."""
        self._command(Command.CLEAR)

    def planes_seen(self) -> int:
        """Whole planes that have come in since the last restart, modulo 2^32."""
        return self._ask(Item.PLANES)

    def samples_left(self) -> int:
        """Samples that the feed has not sent in full."""
        return self._ask(Item.SAMPLES_LEFT)

    def feed(
        self, driver: Driver, *, samples: int, steps: int, region: Region | None = None, every: int = 1
    ) -> Collector:
        """Let every n-th plane of a region be a step of the loaded program's input, (1, h, w),
        `steps` to a sample, from the next plane on that begins; `driver.collect(collector, samples,
        steps)` then returns what `driver.run` returns. A plane that comes while the cores are
        behind is left out and counted: `overruns(Stream.FEED)`.

        Raises SpikeplaneError where the input is not one channel of that size, holds its current,
        or has more than 4 routes.
        """
        region = region or whole(self.config)
        routes = self._routes(driver, region)
        for name, value, bits in (("samples", samples, EVERY_BITS), ("steps", steps, VALUE_BITS)):
            if not 1 <= value < 1 << bits:
                raise SpikeplaneError(f"the feed takes 1 to {(1 << bits) - 1} {name}, not {value}")
        self._command(Command.STOP_FEED)
        collector = driver.start()
        self._grab(Stream.FEED, every, region)
        self._write_wide(Register.EVERY_LOW, every)
        self._write(Register.STEPS, steps)
        self._write_wide(Register.SAMPLES_LOW, samples)
        for index, (tag, rect) in enumerate(routes):
            self._write(Register.ROUTE, ROUTE.pack(tag=tag, index=index, last=index == len(routes) - 1))
            self._write(Register.RECT, RECT.pack(**dict(zip(("x0", "y0", "x1", "y1"), rect, strict=True))))
        self._command(Command.START_FEED)
        self._settle()
        return collector

    def _routes(self, driver: Driver, region: Region) -> list[tuple[int, tuple[int, int, int, int]]]:
        (name, routes), *others = driver.image.inputs.items()
        shape, crop = driver.network.population(name).shape, (1, *region.shape)
        if others or shape != crop:
            raise SpikeplaneError(
                f"the feed gives planes {crop}, the program's input '{name}' takes {shape}; choose "
                "a region of that size"
            )
        for tag, _ in routes:
            target = driver.network.projections[tag].target
            if driver.network.population(target).hold:
                raise SpikeplaneError(
                    f"population '{target}' holds its current, which is for inputs that do not "
                    "change; compile it for event input"
                )
        if len(routes) > ROUTES:
            raise SpikeplaneError(
                f"the feed has {ROUTES} routes, input '{name}' needs {len(routes)}; place its "
                "targets on fewer cores"
            )
        return routes

    def _grab(self, stream: Stream, every: int, region: Region) -> None:
        """Select and switch the stream off, set its region, forget what it held."""
        kept, depth = len(kept_words(self.config, region)), self.channel.config.grabber_depth
        if stream == Stream.IMAGES and depth and kept > depth:
            raise SpikeplaneError(
                f"the region has {kept} words, the chip holds {depth}; choose a smaller one, or a "
                "chip with a larger grabber_depth"
            )
        if not 0 <= every < 1 << EVERY_BITS:
            raise SpikeplaneError(
                f"the grabber takes every n-th image with n from 0 to {(1 << EVERY_BITS) - 1}, not {every}"
            )
        self._write(Register.SELECT, SELECT.pack(stream=stream))
        self._write_wide(Register.EVERY_LOW, 0)
        for register, value in zip(
            (Register.X0, Register.Y0, Register.X1, Register.Y1), astuple(region), strict=True
        ):
            self._write(register, value)
        self._write_wide(Register.WORDS_LOW, kept)
        self._command(Command.FLUSH)

    def _receiver(self, stream: Stream) -> "Receiver":
        if stream not in self._receivers:
            raise SpikeplaneError(
                f"stream {stream.name.lower()} does not come to the host; choose images or planes"
            )
        return self._receivers[stream]

    def _read(self, stream: Stream, count: int) -> list[tuple[int, np.ndarray]]:
        receiver, idle = self._receivers[stream], 0
        while len(receiver.done) < count and idle < self.channel.patience:
            idle = 0 if self.channel.exchange() else idle + 1
        got, receiver.done = receiver.done[:count], receiver.done[count:]
        return got

    def _take(self, packets: np.ndarray) -> None:
        fields = unpack_many(self.channel.form, packets, Kind.IMAGE, ("stream", "first", "last", "data"))
        for which, receiver in self._receivers.items():
            mine = fields["stream"] == which
            receiver.take(fields["first"][mine], fields["last"][mine], fields["data"][mine])

    def _ask(self, item: Item, stream: Stream = Stream.IMAGES) -> int:
        self._write(Register.SELECT, SELECT.pack(stream=stream, item=item))
        return self.channel.query(Counter.CAMERA)

    def _settle(self) -> None:
        """A reply comes after all that was sent before it has been done."""
        self.channel.query(Counter.CAMERA)

    def _command(self, command: Command) -> None:
        self._write(Register.COMMAND, command)

    def _write_wide(self, low: Register, value: int) -> None:
        """A value of 24 bits in two registers."""
        self._write(low, value & ((1 << VALUE_BITS) - 1))
        self._write(Register(low + 1), value >> VALUE_BITS)

    def _write(self, register: Register, value: int) -> None:
        self.channel.bridge(Control.CAMERA, ARGUMENT.pack(value=int(value), register=register))


class Receiver:
    """Puts images together. `bits`: of a pixel; `done`: (number, image) of those that are complete."""

    def __init__(self, config: CameraConfig, bits: int) -> None:
        self.config, self.bits = config, bits
        self.done: list[tuple[int, np.ndarray]] = []
        self.begin(whole(config))

    def begin(self, region: Region) -> None:
        """Forget what has come; from the next image on they are of this region."""
        self.region, self.kept = region, kept_words(self.config, region)
        self.done, self._number, self._pieces = [], None, []

    def take(self, first: np.ndarray, last: np.ndarray, data: np.ndarray) -> None:
        """Packets in order. An image that is broken off, as by a restart, is dropped."""
        marks = np.flatnonzero(first | last)
        at = 0
        for mark in marks.tolist():
            if first[mark]:
                self._number, self._pieces, at = int(data[mark]), [], mark + 1
            else:
                self._pieces.append(data[at : mark + 1])
                self._finish()
                at = mark + 1
        self._pieces.append(data[at:])

    def _finish(self) -> None:
        number, pieces = self._number, np.concatenate(self._pieces)
        self._number, self._pieces = None, []
        per_word = chunks(self.config.pixels * self.bits)
        if number is not None and len(pieces) == per_word * len(self.kept):
            self.done.append((number, self._image(pieces.reshape(-1, per_word))))

    def _image(self, words: np.ndarray) -> np.ndarray:
        """The region's pixels from its words, (words, chunks)."""
        c = self.config
        count = len(words)
        bits = np.unpackbits(words.astype(f"<u{CHUNK_BITS // 8}").view(np.uint8), axis=1, bitorder="little")
        bits = bits[:, : c.pixels * self.bits].reshape(count, c.pixels, self.bits)
        values = (bits.astype(np.uint16) << np.arange(self.bits, dtype=np.uint16)).sum(2, dtype=np.uint16)
        image = np.zeros((c.words, c.pixels), dtype=np.uint8 if self.bits <= 8 else np.uint16)
        image[self.kept] = values
        r = self.region
        return image.reshape(c.height, c.width)[r.y0 : r.y1 + 1, r.x0 : r.x1 + 1].copy()
