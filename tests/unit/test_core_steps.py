"""Numbers of steps in the lookup, and offsets of steps in the sweep: sources that are a step ahead of one another, samples of any
length, delayed projections."""

import random
from dataclasses import replace
from typing import Any

import pytest
from amaranth.sim import Simulator

from spikeplane.config import preset
from spikeplane_gateware.core.soma.step_offsets import StepOffsets
from spikeplane_gateware.core.synapses.step_numbers import StepNumbers

CHIP = replace(preset("tiny"), step_bits=3, populations=3)
Packet = tuple[int, bool, bool, bool]  #: step of the run, token, last, delayed


def steps_of_run(rng: random.Random, samples: int) -> list[tuple[int, bool]]:
    """Number in its sample, and whether it is the last, of each step."""
    found = []
    for _ in range(samples):
        length = rng.randint(1, 8)
        found += [(t, t == length - 1) for t in range(length)]
    return found


class Population:
    """What comes for one slot: of two sources, and of one that is delayed, each in its order."""

    def __init__(self, rng: random.Random, samples: int) -> None:
        self.rng, self.steps = rng, steps_of_run(rng, samples)
        self.sources: list[list[Packet]] = [[], [], []]
        for k, (_, last) in enumerate(self.steps):
            for source in self.sources[:2]:
                source += [(k, False, False, False)] * rng.randint(0, 2) + [(k, True, last, False)]
            if k + 1 < len(self.steps):
                spikes = 0 if last else rng.randint(0, 2)
                self.sources[2] += [(k + 1, False, False, True)] * spikes + [(k + 1, True, last, True)]
        self.swept = 0  #: steps whose job has been given

    def next(self) -> Packet | int | None:
        """A packet, or the step whose job is given; None: nothing is left."""
        ready = [s for s in self.sources if s and s[0][0] < self.swept + 2]
        waits = all(not s or s[0][0] > self.swept for s in self.sources)
        if self.swept < len(self.steps) and waits and (not ready or self.rng.random() < 0.5):
            self.swept += 1
            return self.swept - 1
        return self.rng.choice(ready).pop(0) if ready else None


@pytest.mark.parametrize("seed", range(4))
def test_a_packet_has_the_number_of_its_step(seed: int) -> None:
    rng = random.Random(seed)
    dut: Any = StepNumbers(CHIP)
    slots: list[Population] = []
    seen = {False: 0, True: 0}

    async def bench(ctx: Any) -> None:
        await run(ctx)
        await run(ctx)  # begins anew, wherever the first one was

    async def run(ctx: Any) -> None:
        slots[:] = [Population(rng, 6) for _ in range(3)]
        for slot in range(4):
            for parity in range(2):
                await give(ctx, slot, parity, initial=True)
        left = list(range(3))
        while left:
            slot = rng.choice(left)
            found = slots[slot].next()
            if found is None:
                left.remove(slot)
            elif isinstance(found, int):
                await give(ctx, slot, found % 2)
            else:
                await packet(ctx, slot, found)

    async def give(ctx: Any, slot: int, parity: int, initial: bool = False) -> None:
        ctx.set(dut.given, 1)
        for name, value in (("slot", slot), ("parity", parity), ("initial", initial)):
            ctx.set(dut.job[name], value)
        await ctx.tick()
        ctx.set(dut.given, 0)
        await ctx.tick()

    async def packet(ctx: Any, slot: int, found: Packet) -> None:
        k, token, last, delayed = found
        fields = {"moves": 1, "slot": slot, "parity": k % 2, "token": token, "last": last, "delayed": delayed}
        for name, value in fields.items():
            ctx.set(getattr(dut, name), int(value))
        if not token:
            assert ctx.get(dut.number) == slots[slot].steps[k][0], (slot, found)
            seen[delayed] += 1
        await ctx.tick()
        ctx.set(dut.moves, 0)
        if rng.random() < 0.3:
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert min(seen.values()) > 30, seen


def test_a_population_s_offset_goes_on_with_its_steps() -> None:
    rng = random.Random(1)
    dut: Any = StepOffsets(CHIP)

    async def bench(ctx: Any) -> None:
        expected = [0] * 4
        for number in range(200):
            initial = number < 8
            slot = number // 2 if initial else rng.randrange(4)
            last, step = rng.random() < 0.2, slot * 5
            for name, value in (("slot", slot), ("initial", initial), ("last", last)):
                ctx.set(dut.active[name], int(value))
            ctx.set(dut.population.parameter_step, step)
            await ctx.tick().repeat(3)
            if not initial:
                assert ctx.get(dut.offset) == expected[slot]
            ctx.set(dut.advance, 1)
            await ctx.tick()
            ctx.set(dut.advance, 0)
            expected[slot] = 0 if initial or last else (expected[slot] + step) % CHIP.parameter_depth

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
