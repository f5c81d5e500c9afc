"""The populations of a core whose memory is a chunk wide, beside the plain ones: the word of every job stands in its cycle, words
are read back, and sweeps send the same packets in the same order."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import random
from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from core_unit import CORE, give, simulate

from spikeplane.config import ChipConfig
from spikeplane.formats import narrow_tables, structure
from spikeplane.formats.packet import CHUNK_BITS, SEEK, Kind
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.loader import Loader
from spikeplane_gateware.core.reads import chunk_places
from spikeplane_gateware.core.soma.sweep.narrow_population import NarrowPopulation
from spikeplane_gateware.core.soma.sweep.sweep import Sweep

NARROW = replace(CORE, narrow_tables=True)
#: words of five parts, of six and of four; slots that are no power of two
CHIPS = {
    "plain": NARROW,
    "all options": replace(
        NARROW, dynamic_depth=64, dynamic_bits=8, levels=True, step_bits=2, low_planes=True
    ),
    "small": replace(
        NARROW, acc_depth=16, membrane_depth=16, parameter_depth=16, populations=7, coord_bits=2
    ),
}


class World:
    """The memory behind a loader, which is given packets."""

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables, self.rng = config, core_tables(config), random.Random(config.populations)
        self.loader: Any = Loader(config)
        self.dut: Any = NarrowPopulation(config)
        self.parts = self.tables.chunks(Memory.POPULATION)
        self.words = [0] * config.populations
        self.places = chunk_places(self.tables)
        self.ctx: Any = None

    def module(self) -> Module:
        m = Module()
        m.submodules.loader, m.submodules.dut = self.loader, self.dut
        connect(m, self.loader.write, self.dut.write)
        return m

    async def seek(self, memory: Memory, address: int) -> None:
        await give(
            self.ctx, self.loader.i, Kind.WRITE, seek=1, data=SEEK.pack(memory=memory, address=address)
        )

    async def chunks(self, memory: Memory, words: list[int]) -> None:
        """From the place on that was sought, with pauses between the packets."""
        for word in words:
            for number in range(self.tables.chunks(memory)):
                await self.ctx.tick().repeat(self.rng.choice((1, 1, 3)))
                await give(self.ctx, self.loader.i, Kind.WRITE, data=word >> CHUNK_BITS * number & 0xFFFFFFFF)

    async def load(self) -> None:
        """New words of all populations, the last ones first; words of other memories go elsewhere."""
        count, width = self.config.populations, self.tables.width(Memory.POPULATION)
        self.words = [self.rng.getrandbits(width) for _ in range(count)]
        for first, words in ((count // 2, self.words[count // 2 :]), (0, self.words[: count // 2])):
            await self.seek(Memory.POPULATION, first)
            await self.chunks(Memory.POPULATION, words)
            for memory in (Memory.PARAMETER, Memory.PROJECTION):
                await self.seek(memory, first)
                await self.chunks(memory, [self.rng.getrandbits(self.tables.width(memory))])

    async def job(self, slot: int) -> int:
        """The cycles until the word of `slot` stands, which is looked at."""
        ctx, cycles = self.ctx, 1
        ctx.set(self.dut.slot, slot)
        ctx.set(self.dut.asks, 1)
        while not ctx.get(self.dut.stands):
            await ctx.tick()
            cycles += 1
        await ctx.tick()
        ctx.set(self.dut.asks, 0)
        ctx.set(self.dut.slot, self.rng.randrange(self.config.populations))
        for _ in range(self.rng.choice((1, 1, 5))):
            assert ctx.get(self.dut.population.as_value()) == self.words[slot], slot
            assert not ctx.get(self.dut.stands)
            await ctx.tick()
        return cycles

    async def read(self, memory: Memory, address: int, number: int) -> int:
        """A chunk, as the read-back asks for it, which stands until it is taken."""
        ctx, bus, rest = self.ctx, self.dut.read, self.rng.choice((0, 4))
        clear = sum(1 << k for k, place in enumerate(self.places) if place != (memory, number))
        ctx.set(bus.address, address)
        for pulse in ("fetch", "access", "load"):
            ctx.set(bus.clear, 0 if pulse == "fetch" else clear)
            ctx.set(getattr(bus, pulse), 1)
            await ctx.tick()
            ctx.set(getattr(bus, pulse), 0)
        found = ctx.get(self.dut.read_data)
        await ctx.tick().repeat(1 + rest)
        assert ctx.get(self.dut.read_data) == found
        ctx.set(bus.clear, 0)
        await ctx.tick()
        return found


@pytest.mark.parametrize("name", CHIPS)
def test_words_stand_in_the_cycle_of_their_job_and_are_read_back(name: str) -> None:
    world, rng = World(CHIPS[name]), random.Random(name)
    slots, waits = range(world.config.populations), []

    async def bench(ctx: Any) -> None:
        world.ctx = ctx
        for _ in range(3):
            await world.load()
            for slot in rng.choices(slots, k=8):
                waits.append(await world.job(slot))
                if rng.random() < 0.5:
                    for _ in range(4):
                        memory = rng.choice((Memory.POPULATION, Memory.POPULATION, Memory.ROW))
                        at = rng.randrange(world.config.populations)
                        number = rng.randrange(world.tables.chunks(memory))
                        word = world.words[at] if memory == Memory.POPULATION else 0
                        expected = word >> CHUNK_BITS * number & 0xFFFFFFFF
                        assert await world.read(memory, at, number) == expected, (memory, at, number)

    simulate(world.module(), bench)
    assert set(waits) == {narrow_tables.population_cycles(world.config)}
    assert len(waits) == 24


def test_the_sizes_differ() -> None:
    assert sorted(narrow_tables.population_parts(config) for config in CHIPS.values()) == [4, 5, 6]


def test_a_word_that_is_given_up_is_written_as_far_as_it_came() -> None:
    world = World(NARROW)

    async def bench(ctx: Any) -> None:
        world.ctx = ctx
        await world.load()
        await world.seek(Memory.POPULATION, 2)
        for number in range(2):
            await give(ctx, world.loader.i, Kind.WRITE, data=number)
        await world.seek(Memory.POPULATION, 3)
        world.words[3] = 5
        await world.chunks(Memory.POPULATION, [5])
        high = world.words[2] >> 2 * CHUNK_BITS << 2 * CHUNK_BITS
        world.words[2] = high | 1 << CHUNK_BITS
        for slot in range(4):
            await world.job(slot)

    simulate(world.module(), bench)


@pytest.mark.parametrize("narrow", [False, True])
def test_from_a_job_to_its_word(narrow: bool) -> None:
    config = replace(CORE, narrow_tables=narrow)
    dut: Any = Sweep(config)
    found = []

    async def bench(ctx: Any) -> None:
        for _ in range(3):
            await ctx.tick().repeat(4)
            ctx.set(dut.job.valid, 1)
            cycles = 0
            while not ctx.get(dut.job.ready):
                await ctx.tick()
                cycles += 1
            await ctx.tick()
            ctx.set(dut.job.valid, 0)
            found.append(cycles + 1)

    simulate(dut, bench)
    assert found == [narrow_tables.population_cycles(config)] * 3
    assert narrow == (found[0] > structure.WORD)
