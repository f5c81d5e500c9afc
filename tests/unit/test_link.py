"""The host link: the codec alone, and both ends joined over a line that corrupts, drops and inserts
bytes and stalls."""

import random
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.frame import CRC_LEFT, FLAG, SLOTS, FrameKind, frame_payload
from spikeplane.formats.packet import packet_format
from spikeplane.host.device import Device
from spikeplane.host.frames import Decoder, Frame, encode
from spikeplane.host.link import Link as HostLink
from spikeplane_gateware.link.crc import Crc
from spikeplane_gateware.link.link import Link

CONFIG = ChipConfig(rows=1, cols=1, lanes=8)
FORM = packet_format(CONFIG)
QUIET, PAUSE = 600, 256

frames = st.builds(
    Frame,
    st.sampled_from([int(kind) for kind in FrameKind]),
    *[st.integers(0, 15)] * 2,
    *[st.integers(0, 1)] * 2,
    st.integers(0, SLOTS),
    st.binary(max_size=254)
    | st.binary(max_size=20).map(lambda b: b.replace(b"\0", b"\x7e").replace(b"\1", b"\x7d")),
)


def test_crc_vector():
    assert crc32(b"123456789") == 0xCBF43926
    assert crc32(b"123456789" + (0xCBF43926).to_bytes(4, "little")) == CRC_LEFT

    async def bench(ctx):
        ctx.set(crc.en, 1)
        for byte in b"123456789":
            ctx.set(crc.data, byte)
            await ctx.tick()
        assert (ctx.get(crc.crc), ctx.get(crc.sound)) == (0xCBF43926, 0)
        for byte in (0x26, 0x39, 0xF4, 0xCB):
            ctx.set(crc.data, byte)
            await ctx.tick()
        assert (ctx.get(crc.crc), ctx.get(crc.sound)) == (CRC_LEFT, 1)
        ctx.set(crc.data, 0)  # zeros behind a frame are no part of it
        for _ in range(300):
            await ctx.tick()
            assert not ctx.get(crc.sound)
        ctx.set(crc.clear, 1)  # wins
        await ctx.tick()
        assert (ctx.get(crc.crc), ctx.get(crc.sound)) == (0, 0)

    crc: Any = Crc()
    simulator = Simulator(crc)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@given(st.lists(frames, max_size=6), st.binary(max_size=40), st.lists(st.integers(1, 50), max_size=20))
@settings(max_examples=200, deadline=None)
def test_frames_survive_any_portions_and_garbage_before_them(sent, garbage, portions):
    """Garbage costs no frame that follows: the frame's own flag ends it."""
    decoder = Decoder()
    data, got = b"".join(encode(frame) for frame in sent), decoder.feed(garbage)
    got.clear()
    if garbage:  # what it left open is ended by the first flag
        got += decoder.feed(bytes([FLAG]))
        got.clear()
    before = decoder.errors
    for portion in portions:
        got += decoder.feed(data[:portion])
        data = data[portion:]
    assert got + decoder.feed(data) == sent
    assert decoder.errors == before


