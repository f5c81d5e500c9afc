"""Sweeps of values on chips with tables, gates and presentations, against the rule written out: entries in the place of v, rows
of the dynamic memory, membranes that are kept from one presentation to the next; pairs of keys and values beside them."""

import random
from dataclasses import replace
from typing import Any

import pytest
from core_unit import CORE, simulate
from soma_bench import Soma, Values

from spikeplane.config import ChipConfig
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.value_tables import ENTRIES, OptionMemory
from spikeplane_gateware.core.soma.presentations import Presentations

PLAIN = replace(
    CORE,
    cols=1,
    populations=8,
    acc_bits=20,
    dynamic_depth=64,
    dynamic_bits=8,
    gates=True,
    tables=3,
    presentations=4,
)
#: widths of lanes, membranes, numbers of D; tables; options left out
CHIPS = {
    "plain": PLAIN,
    "narrow": replace(PLAIN, membrane_bits=8, dynamic_bits=16, tables=1, presentations=2),
    "wide": replace(
        PLAIN,
        lanes=16,
        membrane_bits=24,
        dynamic_bits=1,
        tables=8,
        presentations=16,
        levels=True,
        low_planes=True,
    ),
    "32 lanes": replace(PLAIN, lanes=32, dynamic_bits=15, step_bits=2),
    "no tables": replace(PLAIN, tables=0, presentations=1),
    "no gates": replace(PLAIN, gates=False, dynamic_depth=0, dynamic_bits=0),
    "words in parts": replace(PLAIN, narrow_tables=True),
    "2 lanes a cycle": replace(PLAIN, sweep_lanes=2),
    "4 of 16 lanes a cycle": replace(
        PLAIN, lanes=16, sweep_lanes=4, membrane_bits=24, levels=True, low_planes=True, step_bits=2
    ),
    "a lane a cycle": replace(PLAIN, sweep_lanes=1, membrane_bits=8, dynamic_bits=16, tables=1),
    "half of 32 lanes a cycle": replace(PLAIN, lanes=32, sweep_lanes=16, dynamic_bits=15, tables=0),
}

FEW = 6  #: planes of a table


