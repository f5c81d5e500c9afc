"""A whole core gives back what was written into each of its memories: in the order asked, under stalls and
with spikes on their way, and never while it runs."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from core_unit import CORE, FORM, give, simulate

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS, SEEK, Control, Counter, Kind
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.formats.training import TrainingKind
from spikeplane_gateware.core.core import Core

X = 1  #: the core's column
LONG = {"weight_depth": 1 << 13, "acc_depth": 1 << 11}  #: projections of four chunks


class World:
    """A core, and what came out of it: (kind, fields)."""

    def __init__(self, seed: int, config: ChipConfig = CORE) -> None:
        self.dut, self.rng, self.tables = Core(config), random.Random(seed), core_tables(config)
        self.ctx: Any = None
        self.got: list[tuple[Kind | TrainingKind, dict[str, int]]] = []

    def run(self, bench: Callable[[], Awaitable[None]]) -> None:
        """`bench`, and beside it what takes the packets."""

        async def begin(ctx: Any) -> None:
            self.ctx = ctx
            ctx.set(self.dut.x, X)
            await bench()

        simulate(self.dut, begin, self.listen)

    async def listen(self, ctx: Any) -> None:
        """Takes what comes, in random cycles."""
        out = self.dut.o
        while True:
            ready = self.rng.random() < 0.4
            ctx.set(out.ready, ready)
            _, _, valid, packet = await ctx.tick().sample(out.valid, out.payload.as_value())
            if valid and ready:
                self.got.append(FORM.unpack(packet))

    async def send(self, kind: Kind, **fields: int) -> None:
        await give(self.ctx, self.dut.i, kind, limit=20_000, **fields)

    async def write(self, memory: Memory, address: int, words: list[int]) -> None:
        await self.send(Kind.WRITE, seek=1, data=SEEK.pack(memory=memory, address=address))
        for word in words:
            for i in range(self.tables.chunks(memory)):
                await self.send(Kind.WRITE, data=word >> (CHUNK_BITS * i) & 0xFFFFFFFF)

    async def ask(self, memory: Memory, address: int, *counts: int) -> None:
        await self.send(Kind.READ, seek=1, data=SEEK.pack(memory=memory, address=address))
        for count in counts:
            await self.send(Kind.READ, data=count)

    async def query(self, counter: Counter) -> int:
        """The answer, which comes behind all words asked for before; they stay in `got`."""
        await self.send(Kind.CONTROL, op=Control.QUERY, arg=counter)
        for _ in range(20_000):
            if self.got and self.got[-1][0] == Kind.REPLY:
                return self.got.pop()[1]["value"]
            await self.ctx.tick()
        raise AssertionError("no answer")

    def words(self, memory: Memory) -> list[int]:
        """The words that have come, and forgets them."""
        parts, self.got = self.got, []
        size = self.tables.chunks(memory)
        assert all(kind == Kind.WORDS and fields["host"] for kind, fields in parts)
        assert [fields["chunk"] for _, fields in parts] == [n % size for n in range(len(parts))]
        assert {(fields["source_x"], fields["source_y"]) for _, fields in parts} <= {(X, 0)}
        values = [fields["data"] for _, fields in parts]
        return [
            sum(value << (CHUNK_BITS * i) for i, value in enumerate(values[at : at + size]))
            for at in range(0, len(values), size)
        ]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"narrow_tables": True},
        {"narrow_tables": True, **LONG},
        {"narrow_tables": True, "fused": True},
    ],
)
def test_every_memory_gives_back_what_was_written(more: dict[str, Any]):
    world = World(11, replace(CORE, **more))

    async def bench() -> None:
        rng, contents = world.rng, {}
        for memory in Memory:
            depth = min(world.tables.depth(memory), 8)
            contents[memory] = [rng.getrandbits(world.tables.width(memory)) for _ in range(depth)]
            await world.write(memory, 0, contents[memory])
        for turn in range(2 * len(Memory)):
            memory = Memory(turn % len(Memory))
            words = contents[memory]
            first = rng.randrange(len(words))
            part = rng.randrange(len(words) - first + 1)
            await world.ask(memory, first, part, len(words) - first - part)
            assert await world.query(Counter.FLAGS) == 0
            assert world.words(memory) == words[first:], memory

    world.run(bench)


def test_a_running_core_is_not_read():
    world = World(12)

    async def bench() -> None:
        await world.write(Memory.ROW, 3, [5, 6])
        await world.send(Kind.CONTROL, op=Control.START)
        await world.ask(Memory.ROW, 3, 2)
        assert await world.query(Counter.FLAGS) == 0b1001
        assert world.got == []
        await world.send(Kind.CONTROL, op=Control.STOP)
        assert await world.query(Counter.FLAGS) == 0b1000, "the flag stays until the next START"
        await world.ask(Memory.ROW, 3, 2)
        while await world.query(Counter.FLAGS) and not world.got:  # what START began has to end
            await world.ask(Memory.ROW, 3, 2)
        assert world.words(Memory.ROW) == [5, 6]
        await world.send(Kind.CONTROL, op=Control.START)
        assert await world.query(Counter.FLAGS) == 0b0001

    world.run(bench)


def test_spikes_on_their_way_are_walked_first_and_others_wait():
    """Two long requests are under way when the read comes, more packets stand behind it; the tables are
    read, and every request still has the counts that were written."""
    world = World(13)
    rows, columns, groups = 4, 3, 4
    projection = {"valid": 1, "slot": 1, "acc_group": 1, "acc_column": 4, "acc_row": 20}
    entries = {Memory.ROW: rows, Memory.COLUMN: columns, Memory.GROUP: groups}

    async def bench() -> None:
        words = {memory: world.tables.coordinate.pack(count=count) for memory, count in entries.items()}
        words[Memory.PROJECTION] = world.tables.projection.pack(**projection)
        for memory, word in words.items():
            await world.write(memory, 0, [word, *[world.rng.getrandbits(world.tables.width(memory))] * 3])
        before = await world.query(Counter.OPERATIONS)
        spikes = 0
        for turn in range(8):
            memory = list(words)[turn % len(words)]
            for _ in range(2):
                await world.send(Kind.SPIKE, mask=0b101)
            await world.ask(memory, 0, 4)
            for _ in range(3):
                await world.send(Kind.SPIKE, mask=0b1)
            spikes += 2 * 2 + 3
            await world.query(Counter.FLAGS)
            assert world.words(memory)[0] == words[memory], memory
        await world.ctx.tick().repeat(rows * columns * groups * 8)
        assert await world.query(Counter.OPERATIONS) - before == spikes * rows * columns * groups

    world.run(bench)