@given(frames, st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_is_noticed(frame, data):
    line = bytearray(encode(frame))
    at = data.draw(st.integers(1, len(line) - 2))
    line[at] ^= data.draw(st.integers(1, 255))
    assert frame not in Decoder().feed(bytes(line))


class Line(Device):
    """The gateware's Link in Amaranth's simulator, its bytes and those of the host hurt on the way
    with probability `noise`.

    `feed`: packets the chip wants to send. `taken`: packets the chip got. `stall`: how often the
    chip's ends pause.
    """

    def __init__(self, *, noise: float = 0.0, stall: float = 0.0, seed: int = 0) -> None:
        self.rng, self.noise, self.stall, self.hurt = random.Random(seed), noise, stall, 0
        self.feed: list[int] = []
        self.taken: list[int] = []
        self.out, self.to_chip = bytearray(), bytearray()
        self.blocked = self.errors = self.fed = 0
        self.now = self.reading = 0
        self.link: Any = Link(CONFIG)
        self.simulator = Simulator(self.link)
        self.simulator.add_clock(1e-6)
        for process in (self._send, self._receive, self._rx, self._tx):
            self.simulator.add_testbench(process, background=True)

    async def _send(self, ctx):
        port = self.link.i
        while True:
            while self.fed == len(self.feed) or self.rng.random() < self.stall:
                await ctx.tick()
            ctx.set(port.payload.as_value(), self.feed[self.fed])
            ctx.set(port.valid, 1)
            await ctx.tick().until(port.ready)
            ctx.set(port.valid, 0)
            self.fed += 1

    async def _receive(self, ctx):
        port = self.link.o
        while True:
            ctx.set(port.ready, not self.blocked and self.rng.random() >= self.stall)
            _, _, valid, ready, payload = await ctx.tick().sample(
                port.valid, port.ready, port.payload.as_value()
            )
            if valid and ready:
                self.taken.append(payload)

    async def _rx(self, ctx):
        port = self.link.rx
        while True:
            send = bool(self.to_chip)
            ctx.set(port.valid, send)
            if send:
                ctx.set(port.payload, self.to_chip.pop(0))
            _, _, ready, self.errors = await ctx.tick().sample(port.ready, self.link.errors)
            assert ready  # a serial line does not wait

    async def _tx(self, ctx):
        port = self.link.tx
        while True:
            ctx.set(port.ready, self.reading and self.rng.random() >= self.stall)
            _, _, valid, ready, payload = await ctx.tick().sample(port.valid, port.ready, port.payload)
            if valid and ready:
                self.out.append(payload)

    def run(self, cycles: int) -> None:
        self.now += cycles
        self.simulator.run_until(self.now * 1e-6)

    def exchange(self, data: bytes) -> bytes:
        """Sending does not wait for an answer; without data, wait for one."""
        self.to_chip += self._harm(data)
        self.reading, before, silent = 1, len(self.out), 0
        while self.to_chip or (not data and silent < (PAUSE if self.out else QUIET)):
            self.run(64)
            silent = silent + 64 if len(self.out) == before else 0
            before = len(self.out)
        self.reading, data = 0, bytes(self.out)
        self.out.clear()
        return self._harm(data)

    def _harm(self, data: bytes) -> bytes:
        if not self.noise:
            return data
        out = bytearray()
        for byte in data:
            kind = self.rng.random() / self.noise
            self.hurt += kind < 1
            if kind < 0.4:
                out.append(byte ^ self.rng.randrange(1, 256))
            elif kind < 0.6:
                out += bytes([byte, self.rng.choice([FLAG, 0x7D, self.rng.randrange(256)])])
            elif kind >= 0.9:  # else it is lost, and sometimes much of what follows
                out.append(byte)
            elif kind < 0.65:
                return bytes(out)
        return bytes(out)

    def close(self) -> None:
        pass


def packets(rng, count):
    """Random packets: uint8 (count, size), many bytes being flags and escapes, and the same as integers."""
    mask = (1 << FORM.width) - 1
    pool = bytes([FLAG, 0x7D, 0, 255]) + rng.randbytes(12)
    numbers = [int.from_bytes(bytes(rng.choices(pool, k=FORM.size)), "little") & mask for _ in range(count)]
    data = b"".join(number.to_bytes(FORM.size, "little") for number in numbers)
    return np.frombuffer(data, dtype=np.uint8).reshape(count, FORM.size), numbers


def numbers_of(array):
    return [int.from_bytes(row.tobytes(), "little") for row in array]


def converse(line, host, rng, down, up, portion):
    """Send `down` packets in random portions while the chip sends `up`; returns what each side got.
    The line ends quiet."""
    host.exchange_packets()  # opening drops what the chip had sent
    data, sent = packets(rng, down)
    _, line.feed = packets(rng, up)
    got = []
    while len(data):
        count = rng.randint(1, portion)
        got += numbers_of(host.exchange_packets(data[:count]))
        data = data[count:]
    host.flush()
    for _ in range(200):
        if len(got) >= up:
            break
        got += numbers_of(host.exchange_packets())
    line.run(4000)
    got += numbers_of(host.exchange_packets())  # nothing may come twice
    return sent, got


@pytest.mark.parametrize(("noise", "stall"), [(0, 0), (0, 0.9), (0.003, 0), (0.006, 0.5)])
def test_every_packet_once_and_in_order(noise, stall):
    rng = random.Random(5)
    line = Line(noise=noise, stall=stall, seed=7)
    host = HostLink(line, FORM)
    sent, got = converse(line, host, rng, 150, 150, 60)
    assert line.taken == sent
    assert got == line.feed
    assert (line.errors + host.errors > 0) == (line.hurt > 0) == (noise > 0)
    assert (host.resent > 0) == (noise > 0)


def test_broken_frames_are_counted_and_release_nothing():
    line = Line()
    host = HostLink(line, FORM)
    data, sent = packets(random.Random(1), 1)
    host.exchange_packets(data)
    body = bytearray(encode(Frame(FrameKind.DATA, 1, payload=data.tobytes())))
    body[6] ^= 1
    for wrong in (
        body,
        encode(Frame(FrameKind.DATA, 1, payload=data.tobytes()[:-1])),
        b"\x7eabc\x7e",
        b"\x7e" + bytes(600) + b"\x7e",
    ):
        line.exchange(bytes(wrong))
    line.exchange(b"\x7e\x7e\x7e")
    line.run(50)  # no frame at all: no error
    assert line.errors == 4
    assert line.taken == sent
    host.exchange_packets(data)
    host.flush()
    line.run(500)
    assert line.taken == sent * 2


def test_an_idle_host_stops_the_chip_and_loses_nothing():
    line = Line()
    host = HostLink(line, FORM)
    host.exchange_packets()
    _, line.feed = packets(random.Random(2), 600)
    line.run(30_000)
    stopped, most = line.fed, frame_payload(FORM) // FORM.size * SLOTS
    assert most <= stopped <= most + 3
    line.run(5000)
    assert line.fed == stopped
    got = []
    while len(got) < 600:
        got += numbers_of(host.exchange_packets())
    assert got == line.feed


def test_a_chip_that_takes_nothing_stops_the_host_and_loses_nothing():
    line = Line()
    line.blocked = 1
    host = HostLink(line, FORM, patience=3)
    data, sent = packets(random.Random(3), 500)
    with pytest.raises(SpikeplaneError) as error:
        host.exchange_packets(data)
    waiting = -(-500 // (frame_payload(FORM) // FORM.size)) - SLOTS
    assert (
        str(error.value) == f"the chip takes no more packets: {waiting} frames wait; load the program again"
    )
    line.blocked = 0
    host.flush()
    line.run(4000)
    assert line.taken == sent


def test_a_new_host_can_talk_to_a_running_chip():
    rng = random.Random(4)
    line = Line()
    first = HostLink(line, FORM)
    line.blocked = 1
    first.exchange_packets(packets(rng, 40)[0])
    _, line.feed = packets(rng, 100)
    line.run(3000)
    # it died in the middle of a frame
    line.to_chip += encode(Frame(FrameKind.DATA, 3, payload=bytes(FORM.size)))[:7]
    line.run(200)
    line.feed, line.fed, line.blocked = [], 0, 0
    taken = len(line.taken)
    second = HostLink(line, FORM)
    old = second.exchange_packets()
    assert len(old) == 0
    del line.taken[taken:]
    sent, got = converse(line, second, rng, 60, 60, 30)
    assert line.taken == sent
    assert got == line.feed


class Dead(Device):
    def exchange(self, data: bytes) -> bytes:
        return b""

    def close(self) -> None:
        pass


def test_a_dead_device_is_named():
    with pytest.raises(SpikeplaneError) as error:
        HostLink(Dead(), FORM, patience=3).exchange_packets()
    assert str(error.value) == "the device does not answer: 3 resets without a frame; check power and port"