def drawn(config: ChipConfig, rng: random.Random) -> list[Values]:
    """Populations of every sort that the chip has, in any slots."""
    found: list[dict[str, Any]] = [{"keeps": True}, {"groups": 2, "height": 3, "planes": 6, "relu": True}]
    if config.presentations > 1:
        found += [{"keeps": True, "presentations": max(2, config.presentations - 1), "width": 2}]
    if config.tables:
        few = {"planes": FEW} if config.tables > 1 else {}
        shift = rng.randrange(max(1, config.membrane_bits - 10))
        found += [{"groups": 2, "width": 2, "table": 0, "shift": shift, **few}]
        found += [
            {"keeps": True, "table": config.tables - 1, "shift": rng.choice((0, config.membrane_bits - 1))}
        ]
    if config.gates:
        last = config.dynamic_depth // config.lanes - 1
        found += [{"groups": 2, "height": 2, "width": 3, "sink": Sink.ROWS}]
        tabled = {"table": config.tables // 2, "shift": 3} if config.tables else {}
        found += [{"width": 3, "sink": Sink.ROWS, "base": last, **tabled}]
        if last > -(-12 // config.lanes):  # there is room for a block
            found += [{"height": min(3, most(config)), "width": 2, "sink": Sink.OUTER, "base": last - 1}]
    slots = rng.sample(range(config.populations), len(found))
    return [Values(slot, **fields) for slot, fields in zip(slots, found, strict=True)]


def most(config: ChipConfig) -> int:
    """The largest number of D."""
    return (1 << config.dynamic_bits) - 1


def highest(config: ChipConfig) -> int:
    """The largest number of a row that values can be."""
    return min(most(config), (1 << config.membrane_bits - 1) - 1)


def entries(config: ChipConfig, rng: random.Random) -> list[list[int]]:
    """Tables up to both ends; those of gates have numbers of D, the first of several has few planes, whatever v is."""
    half = 1 << config.membrane_bits - 1
    found = []
    for number in range(config.tables):
        gate = config.gates and number == config.tables // 2
        low, high = (0, highest(config)) if gate else (-half, half - 1)
        if number == 0 and config.tables > 1:
            low, high = -(1 << FEW - 1), (1 << FEW - 1) - 1
        found.append([rng.choice((low, high, rng.randint(low, high))) for _ in range(ENTRIES)])
    return found


def currents(config: ChipConfig, rng: random.Random, p: Values) -> list[list[int]]:
    """Of a step; those of a gate without a table are numbers of D."""
    low, high = -(1 << config.acc_bits - 1), (1 << config.acc_bits - 1) - 1
    if p.sink == Sink.ROWS and p.table is None:
        low, high = 0, highest(config)
    scale = rng.choice((1, 1 << p.shift, 1 << p.shift + 7))
    near = max(low, -2 * scale), min(high, 2 * scale)
    return [[rng.choice((low, high, rng.randint(low, high), rng.randint(*near), rng.randint(*near), 0))
             for _ in range(config.lanes)] for _ in range(p.words)]  # fmt: skip


def rows_of(config: ChipConfig, p: Values, sent: list[list[int]]) -> dict[int, list[int]]:
    """What a sweep makes of its words."""
    first = p.base * config.lanes
    if p.sink == Sink.ROWS:
        return dict(enumerate(sent, first))
    pairs = list(zip(sent[::2], sent[1::2], strict=True))
    return {
        first + i: [sum(key[i] * value[lane] for key, value in pairs) for lane in range(config.lanes)]
        for i in range(config.lanes)
    }


async def steps(ctx: Any, soma: Soma, populations: list[Values], first: bool) -> None:
    """Two steps, whose tokens and credits come in any order of populations; what each of them sends."""
    config, rng, expected = soma.config, soma.rng, {}
    soma.writes.clear()
    for parity in range(2):
        for p in populations:
            given, last = currents(config, rng, p), rng.random() < 0.4
            for number, word in enumerate(given):
                soma.accumulators[parity, p.acc + number] = list(word)
            expected[p.slot, parity] = last, soma.expected(p, given, last)
    for parity in range(2):
        for p in rng.sample(populations, len(populations)):
            if not first:
                await soma.event(ctx, p.slot, parity, False, credit=True)
            await soma.event(ctx, p.slot, parity, expected[p.slot, parity][0])
    for _ in range(20_000):
        if len(soma.swept) == len(expected):
            break
        await soma.cycle(ctx)
    written = []
    for p in populations:
        for parity in range(2):
            found, rows = soma.swept.pop((p.slot, parity))
            sent = expected[p.slot, parity][1]
            if p.sink != Sink.EGRESS:
                made = rows_of(config, p, sent)
                assert not found, "a gate or a pair sends spikes"
                assert {row: rows.get(row) for row in made} == made, (p, parity)
                written += [(parity, row) for row in made] if p.sink == Sink.ROWS else []
            else:
                places = [(g, y, x) for g in range(p.groups) for y in range(p.height) for x in range(p.width)]
                here = {place: word for place, word in zip(places, sent, strict=True) if any(word)}
                assert found == here, (p, parity)
    ours = set(written)
    assert sorted(place for place in soma.writes if place in ours) == sorted(written), "each row once"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ("plain", "words in parts") else pytest.mark.slow)
        for name in CHIPS
    ],
)
def test_what_is_sent_and_written_is_what_the_rule_says(name: str) -> None:
    config = CHIPS[name]
    soma = Soma(config, len(name), stalls=0.4, reads=0.3)
    rng = soma.rng
    soma.entries = entries(config, rng)
    populations = drawn(config, rng)

    async def bench(ctx: Any) -> None:
        for turn in range(2):  # the second START forgets what was kept
            await soma.load(ctx, populations)
            for number in range(4 - 3 * turn):
                await steps(ctx, soma, populations, number == 0)
            ctx.set(soma.soma.running, 0)
            ctx.set(soma.soma.stop, 1)
            await soma.cycle(ctx)
            ctx.set(soma.soma.stop, 0)
        for number, table in enumerate(soma.entries):
            for index in rng.sample(range(ENTRIES), 3):
                word = await soma.read(ctx, OptionMemory.TABLE, number * ENTRIES + index)
                assert word == table[index] & (1 << config.membrane_bits) - 1

    simulate(soma.module(), bench)
    wanted = ["kept"] if config.presentations > 1 else []
    if config.tables:  # 8 bits are the table's own
        wanted += ["inside", *(["below", "above"] if config.membrane_bits > 8 else [])]
    assert all(soma.seen[what] for what in wanted), soma.seen
    if config.gates:
        assert max(max(row) for rows in soma.rows for row in rows.values()) == highest(config), (
            "the largest number"
        )


