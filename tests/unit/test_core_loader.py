"""The loader of a core: words of several chunks, a seek in the middle of one, writes to a running
core, and the three controls."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false

from dataclasses import replace
from typing import Any

import pytest
from core_unit import CORE, give, simulate

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, SEEK, Control, Kind, packet_format
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.formats.training_tables import READ_ONLY
from spikeplane.training import TrainingConfig
from spikeplane_gateware.core.loader import Loader

TABLES = core_tables(CORE)


class World:
    """A loader, and the words that came out of it: (memory, address, word)."""

    def __init__(self, ctx: Any, dut: Loader) -> None:
        self.ctx, self.dut, self.words, self.pulses = ctx, dut, [], []

    async def see(self) -> None:
        """What stands on the bus now."""
        bus, ctx = self.dut.write, self.ctx
        if ctx.get(bus.valid):
            memory = Memory(ctx.get(bus.memory))
            self.words.append(
                (memory, ctx.get(bus.address), ctx.get(bus.data) & ((1 << TABLES.width(memory)) - 1))
            )
        self.pulses += [name for name in ("start", "stop") if ctx.get(getattr(self.dut, name))]

    async def seek(self, memory: Memory, address: int) -> None:
        await give(self.ctx, self.dut.i, Kind.WRITE, seek=1, data=SEEK.pack(memory=memory, address=address))
        await self.see()

    async def chunk(self, value: int) -> None:
        await give(self.ctx, self.dut.i, Kind.WRITE, data=value)
        await self.see()

    async def word(self, memory: Memory, word: int) -> None:
        for i in range(chunks(memory)):
            await self.chunk(word >> (CHUNK_BITS * i) & 0xFFFFFFFF)

    async def control(self, op: Control, arg: int = 0) -> None:
        await give(self.ctx, self.dut.i, Kind.CONTROL, op=op, arg=arg)
        await self.see()


def chunks(memory: Memory) -> int:
    return -(-TABLES.width(memory) // CHUNK_BITS)


def pattern(memory: Memory, number: int) -> int:
    """A word whose every chunk differs from its neighbours and from other numbers'."""
    return int.from_bytes(
        bytes((37 * i + 101 * number + 13 * memory) & 0xFF for i in range(64)), "little"
    ) & ((1 << TABLES.width(memory)) - 1)


def test_words_of_every_memory_at_rising_addresses():
    async def bench(ctx: Any) -> None:
        world, expected = World(ctx, dut), []
        for memory in Memory:
            await world.seek(memory, 5)
            for number in range(3):
                await world.word(memory, pattern(memory, number))
                expected.append((memory, 5 + number, pattern(memory, number)))
        assert world.words == expected
        assert max(chunks(memory) for memory in Memory) >= 4

    dut = Loader(CORE)
    simulate(dut, bench)


def test_a_seek_in_the_middle_of_a_word_begins_with_its_first_chunk():
    async def bench(ctx: Any) -> None:
        for memory in (Memory.POPULATION, Memory.PARAMETER):
            for before in range(1, chunks(memory)):
                world = World(ctx, dut)
                await world.seek(memory, 1)
                for _ in range(before):
                    await world.chunk(0xFFFFFFFF)
                await world.seek(memory, 2)
                await world.word(memory, pattern(memory, before))
                assert world.words == [(memory, 2, pattern(memory, before))], f"after {before} chunks"

    dut = Loader(CORE)
    simulate(dut, bench)


def test_controls_and_refusals():
    async def bench(ctx: Any) -> None:
        world = World(ctx, dut)
        await world.control(Control.START)
        assert world.pulses == ["start"]
        assert (ctx.get(dut.running), ctx.get(dut.refused)) == (1, 0)
        await world.seek(Memory.ROW, 3)
        await world.word(Memory.ROW, pattern(Memory.ROW, 1))
        assert world.words == []
        assert (ctx.get(dut.running), ctx.get(dut.refused)) == (1, 1)
        await world.control(Control.STOP)
        assert world.pulses == ["start", "stop"]
        assert (ctx.get(dut.running), ctx.get(dut.refused)) == (0, 1), "the flag stays until the next START"
        await world.control(Control.START)
        assert (ctx.get(dut.running), ctx.get(dut.refused)) == (1, 0)
        await ctx.tick()
        assert (ctx.get(dut.start), ctx.get(dut.stop)) == (0, 0), "pulses"

    dut = Loader(CORE)
    simulate(dut, bench)


def test_a_question_waits_until_it_is_taken():
    async def bench(ctx: Any) -> None:
        world = World(ctx, dut)
        await world.control(Control.QUERY, 3)
        assert (ctx.get(dut.query_valid), ctx.get(dut.query_index)) == (1, 3)
        assert ctx.get(dut.i.ready) == 0
        await ctx.tick().repeat(5)
        assert (ctx.get(dut.query_valid), ctx.get(dut.query_index)) == (1, 3)
        ctx.set(dut.query_ready, 1)
        assert ctx.get(dut.i.ready) == 0, "no path from the answer's side to the packet's"
        await ctx.tick()
        assert ctx.get(dut.query_valid) == 0
        assert ctx.get(dut.i.ready) == 1

    dut = Loader(CORE)
    simulate(dut, bench)


GAPS = {
    "tables": replace(CORE, tables=2, leak_multiplier=False),
    "no gradients": ChipConfig(
        rows=1, cols=1, lanes=8, weight_bits=16,
        training=TrainingConfig(exact_bits=36, streamed=True, stream_steps=96, stream_sources=40),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GAPS)
def test_numbers_of_memories_may_have_gaps(name: str) -> None:
    """Each memory's words have its own chunks."""
    tables, form = core_tables(GAPS[name]), packet_format(GAPS[name])
    numbers = [int(memory) for memory in tables.memories]
    assert numbers != list(range(len(numbers)))

    async def bench(ctx: Any) -> None:
        for memory in [one for one in tables.memories if one not in READ_ONLY]:
            count, written = tables.chunks(memory), []
            for number in range(-1, 2 * count):
                data = SEEK.pack(memory=memory, address=3) if number < 0 else 1000 * memory + number
                ctx.set(dut.i.payload.as_value(), form.pack(Kind.WRITE, seek=number < 0, data=data))
                ctx.set(dut.i.valid, 1)
                await ctx.tick()
                if ctx.get(dut.write.valid):
                    written.append((number, ctx.get(dut.write.memory), ctx.get(dut.write.address)))
            assert written == [(count - 1, memory, 3), (2 * count - 1, memory, 4)], memory.name

    dut = Loader(GAPS[name])
    simulate(dut, bench)
