"""Frames that are broken in ways no CRC sees, at both ends: one that ends in an escape is no frame,
and what follows it is one again."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false

import random
from typing import Any

from amaranth.sim import Simulator

from spikeplane.config import ChipConfig
from spikeplane.formats.frame import CRC_BYTES, ESCAPE, FLAG, HEADER_BYTES, FrameKind, frame_payload
from spikeplane.formats.packet import Control, Kind, packet_format
from spikeplane.host.frames import Decoder, Frame, encode
from spikeplane_gateware.link.receiver import Receiver

CONFIG = ChipConfig(rows=1, cols=1, lanes=8)
FORM = packet_format(CONFIG)


def frame(sequence: int, packets: int = 2) -> tuple[bytes, bytes]:
    """A good DATA frame without its flags, and its payload."""
    rng = random.Random(sequence)
    payload = b"".join(
        FORM.pack(Kind.CONTROL, op=Control.QUERY, arg=rng.randrange(1 << 16)).to_bytes(FORM.size, "little")
        for _ in range(packets)
    )
    return encode(Frame(FrameKind.DATA, sequence=sequence, payload=payload))[1:-1], payload


def received(line: bytes) -> tuple[bytes, int, int]:
    """What the chip's receiver releases of the bytes on the line, its next sequence number, and the
    frames it counts as broken."""
    dut, out, state = Receiver(CONFIG), bytearray(), {}

    async def bench(ctx: Any) -> None:
        ctx.set(dut.o.ready, 1)
        for byte in [*line, *[None] * 200]:
            ctx.set(dut.rx.valid, byte is not None)
            ctx.set(dut.rx.payload, byte or 0)
            if ctx.get(dut.o.valid):
                out.append(ctx.get(dut.o.payload))
            await ctx.tick()
        state.update(expected=ctx.get(dut.expected), errors=ctx.get(dut.errors))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return bytes(out), state["expected"], state["errors"]


def test_frames_pass_at_both_ends():
    (first, payload_1), (second, payload_2) = frame(0), frame(1, 3)
    flag = bytes([FLAG])
    assert received(flag + first + flag + second + flag) == (payload_1 + payload_2, 2, 0)
    decoder = Decoder()
    assert [f.payload for f in decoder.feed(flag + first + flag + second + flag)] == [payload_1, payload_2]
    assert decoder.errors == 0


def test_a_frame_that_ends_in_an_escape_is_none():
    (first, payload), (second, _) = frame(0), frame(0, 3)
    flag, escape = bytes([FLAG]), bytes([ESCAPE])
    line = flag + second + escape + flag + first + flag
    assert received(line) == (payload, 1, 1)
    decoder = Decoder()
    assert [f.payload for f in decoder.feed(line)] == [payload]
    assert decoder.errors == 1


def test_an_escape_before_a_frame_does_not_change_its_first_byte():
    (first, payload), flag, escape = frame(0), bytes([FLAG]), bytes([ESCAPE])
    line = flag + escape + flag + first + flag
    out, expected, _ = received(line)
    assert (out, expected) == (payload, 1)
    assert [f.payload for f in Decoder().feed(line)] == [payload]


def test_a_frame_one_byte_short_or_long_is_none():
    good, _ = frame(0)
    flag = bytes([FLAG])
    for line in (good[:-1], good[1:], good + b"\0", good[:4] + good[5:], good[:5] + b"\0" + good[5:]):
        assert received(flag + line + flag) == (b"", 0, 1), line.hex()
        decoder = Decoder()
        assert decoder.feed(flag + line + flag) == []
        assert decoder.errors == 1


def test_a_frame_of_parts_of_packets_is_none():
    """Its CRC is right: whoever made it knows other packets."""
    _, payload = frame(0)
    for wrong in (payload + b"\1", payload[:-1], payload[: FORM.size // 2]):
        line = encode(Frame(FrameKind.DATA, sequence=0, payload=wrong))
        assert received(line) == (b"", 0, 1), len(wrong)


def test_a_frame_longer_than_any_is_none():
    """Its CRC is right. A count of its bytes that wraps would take its end for a short frame: what
    then lies in the header's place is a header, and what follows whole packets."""
    edges = HEADER_BYTES + CRC_BYTES
    wrap = 1 << (edges + frame_payload(FORM) + 1).bit_length()
    header = encode(Frame(FrameKind.DATA, sequence=0))[1 : 1 + HEADER_BYTES]
    for packets in (1, 2):
        payload = bytes(wrap - HEADER_BYTES) + header + bytes(packets * FORM.size)
        line = encode(Frame(FrameKind.DATA, sequence=0, payload=payload))
        assert received(line) == (b"", 0, 1), packets
    line, _ = frame(0, frame_payload(FORM) // FORM.size + 1)
    assert received(bytes([FLAG]) + line + bytes([FLAG])) == (b"", 0, 1)
