"""The lookup whose tables lie in two memories, beside the plain one: the same requests in the same order whatever waits and whichever
populations' words are read meanwhile, a packet in two cycles of one projection, and every word read back."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from core_unit import CORE, give, simulate
from test_narrow_lookup import packets

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, SEEK, Kind, packet_format
from spikeplane.formats.shared_tables import column_place, entries_size, groups_size, parts_place
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.loader import Loader
from spikeplane_gateware.core.reads import chunk_places
from spikeplane_gateware.core.soma.sweep.shared_population import SharedPopulation
from spikeplane_gateware.core.synapses.lookup import Lookup
from spikeplane_gateware.core.synapses.shared_lookup import SharedLookup

FUSED = replace(CORE, fused=True, narrow_tables=True)
#: tables of one length and of others; slots and tags that are no power of two; entries of two chunks; two spikes a cycle
CHIPS = {
    "plain": FUSED,
    "odd": replace(
        FUSED, row_depth=20, column_depth=40, group_depth=33, populations=5, projections=11, levels=True
    ),
    "wide": replace(FUSED, weight_depth=1 << 15, acc_depth=1 << 11, spikes_per_cycle=2),
}
MEMORIES = (Memory.PROJECTION, Memory.ROW, Memory.COLUMN, Memory.GROUP, Memory.POPULATION)


class World:
    """Both lookups, and the populations whose parts lie in the second one's memory, behind a loader."""

    def __init__(self, config: ChipConfig, seed: int) -> None:
        self.config, self.tables, self.rng = config, core_tables(config), random.Random(seed)
        self.loader: Any = Loader(config)
        self.duts: list[Any] = [Lookup(replace(config, narrow_tables=False)), SharedLookup(config)]
        self.populations: Any = SharedPopulation(config)
        self.words: dict[tuple[Memory, int], int] = {}
        self.made: list[list[Any]] = [[], []]
        self.taken, self.dropped, self.cycles, self.jobs, self.waited = [0, 0], [0, 0], [0, 0], 0, 0
        self.asked = self.stood = -1  #: slots

    def module(self) -> Module:
        m = Module()
        m.submodules.loader, m.submodules.populations = self.loader, self.populations
        m.submodules += self.duts
        connect(m, self.loader.write, self.duts[1].write)
        connect(m, self.populations.slots, self.duts[1].slots)
        names = ("valid", "memory", "address", "data")
        m.d.comb += [getattr(self.duts[0].write, name).eq(getattr(self.loader.write, name)) for name in names]
        return m

    async def load(self, ctx: Any) -> None:
        """Words of all tables, packet by packet."""
        for memory in self.rng.sample(MEMORIES, len(MEMORIES)):
            await give(ctx, self.loader.i, Kind.WRITE, seek=1, data=SEEK.pack(memory=memory, address=0))
            for address in range(self.tables.depth(memory)):
                word = self.rng.getrandbits(self.tables.width(memory)) | (self.rng.random() < 0.8)
                self.words[memory, address] = word
                for number in range(self.tables.chunks(memory)):
                    data = word >> CHUNK_BITS * number & 0xFFFFFFFF
                    await give(ctx, self.loader.i, Kind.WRITE, data=data)
        await ctx.tick()

    async def play(self, ctx: Any, given: list[int], offers: Callable[[], bool], jobs: float = 0.0) -> None:
        """Each lookup takes all of the packets, offered and its requests taken when `offers` says so; with the probability `jobs` a
        population's word is asked for where none is."""
        ends = [taken + len(given) for taken in self.taken]
        while (late := [self.taken[k] < ends[k] for k in range(2)]) and any(late):
            for k, dut in enumerate(self.duts):
                self.cycles[k] += late[k]
                ctx.set(dut.o.ready, offers())
                ctx.set(dut.i.valid, late[k] and offers())
                if late[k]:
                    ctx.set(dut.i.payload.as_value(), given[self.taken[k] - ends[k]])
            if self.asked < 0 and self.rng.random() < jobs:
                self.asked = self.rng.randrange(self.config.populations)
                ctx.set(self.populations.slot, self.asked)
            await self.cycle(ctx)
        for dut in self.duts:
            ctx.set(dut.i.valid, 0)
            ctx.set(dut.o.ready, 1)
        for _ in range(30):
            await self.cycle(ctx)

    async def cycle(self, ctx: Any) -> None:
        """Counts what passes the ports in this cycle."""
        if self.stood >= 0:
            word = self.words[Memory.POPULATION, self.stood]
            assert ctx.get(self.populations.population.as_value()) == word
            self.stood, self.jobs = -1, self.jobs + 1
        ctx.set(self.populations.asks, self.asked >= 0)
        self.waited += ctx.get(self.populations.slots.valid) and not ctx.get(self.populations.slots.ready)
        if ctx.get(self.populations.stands):
            self.stood, self.asked = self.asked, -1
        for k, dut in enumerate(self.duts):
            self.taken[k] += ctx.get(dut.i.valid) and ctx.get(dut.i.ready)
            self.dropped[k] += ctx.get(dut.dropped)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                out = dut.o.payload
                event = ctx.get(out.is_event)
                shown = out.event.as_value() if event else out.as_value()
                self.made[k].append((event, ctx.get(shown)))
        await ctx.tick()

    async def read(self, ctx: Any, memory: Memory, address: int, number: int) -> list[int]:
        """A chunk, as the read-back asks for it, of both."""
        parts = (
            [self.duts[1], self.populations]
            if memory == Memory.POPULATION
            else [*self.duts, self.populations]
        )
        places = [chunk_places(core_tables(part.config)) for part in parts]
        clears = [sum(1 << k for k, at in enumerate(own) if at != (memory, number)) for own in places]
        for pulse in ("fetch", "access", "load"):
            for part, clear in zip(parts, clears, strict=True):
                ctx.set(part.read.address, address)
                ctx.set(part.read.clear, 0 if pulse == "fetch" else clear)
                ctx.set(getattr(part.read, pulse), 1)
            await ctx.tick()
            for part in parts:
                ctx.set(getattr(part.read, pulse), 0)
        *others, last = (ctx.get(part.read_data) for part in parts)
        for part in parts:
            ctx.set(part.read.clear, 0)
        assert memory == Memory.POPULATION or not last
        return [*others[:-1], others[-1] | last]


