"""The lookup whose tables share memories, beside the plain one: the same requests in the same order whatever waits, a packet
a cycle of one projection, and every word read back."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Module
from core_unit import CORE, on_bus, simulate

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import CHUNK_BITS, Kind, packet_format
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.reads import chunk_places
from spikeplane_gateware.core.synapses.lookup import Lookup
from spikeplane_gateware.core.synapses.narrow_lookup import NarrowLookup

KINDS = {
    "plain": CORE,
    "weights by step": replace(CORE, step_bits=2, row_depth=20),
    "entries of two chunks": replace(CORE, weight_depth=1 << 14, acc_depth=1 << 12),
    "projections of four": replace(CORE, weight_depth=1 << 13, acc_depth=1 << 11, row_depth=200),
}
LOADED = (Memory.PROJECTION, Memory.ROW, Memory.COLUMN, Memory.GROUP)


class Pair:
    """The two lookups, each with the packets that it is to take and the requests that it has made."""

    def __init__(self, config: ChipConfig) -> None:
        self.config, self.tables = config, core_tables(config)
        self.duts = [Lookup(config), NarrowLookup(replace(config, narrow_tables=True))]
        self.words: dict[tuple[Memory, int], int] = {}
        self.made: list[list[int]] = [[], []]
        self.taken, self.dropped, self.cycles = [0, 0], [0, 0], [0, 0]

    def module(self) -> Module:
        m = Module()
        m.submodules += self.duts
        return m

    async def load(self, ctx: Any, rng: random.Random) -> None:
        """Words of all four tables."""
        for memory in LOADED:
            for address in range(self.tables.depth(memory)):
                word = rng.getrandbits(self.tables.width(memory)) | (rng.random() < 0.8)
                self.words[memory, address] = word
                for dut in self.duts:
                    for name, value in {
                        "memory": memory,
                        "address": address,
                        "data": on_bus(dut.config, memory, word),
                        "valid": 1,
                    }.items():
                        ctx.set(getattr(dut.write, name), value)
                await ctx.tick()
        for dut in self.duts:
            ctx.set(dut.write.valid, 0)

    async def play(self, ctx: Any, packets: list[int], offers: Callable[[], bool]) -> None:
        """Each lookup takes all of the packets, offered and its requests taken when `offers` says so."""
        ends = [taken + len(packets) for taken in self.taken]
        while (late := [self.taken[k] < ends[k] for k in range(2)]) and any(late):
            for k, dut in enumerate(self.duts):
                self.cycles[k] += late[k]
                ctx.set(dut.o.ready, offers())
                ctx.set(dut.i.valid, late[k] and offers())
                if late[k]:
                    ctx.set(dut.i.payload.as_value(), packets[self.taken[k] - ends[k]])
            await self.cycle(ctx)
        for dut in self.duts:
            ctx.set(dut.i.valid, 0)
            ctx.set(dut.o.ready, 1)
        for _ in range(20):
            await self.cycle(ctx)

    async def cycle(self, ctx: Any) -> None:
        """Counts what passes the ports in this cycle."""
        for k, dut in enumerate(self.duts):
            self.taken[k] += ctx.get(dut.i.valid) and ctx.get(dut.i.ready)
            self.dropped[k] += ctx.get(dut.dropped)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                self.made[k].append(ctx.get(dut.o.payload.as_value()))
        await ctx.tick()


def packets(config: ChipConfig, rng: random.Random, count: int, stays: float) -> list[int]:
    """Spikes, tokens and credits; with the probability `stays` of the packet's tag before. The first and the last have tag 0: what
    comes first after words were loaded or read has the tag that came last before, or that registers begin with.
    """
    form, tag, found = packet_format(config), 0, []
    for _ in range(count):
        tag = tag if rng.random() < stays else rng.randrange(config.projections)
        kind = rng.choices((Kind.SPIKE, Kind.TOKEN, Kind.CREDIT), (8, 1, 1))[0]
        place = {name: rng.randrange(16) for name in ("y", "x", "group")} | {"mask": rng.randrange(1, 256)}
        more = place if kind == Kind.SPIKE else {}
        found.append(
            form.pack(kind, tag=tag % 4 if kind == Kind.CREDIT else tag, parity=rng.randrange(2), **more)
        )
    ends = form.pack(Kind.SPIKE, tag=0, mask=3)
    return [ends, *found, ends]


@pytest.mark.parametrize("name", KINDS)
def test_requests_are_those_of_the_plain_lookup(name: str) -> None:
    pair, rng = Pair(KINDS[name]), random.Random(7)

    async def bench(ctx: Any) -> None:
        for stays in (0.0, 0.5, 0.9):
            await pair.load(ctx, rng)
            for chance in (1.0, 0.6):
                await pair.play(ctx, packets(pair.config, rng, 150, stays), lambda c=chance: rng.random() < c)

    simulate(pair.module(), bench)
    assert pair.made[0] == pair.made[1]
    assert pair.dropped[0] == pair.dropped[1] > 5
    assert len(pair.made[0]) > 400


@pytest.mark.parametrize(("tags", "most"), [((3,), 1.0), ((3, 4), 2.0), ((3, 3, 4, 4), 1.75)])
def test_only_packets_of_another_projection_wait(tags: tuple[int, ...], most: float) -> None:
    pair, form, count = Pair(CORE), packet_format(CORE), 120

    async def bench(ctx: Any) -> None:
        await pair.load(ctx, random.Random(1))
        given = [form.pack(Kind.SPIKE, tag=tags[k % len(tags)], mask=1) for k in range(count)]
        await pair.play(ctx, given, lambda: True)

    simulate(pair.module(), bench)
    plain, narrow = pair.cycles
    assert plain == count
    assert most * count - 8 <= narrow <= most * count + 8


@pytest.mark.parametrize("name", KINDS)
def test_words_are_read_back(name: str) -> None:
    pair, rng = Pair(KINDS[name]), random.Random(3)
    places = [chunk_places(core_tables(dut.config)) for dut in pair.duts]

    async def chunk(ctx: Any, memory: Memory, address: int, number: int) -> list[int]:
        clears = [sum(1 << k for k, place in enumerate(one) if place != (memory, number)) for one in places]
        for pulse in ("fetch", "access", "load"):
            for dut, clear in zip(pair.duts, clears, strict=True):
                ctx.set(dut.read.address, address)
                ctx.set(dut.read.clear, 0 if pulse == "fetch" else clear)
                ctx.set(getattr(dut.read, pulse), 1)
            await ctx.tick()
            for dut in pair.duts:
                ctx.set(getattr(dut.read, pulse), 0)
        found = [ctx.get(dut.read_data) for dut in pair.duts]
        for dut in pair.duts:
            ctx.set(dut.read.clear, 0)
        return found

    async def bench(ctx: Any) -> None:
        await pair.load(ctx, rng)
        await pair.play(ctx, packets(pair.config, rng, 20, 0.5), lambda: True)
        for memory in (*LOADED, *reversed(LOADED)):
            for address in rng.sample(range(pair.tables.depth(memory)), 5):
                for number in range(pair.tables.chunks(memory)):
                    word = pair.words[memory, address] >> number * CHUNK_BITS & (1 << CHUNK_BITS) - 1
                    assert await chunk(ctx, memory, address, number) == [word] * 2, (memory, address, number)
        await pair.play(ctx, packets(pair.config, rng, 20, 0.5), lambda: True)

    simulate(pair.module(), bench)
    assert pair.made[0] == pair.made[1]
    assert len(pair.made[0]) > 10


def test_words_have_as_many_chunks() -> None:
    tables = [core_tables(config) for config in KINDS.values()]
    assert [one.chunks(Memory.ROW) for one in tables] == [1, 1, 2, 1]
    assert [one.chunks(Memory.PROJECTION) for one in tables] == [2, 2, 4, 4]


def test_chips_that_cannot_have_them() -> None:
    with pytest.raises(SpikeplaneError, match=r"group_depth of at least projections = 16, not 8"):
        replace(CORE, group_depth=8, narrow_tables=True)
    with pytest.raises(SpikeplaneError, match=r"narrow_tables must be true or false, not 1"):
        replace(CORE, narrow_tables=1)
