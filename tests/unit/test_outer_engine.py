"""The outer engine with its memory, against the rule written out: words with random pauses, a reader that comes between,
heads narrower than the lanes, as wide, wider; numbers up to the largest; one sweep after the other."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import random
from dataclasses import dataclass, replace
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from core_unit import CORE, simulate

from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.dynamic.memory import DynamicMemory
from spikeplane_gateware.core.dynamic.outer import OuterEngine

CONFIG = replace(CORE, dynamic_depth=64, dynamic_bits=4)
LANES, MOST = CONFIG.lanes, (1 << CONFIG.dynamic_bits) - 1


@dataclass(frozen=True)
class Sweep:
    """A pair population's sweep: `words[group][token]` are its words of K, then those of V."""

    words: list[list[list[int]]]
    parity: int = 0
    keys: int = 1
    values: int = 1
    head: int = 3
    base: int = 0  # block
    first: int = 0  # number of the first group

    @property
    def blocks(self) -> int:
        return len(self.words) * self.keys * self.values

    def rows(self) -> dict[int, list[int]]:
        """What the rule makes of it, by row."""
        start = self.base * LANES
        found = {row: [0] * LANES for row in range(start, start + self.blocks * LANES)}
        for group, tokens in enumerate(self.words):
            for token in tokens:
                keys, values = token[: self.keys], token[self.keys :]
                for u, value in enumerate(values):
                    for j, key in enumerate(keys):
                        block = self.base + (group * self.values + u) * self.keys + j
                        for i in range(LANES):
                            for lane in range(LANES):
                                same = i >> self.head == lane >> self.head
                                found[block * LANES + i][lane] += (key >> i & 1) * (value >> lane & 1) * same
        return found


class World:
    """Engine and memory, driven a cycle at a time; `seen`: rows written, by bank, as the ports show them."""

    def __init__(self, seed: int, pauses: float, reads: float) -> None:
        self.engine, self.memory = OuterEngine(CONFIG), DynamicMemory(CONFIG)
        self.rng, self.pauses, self.reads = random.Random(seed), pauses, reads
        self.banks = [[[None] * LANES for _ in range(CONFIG.dynamic_depth)] for _ in range(2)]
        self.writes: set[int] = set()
        self.stalls = self.cycles = 0

    def module(self) -> Module:
        m = Module()
        m.submodules.engine, m.submodules.memory = self.engine, self.memory
        connect(m, self.engine.rows, self.memory.rows)
        return m

    async def cycle(self, ctx: Any) -> bool:
        """One cycle with a reader that comes as it likes; whether the item on offer was taken."""
        reader, rows = self.memory.reader, self.engine.rows
        ctx.set(reader.fetch, self.rng.random() < self.reads)
        ctx.set(reader.bank, self.rng.randrange(2))
        ctx.set(reader.row, self.rng.randrange(CONFIG.dynamic_depth))
        taken = ctx.get(self.engine.item.valid) and ctx.get(self.engine.item.ready)
        self.stalls += ctx.get(rows.read_valid) and not ctx.get(rows.read_ready)
        if ctx.get(rows.write_valid):
            word = ctx.get(rows.write_word)
            lanes = [word >> CONFIG.dynamic_bits * lane & MOST for lane in range(LANES)]
            self.writes.add(bank := ctx.get(rows.bank))
            self.banks[bank][ctx.get(rows.write_row)] = lanes
        await ctx.tick()
        self.cycles += 1
        return bool(taken)

    async def run(self, ctx: Any, sweep: Sweep) -> None:
        """From the sweep's begin until the engine is quiet, and a little."""
        engine = self.engine
        fields = {"sink": Sink.OUTER, "pair_groups": sweep.keys, "value_groups": sweep.values, "head": sweep.head,
                  "row_base": sweep.base, "row_blocks": sweep.blocks, "group_base": sweep.first}  # fmt: skip
        word = core_tables(CONFIG).population.pack(valid=1, **fields)
        ctx.set(engine.population.as_value(), word)
        ctx.set(engine.parity, sweep.parity)
        ctx.set(engine.begin, 1)
        self.writes = set()
        await self.cycle(ctx)
        ctx.set(engine.begin, 0)
        for group, tokens in enumerate(sweep.words):
            for mask in [mask for token in tokens for mask in token]:
                while self.rng.random() < self.pauses:
                    await self.cycle(ctx)
                ctx.set(engine.item.payload.mask, mask)
                ctx.set(engine.item.payload.group, (sweep.first + group) % (1 << CONFIG.group_bits))
                ctx.set(engine.item.valid, 1)
                while not await self.cycle(ctx):
                    assert not ctx.get(engine.quiet) or ctx.get(engine.item.valid)
                ctx.set(engine.item.valid, 0)
        for _ in range(1000):
            if ctx.get(engine.quiet):
                break
            await self.cycle(ctx)
        before = [list(rows) for rows in self.banks[sweep.parity]]
        assert {row: before[row] for row in sweep.rows()} == sweep.rows()
        for _ in range(5):
            await self.cycle(ctx)
        assert self.banks[sweep.parity] == before, "a row was written after the end"
        assert self.writes == {sweep.parity}

    async def read(self, ctx: Any, bank: int, row: int) -> list[int]:
        """A row as its reader sees it."""
        reader = self.memory.reader
        for name, value in (("fetch", 1), ("bank", bank), ("row", row)):
            ctx.set(getattr(reader, name), value)
        await ctx.tick()
        ctx.set(reader.fetch, 0)
        await ctx.tick()
        word = ctx.get(reader.words[bank])
        return [word >> CONFIG.dynamic_bits * lane & MOST for lane in range(LANES)]


