"""What a core that learns does in each cycle: each counter counts what it says, and a cycle belongs to one phase."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false

import random
from dataclasses import replace
from typing import Any

from core_unit import pulse, simulate

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import packet_format
from spikeplane.formats.training import TrainingCounter, Verb
from spikeplane.train.activity import PHASES, WRAP, Activity
from spikeplane.training import TrainingConfig
from spikeplane_gateware.core.replies import Replies, pulses
from spikeplane_gateware.units.training.activity import Activity as Namer

CHIP = ChipConfig(rows=1, cols=1, lanes=8, weight_bits=16, training=TrainingConfig())
_VERBS = {Verb.ADD: "ADD", Verb.OUTER: "OUTER", Verb.GATHER: "GATHER", Verb.PARTIAL: "GATHER", Verb.ERROR: "GATHER"}  # fmt: skip
_WORDS = {Verb.ADD: "ADDS", Verb.OUTER: "OUTERS", Verb.GATHER: "GATHERS", Verb.PARTIAL: "NUMBERS", Verb.ERROR: "NUMBERS"}  # fmt: skip


def test_a_cycle_belongs_to_the_op_then_to_the_soma_then_to_what_is_under_way() -> None:
    rng, seen = random.Random(3), set()

    async def bench(ctx: Any) -> None:
        latest = Verb.ADD
        for _ in range(600):
            verb = rng.choice(list(_VERBS))  # a COLUMN is told as an OUTER
            names = ("valid", "stall", "flows", "sweeps", "updates", "sends")
            now = {name: rng.random() < 0.4 for name in names}
            for name, value in now.items():
                ctx.set(getattr(dut, name), value)
            ctx.set(dut.verb, verb)
            await ctx.tick()
            latest = verb if now["valid"] else latest
            expected = {"CYCLES"}
            if now["valid"]:
                expected |= {f"{_VERBS[verb]}_CYCLES", "STALLS" if now["stall"] else _WORDS[verb]}
            elif now["sweeps"]:
                expected |= {"SWEEP_CYCLES"}
            elif now["updates"]:
                expected |= {"UPDATE_CYCLES"}
            elif now["sends"]:
                expected |= {"SEND_CYCLES"}
            elif now["flows"]:
                expected |= {f"{_VERBS[latest]}_CYCLES"}
            found = {one.name for one in TrainingCounter if ctx.get(getattr(dut, one.name.lower()))}
            assert found == expected
            seen.update(found)

    dut = Namer()
    simulate(dut, bench)
    assert seen == {one.name for one in TrainingCounter}


def test_every_counter_counts_its_own_pulses() -> None:
    rng, form, names = random.Random(4), packet_format(CHIP), pulses(CHIP)
    assert names[4:] == tuple(one.name.lower() for one in TrainingCounter)

    async def ask(ctx: Any, number: int) -> int:
        ctx.set(dut.query_index, number)
        ctx.set(dut.query_valid, 1)
        while not ctx.get(dut.query_ready):
            await ctx.tick()
        await ctx.tick()
        ctx.set(dut.query_valid, 0)
        ctx.set(dut.o.ready, 1)
        _, fields = form.unpack(ctx.get(dut.o.payload.as_value()))
        await ctx.tick()
        ctx.set(dut.o.ready, 0)
        assert fields["counter"] == number
        return fields["value"]

    async def bench(ctx: Any) -> None:
        for _ in range(2):
            await pulse(ctx, dut.start)
            await ctx.tick().repeat(20)
            sent, rates = dict.fromkeys(names, 0), [rng.random() for _ in names]
            for _ in range(300):
                for name, rate in zip(names, [1.0, *rates[1:]], strict=True):
                    fires = rng.random() < rate
                    sent[name] += fires
                    ctx.set(getattr(dut, name), fires)
                await ctx.tick()
            for name in names:
                ctx.set(getattr(dut, name), 0)
            await ctx.tick().repeat(20)
            for number, name in enumerate(names, 1):
                assert await ask(ctx, number) == sent[name], name
        for one in TrainingCounter:
            assert names[one - 1] == one.name.lower()

    dut = Replies(CHIP)
    simulate(dut, bench)


def test_what_was_done_between_two_answers() -> None:
    first = Activity(dict.fromkeys(TrainingCounter, WRAP - 5))
    counts = {one: 10 * one for one in TrainingCounter}
    second = Activity({one: (WRAP - 5 + count) % WRAP for one, count in counts.items()})
    found = second.since(first)
    assert found.counts == counts
    assert sum(found.cycles.values()) == counts[TrainingCounter.CYCLES]
    assert found.cycles["sweep"] == counts[TrainingCounter.SWEEP_CYCLES]
    assert found.operations == {"forward": 50, "gradient": 60, "backward": 70 + 80}
    assert found.utilisation == {"forward": 50 / 90, "gradient": 60 / 100, "backward": 150 / 110}
    assert set(found.cycles) == {*PHASES, "wait"}
    idle = replace(found, counts=dict.fromkeys(TrainingCounter, 0))
    assert idle.utilisation == {}
    assert (found + found).counts[TrainingCounter.ADDS] == 100
