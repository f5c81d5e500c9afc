"""The counters of a core: every pulse counts once however dense they come, START clears them, an
answer stays until it is taken."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false

import random
from typing import Any

from core_unit import CORE, FORM, pulse, simulate

from spikeplane.formats.packet import Counter, Kind
from spikeplane_gateware.core.replies import PULSES, Replies


async def ask(ctx: Any, dut: Replies, counter: int, wait: int = 0) -> int:
    """The answer to a question; the packet is taken `wait` cycles after it is offered."""
    ctx.set(dut.query_index, counter)
    ctx.set(dut.query_valid, 1)
    for _ in range(20):
        ready = ctx.get(dut.query_ready)
        await ctx.tick()
        if ready:
            break
    else:
        raise AssertionError("the question is not taken")
    ctx.set(dut.query_valid, 0)
    for _ in range(wait):
        assert ctx.get(dut.o.valid)
        await ctx.tick()
    kind, fields = FORM.unpack(ctx.get(dut.o.payload.as_value()))
    assert ctx.get(dut.o.valid)
    assert (kind, fields["host"], fields["counter"], fields["source_x"], fields["source_y"]) == (
        Kind.REPLY,
        1,
        counter,
        1,
        0,
    )
    ctx.set(dut.o.ready, 1)
    await ctx.tick()
    ctx.set(dut.o.ready, 0)
    assert not ctx.get(dut.o.valid)
    return fields["value"]


def test_every_pulse_counts_once():
    rng = random.Random(1)

    async def bench(ctx: Any) -> None:
        ctx.set(dut.x, 1)
        for rates in ((1, 1, 1, 1), (0.5, 0.9, 0.02, 0.3)):
            await pulse(ctx, dut.start)
            await ctx.tick().repeat(8)
            sent = dict.fromkeys(PULSES, 0)
            for _ in range(300):
                for name, rate in zip(PULSES, rates, strict=True):
                    fires = rng.random() < rate
                    sent[name] += fires
                    ctx.set(getattr(dut, name), fires)
                await ctx.tick()
            for name in PULSES:
                ctx.set(getattr(dut, name), 0)
            await ctx.tick().repeat(8)
            for number, name in enumerate(PULSES, 1):
                assert Counter(number).name.lower().rstrip("s") == name
                assert await ask(ctx, dut, number, wait=rng.randrange(3)) == sent[name], name

    dut = Replies(CORE)
    simulate(dut, bench)


def test_start_clears_all_of_them():
    async def bench(ctx: Any) -> None:
        ctx.set(dut.x, 1)
        for name in PULSES:
            ctx.set(getattr(dut, name), 1)
        await ctx.tick().repeat(40)
        for name in PULSES:
            ctx.set(getattr(dut, name), 0)
        await ctx.tick().repeat(8)
        assert [await ask(ctx, dut, number) for number in range(1, 5)] == [40] * 4
        await pulse(ctx, dut.start)
        await ctx.tick().repeat(8)
        assert [await ask(ctx, dut, number) for number in range(1, 5)] == [0] * 4

    dut = Replies(CORE)
    simulate(dut, bench)


def test_flags_are_the_three_levels():
    async def bench(ctx: Any) -> None:
        ctx.set(dut.x, 1)
        for flags in range(8):
            for bit, name in enumerate(("running", "refused", "dropped")):
                ctx.set(getattr(dut, name), flags >> bit & 1)
            assert await ask(ctx, dut, Counter.FLAGS) == flags

    dut = Replies(CORE)
    simulate(dut, bench)


def test_a_second_question_waits_until_the_first_answer_is_taken():
    async def bench(ctx: Any) -> None:
        ctx.set(dut.running, 1)
        ctx.set(dut.query_index, Counter.FLAGS)
        ctx.set(dut.query_valid, 1)
        await ctx.tick()
        first = ctx.get(dut.o.payload.as_value())
        assert ctx.get(dut.o.valid)
        ctx.set(dut.running, 0)
        for _ in range(12):
            assert not ctx.get(dut.query_ready)
            await ctx.tick()
            assert ctx.get(dut.o.payload.as_value()) == first
        ctx.set(dut.o.ready, 1)
        await ctx.tick()
        ctx.set(dut.o.ready, 0)
        await ctx.tick()
        assert ctx.get(dut.o.valid)
        assert FORM.unpack(ctx.get(dut.o.payload.as_value()))[1]["value"] == 0

    dut = Replies(CORE)
    simulate(dut, bench)
