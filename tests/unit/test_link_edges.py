"""The link's gateware at its edges, frame by frame: what must be dropped, what a reset must forget,
what must not be told."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from amaranth.sim import Simulator

from spikeplane.config import ChipConfig
from spikeplane.formats.frame import (
    CRC_BYTES,
    ESCAPE,
    FLAG,
    FRAME_HEADER,
    HEADER_BYTES,
    RESET_MARK,
    SLOTS,
    FrameKind,
    frame_payload,
)
from spikeplane.formats.packet import packet_format
from spikeplane.host.frames import Decoder, Frame, encode
from spikeplane_gateware.link.link import Link
from spikeplane_gateware.link.receiver import Receiver
from spikeplane_gateware.link.sender import Sender

CONFIG = ChipConfig(rows=1, cols=1, lanes=8)
FORM = packet_format(CONFIG)
SIZE, LONGEST = FORM.size, frame_payload(FORM)
RESET = encode(Frame(FrameKind.RESET, 5, RESET_MARK % 16, room=RESET_MARK // 16))


def data(sequence: int, payload: bytes) -> bytes:
    return encode(Frame(FrameKind.DATA, sequence, payload=payload))


def packets(count: int, seed: int = 1) -> bytes:
    rng = random.Random(seed)
    return b"".join(rng.getrandbits(FORM.width).to_bytes(SIZE, "little") for _ in range(count))


def received(
    line: bytes, ready: Callable[[int], bool] = lambda cycle: True, rest: int = 600
) -> tuple[bytes, dict[str, int], int]:
    """(bytes out, the receiver's numbers at the end, resets) of a Receiver after line bytes one a
    cycle and `rest` cycles."""
    dut: Any = Receiver(CONFIG)
    out, state, resets = bytearray(), {}, 0

    async def bench(ctx: Any) -> None:
        nonlocal resets
        for cycle in range(len(line) + rest):
            ctx.set(dut.rx.valid, cycle < len(line))
            ctx.set(dut.rx.payload, line[cycle] if cycle < len(line) else 0)
            ctx.set(dut.o.ready, ready(cycle))
            _, _, valid, taken, byte, reset = await ctx.tick().sample(
                dut.o.valid, dut.o.ready, dut.o.payload, dut.reset
            )
            if valid and taken:
                out.append(byte)
            resets += reset
        state.update({name: ctx.get(getattr(dut, name)) for name in ("expected", "room", "errors")})

    simulate(dut, bench)
    return bytes(out), state, resets


def simulate(dut: Any, bench: Any) -> None:
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def wrapped() -> bytes:
    """A frame so long that a count of 9 bits would take its byte 512 for the first: there it has a
    DATA header once more."""
    head = FRAME_HEADER.pack(sequence=0, kind=FrameKind.DATA, poll=0, reject=0, ack=0, room=0).to_bytes(
        HEADER_BYTES, "little"
    )
    body = bytearray(packets(60)[: 512 - HEADER_BYTES]) + head + packets(4, 2)
    length = len(body) - (len(body) - HEADER_BYTES) % SIZE  # but for the two headers, whole packets
    return data(0, bytes(body[:length]))


DROPPED = {
    "it ends in an escape": data(0, packets(2))[:-1] + bytes([ESCAPE, FLAG]),
    "it is too long": data(0, packets(LONGEST // SIZE + 1)),
    "it is so long that a count would wrap": wrapped(),
    "it has a part of a packet": data(0, packets(2)[:-1]),
    "it has a byte too many": data(0, packets(2) + b"\1"),
    "it has no payload": data(0, b""),
    "its CRC is wrong": data(0, packets(2)[:-1] + b"\0").replace(
        data(0, packets(2)[:-1] + b"\0")[-4:-1], b"abc"
    ),
    "it is of no kind": encode(Frame(3, 0, payload=packets(1))),
    "it is a reset without its mark": encode(Frame(FrameKind.RESET, 5, 1)),
}


@pytest.mark.parametrize("line", DROPPED.values(), ids=DROPPED)
def test_a_broken_frame_is_dropped_and_counted(line: bytes) -> None:
    out, state, resets = received(line)
    assert (out, state, resets) == (b"", {"expected": 0, "room": SLOTS, "errors": 1}, 0)


def test_good_frames_between_flags_come_out_and_nothing_is_counted() -> None:
    sent = [packets(LONGEST // SIZE, 1), packets(1, 2), packets(3, 3)]
    line = bytes([FLAG] * 5) + data(0, sent[0]) + bytes([FLAG] * 3) + data(1, sent[1]) + data(2, sent[2])
    out, state, _ = received(line)
    assert out == b"".join(sent)
    assert state == {"expected": 3, "room": SLOTS, "errors": 0}


def test_a_frame_out_of_order_is_passed_over() -> None:
    out, state, _ = received(data(1, packets(1, 1)) + data(0, packets(1, 2)) + data(0, packets(1, 3)))
    assert out == packets(1, 2)
    assert state == {"expected": 1, "room": SLOTS, "errors": 0}


def test_without_room_a_frame_is_dropped_and_the_others_stay() -> None:
    sent = [packets(2, seed) for seed in range(SLOTS + 2)]
    line = b"".join(data(number, payload) for number, payload in enumerate(sent))
    _, state, _ = received(line, lambda cycle: False)
    assert state == {"expected": SLOTS, "room": 0, "errors": 0}
    out, state, _ = received(line, lambda cycle: cycle > len(line))
    assert out == b"".join(sent[:SLOTS])
    assert state == {"expected": SLOTS, "room": SLOTS, "errors": 0}


@pytest.mark.parametrize("pause", range(0, 2 * SIZE, 3))
def test_a_reset_forgets_what_the_receiver_holds(pause: int) -> None:
    """In the middle of a frame that is read, with another behind it."""
    first, new = packets(LONGEST // SIZE, 1), packets(2, 3)
    line = data(0, first) + data(1, packets(4, 2)) + bytes([FLAG] * pause) + RESET
    out, state, resets = received(line + data(0, new), lambda cycle: cycle % 3 == 0, 1500)
    assert resets == 1
    assert state["expected"] == 1
    assert out[-len(new) :] == new
    assert (first + packets(4, 2)).startswith(out[: -len(new)])
    assert 0 < len(out) - len(new) < len(first)


@pytest.mark.parametrize("pause", range(0, SIZE, 2))
def test_a_reset_leaves_no_part_of_a_packet_on_the_way_in(pause: int) -> None:
    dut: Any = Link(CONFIG)
    old, new = packets(LONGEST // SIZE, 1), packets(2, 3)
    line = data(0, old) + bytes([FLAG] * pause) + RESET + bytes([FLAG] * 40) + data(0, new)
    got: list[bytes] = []

    async def bench(ctx: Any) -> None:
        ctx.set(dut.o.ready, 1)
        for cycle in range(len(line) + 200):
            ctx.set(dut.rx.valid, cycle < len(line))
            ctx.set(dut.rx.payload, line[cycle] if cycle < len(line) else 0)
            _, _, valid, packet = await ctx.tick().sample(dut.o.valid, dut.o.payload.as_value())
            if valid:
                got.append(packet.to_bytes(SIZE, "little"))

    simulate(dut, bench)
    assert b"".join(got[-2:]) == new
    assert 0 < len(got) - 2 < len(old) // SIZE
    assert old.startswith(b"".join(got[:-2]))


def test_a_reset_leaves_no_part_of_a_packet_on_the_way_out() -> None:
    """Packets as fast as they are taken, resets at any time: every frame after an echo has whole
    packets, none from before it."""
    dut: Any = Link(CONFIG)
    decoder, rng = Decoder(), random.Random(4)
    taken, echoed, epochs = 0, [], []

    async def bench(ctx: Any) -> None:
        nonlocal taken
        pending = bytearray()
        ctx.set(dut.tx.ready, 1)
        for cycle in range(11_000):
            if not pending and cycle % 1100 == 550:
                pending += bytes([FLAG] * rng.randrange(40)) + RESET
            ctx.set(dut.rx.valid, bool(pending))
            ctx.set(dut.rx.payload, pending.pop(0) if pending else 0)
            ctx.set(dut.i.valid, rng.random() < 0.9)
            ctx.set(dut.i.payload.as_value(), taken)
            _, _, ready, offered, byte, valid = await ctx.tick().sample(
                dut.i.ready, dut.i.valid, dut.tx.payload, dut.tx.valid
            )
            taken += ready & offered
            for frame in decoder.feed(bytes([byte])) if valid else []:
                if frame.kind == FrameKind.RESET:
                    echoed.append((taken, frame.sequence))
                    epochs.append([])
                elif frame.kind == FrameKind.DATA and epochs:
                    epochs[-1].append(frame)

    simulate(dut, bench)
    assert decoder.errors == 0
    assert len(epochs) > 8
    assert {number for _, number in echoed} == {5}
    known = -1
    for frames in epochs[:-1]:
        assert [frame.sequence for frame in frames] == list(range(len(frames)))
        payload = b"".join(frame.payload for frame in frames)
        assert all(len(frame.payload) % SIZE == 0 for frame in frames)
        numbers = [int.from_bytes(payload[at : at + SIZE], "little") for at in range(0, len(payload), SIZE)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert numbers[0] > known
        known = numbers[-1]


class Out:
    """A Sender with everything at rest but what a test sets; `frames`: what it has sent.
    `bytes_in`: what it is given, one a cycle."""

    def __init__(self) -> None:
        self.dut: Any = Sender(CONFIG)
        self.frames: list[Frame] = []
        self.taken = 0

    def run(self, script: Callable[[Any, Callable[..., Any]], Any]) -> list[Frame]:
        decoder, dut = Decoder(), self.dut

        async def cycles(ctx: Any, count: int, bytes_in: bytes = b"", **ports: int) -> None:
            for name, value in ports.items():
                ctx.set(getattr(dut, name), value)
            at = 0
            for _ in range(count):
                ctx.set(dut.i.valid, at < len(bytes_in))
                ctx.set(dut.i.payload, bytes_in[at] if at < len(bytes_in) else 0)
                _, _, ready, byte, valid = await ctx.tick().sample(dut.i.ready, dut.tx.payload, dut.tx.valid)
                at += ready and at < len(bytes_in)
                self.frames += decoder.feed(bytes([byte])) if valid else []
            self.taken = at

        async def bench(ctx: Any) -> None:
            ctx.set(dut.tx.ready, 1)
            ctx.set(dut.room, SLOTS)

            async def step(count: int, bytes_in: bytes = b"", **ports: int) -> None:
                await cycles(ctx, count, bytes_in, **ports)

            await script(ctx, step)

        simulate(dut, bench)
        assert decoder.errors == 0
        return self.frames


def test_a_frame_ends_between_packets_however_long_a_byte_takes() -> None:
    sent = packets(3)

    async def script(ctx: Any, step: Any) -> None:
        await step(400, sent[: SIZE + 3])
        await step(400, sent[SIZE + 3 :])

    frames = Out().run(script)
    assert b"".join(frame.payload for frame in frames) == sent
    assert {len(frame.payload) % SIZE for frame in frames} == {0}


def test_room_that_comes_free_is_told_unasked() -> None:
    async def script(ctx: Any, step: Any) -> None:
        await step(60)
        await step(60, room=3, expected=5)
        await step(60, room=SLOTS)

    frames = Out().run(script)
    assert [(f.kind, f.ack, f.room, f.poll) for f in frames] == [
        (FrameKind.STATUS, 5, 3, 0),
        (FrameKind.STATUS, 5, SLOTS, 0),
    ]


def test_a_poll_is_answered_and_says_so() -> None:
    async def script(ctx: Any, step: Any) -> None:
        await step(5)
        await step(1, heard=1, poll=1)
        await step(60, heard=0, poll=0)

    frames = Out().run(script)
    assert [(f.kind, f.poll, f.reject) for f in frames] == [(FrameKind.STATUS, 1, 0)]


def test_an_acknowledgement_beyond_what_was_sent_moves_the_window() -> None:
    """After a reject frames 0 and 1 are due again; the host says that 0 and 1 have come after all:
    2 goes next, not 0."""
    sent = packets(3)

    async def script(ctx: Any, step: Any) -> None:
        for at in range(0, len(sent), SIZE):
            await step(200, sent[at : at + SIZE])
        # the first of the three is on its way again when the acknowledgement comes
        await step(1, heard=1, reject=1, ack=0)
        await step(8, heard=0, reject=0)
        await step(1, heard=1, ack=2)
        await step(300, heard=0)

    frames = Out().run(script)
    assert [frame.sequence for frame in frames] == [0, 1, 2, 0, 2]
    assert [frame.payload for frame in frames][2:] == [sent[2 * SIZE :], sent[:SIZE], sent[2 * SIZE :]]


def test_all_slots_full_stops_the_packets() -> None:
    sent = packets((SLOTS + 1) * LONGEST // SIZE + 3)
    out = Out()

    async def script(ctx: Any, step: Any) -> None:
        await step(4 * len(sent), sent)

    frames = out.run(script)
    assert [frame.sequence for frame in frames] == list(range(SLOTS))
    assert {len(frame.payload) for frame in frames} == {LONGEST}
    assert out.taken == SLOTS * LONGEST
    assert b"".join(frame.payload for frame in frames) == sent[: SLOTS * LONGEST]
    assert CRC_BYTES + LONGEST <= 256


def test_an_acknowledgement_of_what_never_was_is_ignored() -> None:
    """The host cannot mean it; a reject of frame 0 still sends both again."""
    sent = packets(2)

    async def script(ctx: Any, step: Any) -> None:
        await step(200, sent[:SIZE])
        await step(200, sent[SIZE:])
        await step(1, heard=1, ack=9)
        await step(100, heard=0)
        await step(1, heard=1, reject=1, ack=0)
        await step(300, heard=0, reject=0)

    frames = [frame for frame in Out().run(script) if frame.kind == FrameKind.DATA]
    assert [frame.sequence for frame in frames] == [0, 1, 0, 1]
    assert [frame.payload for frame in frames[2:]] == [sent[:SIZE], sent[SIZE:]]


def test_a_packet_begins_anew_after_a_reset() -> None:
    """The bytes of a packet's beginning before it count no more: the next frame ends with a packet."""
    sent = packets(3)

    async def script(ctx: Any, step: Any) -> None:
        await step(400, sent[: SIZE + 3])
        await step(1, reset=1, number=5)
        await step(100, reset=0)
        await step(400, sent[SIZE : 2 * SIZE])

    frames = [frame for frame in Out().run(script) if frame.kind != FrameKind.STATUS]
    assert [(frame.kind, frame.sequence, frame.payload) for frame in frames] == [
        (FrameKind.RESET, 5, b""),
        (FrameKind.DATA, 0, sent[SIZE : 2 * SIZE]),
    ]
