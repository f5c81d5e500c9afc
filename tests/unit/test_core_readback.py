"""The reader of a core's memories against memories in plain Python: chunk after chunk, whenever it is
quiet and the words are taken, and nothing of another memory among them."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false

import random
from typing import Any

from core_unit import CORE, simulate

from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import AnyMemory, Memory, core_tables
from spikeplane_gateware.core.readback import Readback
from spikeplane_gateware.core.reads import chunk_places

TABLES = core_tables(CORE)
PLACES = chunk_places(TABLES)
TABLES_OF_LUTS = (Memory.EGRESS, Memory.SCHEDULE)  #: which have no register behind them
CHUNKS = {memory: -(-TABLES.width(memory) // CHUNK_BITS) for memory in Memory}


class Memories:
    """What stands behind the bus: an address register, a RAM and output chunks of each memory."""

    def __init__(self, rng: random.Random) -> None:
        self.words: dict[AnyMemory, list[int]] = {
            memory: [rng.getrandbits(TABLES.width(memory)) for _ in range(TABLES.depth(memory))]
            for memory in Memory
        }
        self.at = 0
        self.ram: dict[AnyMemory, int] = dict.fromkeys(Memory, 0)
        self.chunks = {place: rng.getrandbits(CHUNK_BITS) for place in PLACES}  # of the run before

    def data(self, clear: int) -> int:
        """The OR of all chunks; a table's word is there in the cycle after its address, unless `clear` says 0."""
        found = 0
        for number, (memory, chunk) in enumerate(PLACES):
            if memory in TABLES_OF_LUTS:
                words = self.words[memory]
                found |= 0 if clear >> number & 1 or self.at >= len(words) else words[self.at]
            else:
                found |= self.chunks[memory, chunk]
        return found

    def clock(self, ctx: Any, bus: Any) -> None:
        """What the bus says in this cycle."""
        clear = ctx.get(bus.clear)
        for number, (memory, chunk) in enumerate(PLACES):
            if clear >> number & 1:
                self.chunks[memory, chunk] = 0
            elif ctx.get(bus.load):
                self.chunks[memory, chunk] = self.ram[memory] >> (CHUNK_BITS * chunk) & 0xFFFFFFFF
        if ctx.get(bus.access):
            self.ram = {
                memory: words[self.at] if self.at < len(words) else 0 for memory, words in self.words.items()
            }
        if ctx.get(bus.fetch):
            self.at = ctx.get(bus.address)


class World:
    """The reader, the memories, and the loader's registers."""

    def __init__(self, ctx: Any, dut: Readback, rng: random.Random) -> None:
        self.ctx, self.dut, self.rng, self.memories = ctx, dut, rng, Memories(rng)
        self.memory, self.address, self.chunk, self.late = Memory.WEIGHT, 0, 0, 0
        self.got: list[int] = []
        self.waited = self.stalled = 0

    async def cycle(self, quiet: bool, ready: bool) -> None:
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.memory, self.memory)
        ctx.set(dut.chunk, self.chunk)
        ctx.set(dut.last, self.chunk == CHUNKS[self.memory] - 1)
        ctx.set(dut.address, self.late)
        ctx.set(dut.quiet, quiet)
        ctx.set(dut.ready, ready)
        step = ctx.get(dut.step)
        assert step == (ctx.get(dut.valid) and ready)
        if step:
            self.got.append(self.memories.data(ctx.get(dut.bus.clear)))
        self.stalled += ctx.get(dut.valid) and not ready
        self.waited += ctx.get(dut.busy) and not quiet
        self.memories.clock(ctx, dut.bus)
        self.late = self.address
        await ctx.tick()
        if step:
            done = self.chunk == CHUNKS[self.memory] - 1
            self.chunk = 0 if done else self.chunk + 1
            self.address += done

    async def read(self, memory: Memory, first: int, words: int, rates: tuple[float, float]) -> list[int]:
        """The chunks of `words` words. `rates`: of quiet cycles before the first, and of ready ones."""
        self.memory, self.address, self.chunk, self.got = memory, first, 0, []
        await self.cycle(False, False)
        self.ctx.set(self.dut.words, words)
        self.ctx.set(self.dut.begin, 1)
        await self.cycle(False, self.rng.random() < rates[1])
        self.ctx.set(self.dut.begin, 0)
        quiet = False
        for _ in range(20 + words * CHUNKS[memory] * 60):
            if not self.ctx.get(self.dut.busy):
                break
            quiet = quiet or self.rng.random() < rates[0]  # spikes have to wait: it stays quiet
            assert quiet or not self.got
            await self.cycle(quiet, self.rng.random() < rates[1])
        assert not self.ctx.get(self.dut.busy), "it does not end"
        return self.got


def test_chunks_of_every_memory_in_order_whatever_stalls():
    rng = random.Random(5)

    async def bench(ctx: Any) -> None:
        world = World(ctx, dut, rng)
        for turn in range(3 * len(Memory)):
            memory = Memory(turn % len(Memory))
            words = rng.randint(1, 4)
            first = rng.randrange(TABLES.depth(memory) - words + 1)
            rates = rng.choice([(1.0, 1.0), (0.1, 0.3), (0.5, 0.05)])
            got = await world.read(memory, first, words, rates)
            assert got == [
                world.memories.words[memory][first + n] >> (CHUNK_BITS * i) & 0xFFFFFFFF
                for n in range(words)
                for i in range(CHUNKS[memory])
            ], memory
        assert world.waited > 20
        assert world.stalled > 100

    dut = Readback(CORE)
    simulate(dut, bench)


def test_a_chunk_in_five_cycles():
    async def bench(ctx: Any) -> None:
        world = World(ctx, dut, random.Random(1))
        ctx.set(dut.words, 8)
        world.memory = Memory.POPULATION
        await world.cycle(True, True)
        ctx.set(dut.begin, 1)
        await world.cycle(True, True)
        ctx.set(dut.begin, 0)
        cycles = 0
        while ctx.get(dut.busy):
            await world.cycle(True, True)
            cycles += 1
        assert len(world.got) == 8 * CHUNKS[Memory.POPULATION]
        assert cycles == 5 * len(world.got)

    dut = Readback(CORE)
    simulate(dut, bench)


def test_no_words_are_none_and_what_the_core_has_stays():
    async def bench(ctx: Any) -> None:
        world = World(ctx, dut, random.Random(2))
        before = dict(world.memories.chunks)
        assert await world.read(Memory.ROW, 3, 0, (1.0, 1.0)) == []
        for _ in range(20):
            await world.cycle(True, True)
        assert world.memories.chunks == before

    dut = Readback(CORE)
    simulate(dut, bench)