@pytest.mark.parametrize("name", CHIPS)
def test_requests_are_those_of_the_plain_lookup(name: str) -> None:
    world, rng = World(CHIPS[name], 5), random.Random(7)

    async def bench(ctx: Any) -> None:
        for stays, jobs in ((0.0, 0.1), (0.5, 1.0), (0.9, 0.3)):
            await world.load(ctx)
            for chance in (1.0, 0.6):
                given = packets(world.config, rng, 100, stays)
                await world.play(ctx, given, lambda c=chance: rng.random() < c, jobs)

    simulate(world.module(), bench)
    assert world.made[0] == world.made[1]
    assert world.dropped[0] == world.dropped[1] > 10
    assert len(world.made[0]) > 150
    assert world.jobs > 100
    assert world.waited > 100


@pytest.mark.parametrize(("tags", "most"), [((3,), 2.0), ((3, 4), 6.0), ((3, 3, 4, 4), 4.0)])
def test_what_packets_wait_for(tags: tuple[int, ...], most: float) -> None:
    world, form, count = World(FUSED, 1), packet_format(CORE), 60

    async def bench(ctx: Any) -> None:
        await world.load(ctx)
        given = [form.pack(Kind.SPIKE, tag=tags[k % len(tags)], mask=1) for k in range(count)]
        await world.play(ctx, given, lambda: True)

    simulate(world.module(), bench)
    assert world.cycles[0] == count
    assert most * count - 12 <= world.cycles[1] <= most * count + 12


def test_credits_wait_for_no_projection() -> None:
    world, form, count = World(FUSED, 1), packet_format(CORE), 60

    async def bench(ctx: Any) -> None:
        await world.load(ctx)
        given = [form.pack(Kind.CREDIT, tag=k % 4) for k in range(count)]
        await world.play(ctx, given, lambda: True)

    simulate(world.module(), bench)
    assert world.cycles[1] <= 2 * count
    assert world.made[0] == world.made[1]


@pytest.mark.parametrize("name", CHIPS)
def test_words_are_read_back(name: str) -> None:
    world, rng = World(CHIPS[name], len(name)), random.Random(3)

    async def bench(ctx: Any) -> None:
        await world.load(ctx)
        await world.play(ctx, packets(world.config, rng, 20, 0.5), lambda: True)
        for memory in (*MEMORIES, *reversed(MEMORIES)):
            for address in rng.sample(range(world.tables.depth(memory)), 4):
                for number in range(world.tables.chunks(memory)):
                    word = world.words[memory, address] >> number * CHUNK_BITS & (1 << CHUNK_BITS) - 1
                    found = await world.read(ctx, memory, address, number)
                    assert found == [word] * len(found), (memory, address, number)
        await world.play(ctx, packets(world.config, rng, 20, 0.5), lambda: True, 0.5)

    simulate(world.module(), bench)
    assert world.made[0] == world.made[1]
    assert len(world.made[0]) > 10


@pytest.mark.parametrize("name", CHIPS)
def test_places_are_apart(name: str) -> None:
    chip, tables = CHIPS[name], core_tables(CHIPS[name])
    parts = {
        one: 1 << (tables.chunks(one) - 1).bit_length() for one in (Memory.PROJECTION, Memory.POPULATION)
    }
    first, second = (parts_place(chip, one) for one in parts)
    assert chip.group_depth <= first
    assert first + parts[Memory.PROJECTION] * chip.projections <= second
    assert second + parts[Memory.POPULATION] * chip.populations == groups_size(chip)[0]
    assert chip.row_depth <= column_place(chip)
    assert column_place(chip) + chip.column_depth == entries_size(chip)[0]