def test_presentations_are_counted_and_forgotten() -> None:
    rng = random.Random(2)
    dut: Any = Presentations(PLAIN)
    waits, counts = [rng.randint(1, 3) for _ in range(8)], [0] * 8

    async def bench(ctx: Any) -> None:
        for number in range(300):
            slot, last, initial = rng.randrange(8), rng.random() < 0.6, number < 8 or rng.random() < 0.1
            slot = number if number < 8 else slot
            for name, value in (("slot", slot), ("initial", initial), ("last", last and not initial)):
                ctx.set(dut.active[name], int(value))
            ctx.set(dut.population.presentations_last, waits[slot])
            await ctx.tick().repeat(3)
            ends = counts[slot] == waits[slot]
            if number >= 8:
                assert ctx.get(dut.ends) == ends
            ctx.set(dut.advance, 1)
            await ctx.tick()
            ctx.set(dut.advance, 0)
            counts[slot] = 0 if initial or (last and ends) else counts[slot] + last

    simulate(dut, bench)


def test_a_pair_waits_until_the_one_before_has_its_rows() -> None:
    """Words of many bits: the engine goes on long after the sweep that they came from. Its credits go when it has been swept."""
    config = replace(CORE, cols=1, acc_bits=20, dynamic_depth=64, dynamic_bits=8)
    soma = Soma(config, 1, stalls=0, reads=0.3)
    soma.late = 30
    pair: dict[str, Any] = {"height": 4, "width": 8, "sink": Sink.OUTER, "credits": 1}
    populations = [Values(slot, **pair, base=base) for slot, base in ((1, 0), (2, 3))]

    async def bench(ctx: Any) -> None:
        await soma.load(ctx, populations)
        for number in range(3):
            soma.taken.clear()
            await steps(ctx, soma, populations, number == 0)
            while len(soma.credits) < 2 * len(populations):
                await soma.cycle(ctx)
            for p in populations:
                for parity in range(2):
                    words = {(parity, p.acc + word) for word in range(p.words)}
                    assert words <= soma.credits.pop((p.slot, parity)), (
                        "a credit comes before its words are swept"
                    )

    simulate(soma.module(), bench)


def test_every_group_has_its_own_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds of groups one after the other; leaks that keep all and nothing in turn; one word, so the walk meets the first of them."""
    soma = Soma(replace(PLAIN, gates=False, tables=0, presentations=1), 1, stalls=0, reads=0)
    small = lambda config, rng, p: [[rng.randint(-1, 2) for _ in range(config.lanes)] for _ in range(p.words)]  # noqa: E731
    monkeypatch.setitem(globals(), "currents", small)
    populations = [Values(slot, groups=3, spikes=True, keeps=slot % 2 == 0) for slot in range(4)]

    async def bench(ctx: Any) -> None:
        await soma.load(ctx, populations)
        for number in range(6):
            await steps(ctx, soma, populations, number == 0)

    simulate(soma.module(), bench)


def test_a_job_that_comes_as_the_one_before_ends_has_its_own_word() -> None:
    """It is taken at once if its word stands at the memory by then; the two populations send from different groups of lanes."""
    config = replace(
        CORE, cols=1, acc_bits=20, dynamic_depth=64, dynamic_bits=8, acc_depth=128, membrane_depth=128
    )
    soma = Soma(config, 1, stalls=0, reads=0)
    populations = [Values(1, spikes=True), Values(2, height=2, width=3, spikes=True)]

    async def bench(ctx: Any) -> None:
        await soma.load(ctx, populations)
        for wait in range(60):
            for p in populations:
                for word in range(p.words):
                    soma.accumulators[wait % 2, p.acc + word] = [1] * config.lanes
            soma.swept.clear()
            for number, p in enumerate(populations):
                if wait > 1:
                    await soma.event(ctx, p.slot, wait % 2, False, credit=True)
                await soma.event(ctx, p.slot, wait % 2, False)
                for _ in range(0 if number else wait):
                    await soma.cycle(ctx)
            for _ in range(200):
                await soma.cycle(ctx)
            sent = {slot: len(found) for (slot, _), (found, _) in soma.swept.items()}
            assert sent == {p.slot: p.words for p in populations}, wait

    simulate(soma.module(), bench)


def test_a_sweep_behind_a_pair_sends_its_words_before_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pair's words, all bits of them set, stand in the queue before the next sweep's when that has made its last one."""
    config = replace(
        CORE, cols=1, acc_bits=20, dynamic_depth=64, dynamic_bits=8, acc_depth=128, membrane_depth=128
    )
    soma = Soma(config, 1, stalls=0, reads=0.8)
    monkeypatch.setitem(globals(), "currents", lambda c, _, p: [[1] * c.lanes for _ in range(p.words)])
    populations = [Values(1, height=8, width=8, sink=Sink.OUTER), Values(2, spikes=True)]

    async def bench(ctx: Any) -> None:
        await soma.load(ctx, populations)
        for number in range(2):
            await steps(ctx, soma, populations, number == 0)

    simulate(soma.module(), bench)