#: words of K and V in a token, log2 of a head's lanes, groups: d < L twice, = L, > L, parts of a head
SHAPES = [(1, 1, 0, 3), (1, 1, 2, 8), (1, 1, 3, 4), (2, 2, 3, 2), (2, 1, 3, 3), (3, 2, 3, 1), (1, 4, 3, 2)]


def drawn(rng: random.Random, number: int) -> Sweep:
    """Each shape in turn, with as many tokens as the numbers hold."""
    keys, values, head, groups = SHAPES[number % len(SHAPES)]
    blocks = CONFIG.dynamic_depth // LANES
    rate = rng.choice((0.1, 0.3, 0.9, 1.0))
    tokens = rng.choice((1, 2, MOST))
    words = [
        [
            [sum((rng.random() < rate) << lane for lane in range(LANES)) for _ in range(keys + values)]
            for _ in range(tokens)
        ]
        for _ in range(groups)
    ]
    used = groups * keys * values
    base = rng.choice((0, blocks - used, rng.randrange(blocks - used + 1)))
    return Sweep(words, number % 3 & 1, keys, values, head, base, rng.randrange(1 << CONFIG.group_bits))


@pytest.mark.parametrize(
    ("seed", "pauses", "reads"), [(1, 0.0, 0.0), (2, 0.5, 0.3), (3, 0.0, 0.8), (4, 0.9, 0.1)]
)
def test_rows_are_what_the_rule_says(seed: int, pauses: float, reads: float) -> None:
    world, rng = World(seed, pauses, reads), random.Random(seed)  # sweeps that do not depend on its cycles
    largest = []

    async def bench(ctx: Any) -> None:
        for number in range(2 * len(SHAPES)):
            sweep = drawn(rng, number)
            largest.append(max(max(row) for row in sweep.rows().values()))
            await world.run(ctx, sweep)
            row = world.rng.choice(list(sweep.rows()))
            assert await world.read(ctx, sweep.parity, row) == sweep.rows()[row]

    simulate(world.module(), bench)
    assert max(largest) == MOST, "the largest number was not reached"
    assert (world.stalls > 0) == (reads > 0)


def test_the_other_bank_and_other_rows_stay() -> None:
    world = World(5, 0.0, 0.0)
    full = [[[0xFF, 0xFF]]]

    async def bench(ctx: Any) -> None:
        for parity in range(2):
            await world.run(ctx, Sweep(full * 8, parity))
        kept = [list(rows) for rows in world.banks]
        await world.run(ctx, Sweep([[[0, 0]]] * 2, 1, base=3))
        assert world.banks[0] == kept[0]
        assert world.banks[1][: 3 * LANES] == kept[1][: 3 * LANES]
        assert world.banks[1][5 * LANES :] == kept[1][5 * LANES :]
        assert world.banks[1][3 * LANES : 5 * LANES] == [[0] * LANES] * 2 * LANES

    simulate(world.module(), bench)


def test_a_row_a_cycle() -> None:
    """Tokens at a rate of .15 to .4 cost a cycle a set bit of K, or two words of the sweep, and a few of their rows wait."""
    world = World(6, 0.0, 0.0)
    rng = world.rng
    words = [[[sum((rng.random() < 0.35) << lane for lane in range(LANES)) for _ in range(2)] for _ in range(MOST)]
             for _ in range(4)]  # fmt: skip

    async def bench(ctx: Any) -> None:
        for _ in range(40):
            await world.cycle(ctx)
        before = world.cycles
        await world.run(ctx, Sweep(words))
        rows = sum(token[0].bit_count() * (token[1] != 0) for tokens in words for token in tokens)
        assert world.cycles - before <= 1.15 * max(rows, 2 * 4 * MOST) + LANES + 15

    simulate(world.module(), bench)
