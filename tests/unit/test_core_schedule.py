"""The schedule of a core: START begins at parity 0 and sample 0 whatever came before, STOP forgets
what was ready, nothing is lost."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false

from typing import Any

from core_unit import CORE, pulse, simulate

from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.soma.schedule import Schedule

SLOTS = CORE.populations
TABLE = core_tables(CORE).schedule


class World:
    """A schedule, its SCHEDULE words and what it gives: (slot, parity, sample, last, initial) in order."""

    def __init__(self, ctx: Any, dut: Schedule) -> None:
        self.ctx, self.dut, self.jobs = ctx, dut, []
        ctx.set(dut.idle, 1)
        ctx.set(dut.job.ready, 1)

    async def cycles(self, count: int) -> None:
        for _ in range(count):
            job = self.dut.job
            if self.ctx.get(job.valid) and self.ctx.get(job.ready):
                self.jobs.append(
                    tuple(
                        self.ctx.get(job.payload[name])
                        for name in ("slot", "parity", "sample", "last", "initial")
                    )
                )
            await self.ctx.tick()

    async def load(self, expected: int = 1) -> None:
        """For every slot: `expected` tokens a step, and a credit that is always there."""
        for slot in range(SLOTS):
            for credit in range(2):
                for parity in range(2):
                    word = (
                        {"left": 1, "expected": 1, "ready": 1}
                        if credit
                        else {"left": expected, "expected": expected}
                    )
                    write = {
                        "memory": Memory.SCHEDULE,
                        "address": slot * 4 + credit * 2 + parity,
                        "data": TABLE.pack(**word),
                    }
                    for name, value in write.items():
                        self.ctx.set(getattr(self.dut.write, name), value)
                    self.ctx.set(self.dut.write.valid, 1)
                    await self.cycles(1)
        self.ctx.set(self.dut.write.valid, 0)
        await self.cycles(4)

    async def start(self) -> None:
        await pulse(self.ctx, self.dut.start)
        self.ctx.set(self.dut.running, 1)
        await self.cycles(80)

    async def stop(self) -> None:
        self.ctx.set(self.dut.running, 0)
        await pulse(self.ctx, self.dut.stop)
        await self.cycles(8)

    async def event(self, slot: int, parity: int, *, credit: int = 0, last: int = 0, wait: int = 12) -> None:
        for name, value in {"slot": slot, "parity": parity, "credit": credit, "last": last}.items():
            self.ctx.set(self.dut.event[name], value)
        await pulse(self.ctx, self.dut.event_valid)
        await self.cycles(wait)

    def taken(self) -> list[tuple[int, ...]]:
        jobs, self.jobs = self.jobs, []
        return jobs


def test_start_initialises_every_bank_of_every_slot():
    async def bench(ctx: Any) -> None:
        world = World(ctx, dut)
        await world.load()
        await world.start()
        assert sorted(job[:2] for job in world.jobs if job[4]) == [
            (slot, q) for slot in range(SLOTS) for q in range(2)
        ]
        assert not any(job[3] for job in world.jobs)
        assert ctx.get(dut.initialising) == 0

    dut = Schedule(CORE)
    simulate(dut, bench)


def test_start_after_an_odd_number_of_steps_and_samples_begins_at_parity_and_sample_0():
    async def bench(ctx: Any) -> None:
        world = World(ctx, dut)
        for _ in range(2):
            await world.load()
            await world.start()
            world.taken()
            await world.event(2, 0, last=1)
            assert world.taken() == [(2, 0, 0, 1, 0)]
            await world.event(2, 1, credit=1, wait=0)
            await world.event(2, 1)
            assert world.taken() == [(2, 1, 1, 0, 0)], "the next sample's bank, and not the last step"
            await world.event(2, 0, credit=1, wait=0)
            await world.event(2, 0)
            assert world.taken() == [(2, 0, 1, 0, 0)]
            await world.stop()

    dut = Schedule(CORE)
    simulate(dut, bench)


def test_stop_forgets_tokens_credits_and_last():
    async def bench(ctx: Any) -> None:
        world = World(ctx, dut)
        await world.load()
        await world.start()
        ctx.set(dut.job.ready, 0)
        await world.event(0, 0)  # its job is offered and not taken
        for slot in range(SLOTS):
            for parity in range(2):
                await world.event(slot, parity, last=1, wait=0)  # these wait behind it
        await world.cycles(4)
        await world.stop()
        ctx.set(dut.job.ready, 1)
        await world.cycles(10)
        world.taken()
        await world.load(expected=2)
        await world.start()
        assert all(job[4] for job in world.taken()), "a sweep that nobody asked for"
        await world.event(3, 0)
        assert world.taken() == []
        await world.event(3, 0)
        assert world.taken() == [(3, 0, 0, 0, 0)], "`last` is of the run before"

    dut = Schedule(CORE)
    simulate(dut, bench)


def test_nothing_is_swept_while_stopped():
    async def bench(ctx: Any) -> None:
        world = World(ctx, dut)
        await world.load()
        await world.start()
        world.taken()
        ctx.set(dut.running, 0)
        await world.event(1, 0)
        assert world.taken() == []
        ctx.set(dut.running, 1)
        await world.cycles(10)
        assert world.taken() == [(1, 0, 0, 0, 0)]

    dut = Schedule(CORE)
    simulate(dut, bench)


def test_a_sweep_waits_for_every_token_and_credit_of_its_parity():
    async def bench(ctx: Any) -> None:
        world = World(ctx, dut)
        await world.load(expected=3)
        await world.start()
        world.taken()
        for token in range(3):
            assert world.taken() == [], token
            await world.event(1, 1)  # the other parity's come early
            assert world.taken() == [], "a step begins with the other's tokens"
            await world.event(1, 0)
        assert world.taken() == [(1, 0, 0, 0, 0), (1, 1, 0, 0, 0)]
        for _ in range(3):
            await world.event(1, 0)
        assert world.taken() == [], "its credit has been used"
        await world.event(1, 0, credit=1)
        assert world.taken() == [(1, 0, 0, 0, 0)]
        await world.event(1, 1, credit=1)
        for token in range(3):
            assert world.taken() == [], f"as many tokens as before, not {token}"
            await world.event(1, 1)
        assert world.taken() == [(1, 1, 0, 0, 0)]

    dut = Schedule(CORE)
    simulate(dut, bench)


def test_start_alone_forgets_the_mark_of_a_last_step():
    async def bench(ctx: Any) -> None:
        world = World(ctx, dut)
        await world.load(expected=2)
        await world.start()
        world.taken()
        await world.event(2, 0, last=1)
        assert world.taken() == []
        await world.start()
        world.taken()
        await world.event(2, 0)
        assert world.taken() == [(2, 0, 0, 0, 0)], "`last` is of the run before"

    dut = Schedule(CORE)
    simulate(dut, bench)


def test_initialising_lasts_until_the_last_job_is_done():
    async def bench(ctx: Any) -> None:
        world = World(ctx, dut)
        await world.load()
        ctx.set(dut.idle, 0)  # as long as the sweep is at work
        await world.start()
        assert len(world.taken()) == 2 * SLOTS
        assert ctx.get(dut.initialising) == 1
        ctx.set(dut.idle, 1)
        await world.cycles(2)
        assert ctx.get(dut.initialising) == 0

    dut = Schedule(CORE)
    simulate(dut, bench)
