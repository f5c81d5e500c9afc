"""Words to IMAGE packets, alone: in order whatever the reader does, and anew after a flush at any moment."""

import random
from dataclasses import replace
from typing import Any

import pytest
from camera_unit import CHIP
from core_unit import simulate

from spikeplane.camera.config import CameraConfig
from spikeplane.formats.camera import Stream
from spikeplane.formats.packet import Kind, packet_format
from spikeplane_gateware.units.camera.packets import ImagePackets

CONFIG = replace(CHIP, camera=CameraConfig(width=16, height=8, pixels=4))
FORM = packet_format(CONFIG)
ROUNDS = 100


def packets(number: int, words: list[int], bits: int, stream: Stream) -> list[int]:
    """Of a whole image: its number, then each word's chunks of 32 bits, low bits first."""
    chunks = [word >> low & 0xFFFFFFFF for word in words for low in range(0, bits, 32)]
    found = [FORM.pack(Kind.IMAGE, host=1, stream=stream, first=1, data=number)]
    ends = [k == len(chunks) - 1 for k in range(len(chunks))]
    return found + [
        FORM.pack(Kind.IMAGE, host=1, stream=stream, last=e, data=c)
        for c, e in zip(chunks, ends, strict=True)
    ]


class World:
    """A grabber's words offered until they are taken, or withdrawn; a reader that stalls."""

    def __init__(self, ctx: Any, dut: Any, rng: random.Random, stall: float) -> None:
        self.ctx, self.dut, self.rng, self.stall = ctx, dut, rng, stall
        self.got: list[int] = []

    async def cycle(self, valid: int) -> bool:
        """Whether what is offered was taken."""
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.i.valid, valid)
        ctx.set(dut.o.ready, self.rng.random() >= self.stall)
        if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
            self.got.append(ctx.get(dut.o.payload.as_value()))
        taken = bool(valid and ctx.get(dut.i.ready))
        await ctx.tick()
        return taken

    async def show(self, number: int, words: list[int], limit: int) -> bool:
        """Whether all were taken in `limit` cycles; a word withdrawn stays on the wires, as a memory's output does."""
        for k, word in enumerate(words):
            marks = {"first": k == 0, "last": k == len(words) - 1, "number": number}
            for name, value in {"word": word, **marks}.items():
                self.ctx.set(self.dut.i.payload[name], value)
            taken = False
            while not taken:
                if limit == 0:
                    return False
                limit -= 1
                taken = await self.cycle(1)
        return True


def pieces(got: list[int]) -> list[list[int]]:
    """Cut in front of every number."""
    found: list[list[int]] = []
    for packet in got:
        if FORM.unpack(packet)[1]["first"]:
            found.append([])
        found[-1].append(packet)
    return found


@pytest.mark.parametrize("bits", [4, 32, 40, 130, 160])
@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_an_image_begins_with_its_number_after_a_flush(bits: int, stall: float) -> None:
    """Every second image is taken away at some moment: of it a part from its start comes, of others all."""
    rng, stream, whole, broken, got = random.Random(bits), Stream.PLANES, {}, {}, []
    images = [[rng.getrandbits(bits) for _ in range(rng.randrange(1, 5))] for _ in range(ROUNDS)]

    async def bench(ctx: Any) -> None:
        world = World(ctx, dut, rng, stall)
        for number, words in enumerate(images):
            expected = packets(number, words, bits, stream)
            limit = 1 + number // 2 % int(2 * len(expected) / (1 - stall)) if number % 2 else 400
            (broken if number % 2 else whole)[number] = expected
            assert await world.show(number, words, limit) or number % 2, "a word is not taken"
            for _ in range(rng.randrange(1, 12)):
                await world.cycle(0)
        world.stall = 0.0
        for _ in range(8):
            await world.cycle(0)
        got.extend(pieces(world.got))

    dut = ImagePackets(CONFIG, bits, stream)
    simulate(dut, bench)
    partial = {FORM.unpack(piece[0])[1]["data"]: piece for piece in got}
    assert list(partial) == sorted(partial)
    assert len(partial) == len(got)
    for number, expected in whole.items():
        assert partial[number] == expected
    cuts = [len(partial.get(number, [])) for number in broken]
    assert all(
        partial.get(number, []) == broken[number][:cut] for number, cut in zip(broken, cuts, strict=True)
    )
    assert sum(0 < cut < len(broken[number]) for number, cut in zip(broken, cuts, strict=True)) > 10
