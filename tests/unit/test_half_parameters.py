"""The parameters of all lanes from a memory of half words: each lane has its own of every group, when its walk begins."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import random
from dataclasses import replace
from typing import Any

import pytest
from core_unit import CORE, pulse, simulate

from spikeplane.config import ChipConfig
from spikeplane.formats.narrow_tables import parameter_cycles
from spikeplane.formats.tables import Memory, core_tables, lane_leak_layout
from spikeplane_gateware.core.soma.sweep.half_parameters import HalfParameters

CHIPS = {
    "multipliers": replace(CORE, narrow_tables=True),
    "shifts": replace(CORE, narrow_tables=True, leak_multiplier=False, lanes=16),
    "by step": replace(CORE, narrow_tables=True, step_bits=2, populations=3),
}
GROUPS = 3


class World:
    """The component, and the words of all groups as lanes."""

    def __init__(self, config: ChipConfig, seed: int) -> None:
        self.config, self.tables, self.rng = config, core_tables(config), random.Random(seed)
        self.dut: Any = HalfParameters(config)
        depth = config.parameter_depth
        self.words = [
            [self.rng.getrandbits(config.lane_bits) for _ in range(config.lanes)] for _ in range(depth)
        ]

    async def load(self, ctx: Any) -> None:
        """Both halves of every word."""
        bus, half = self.dut.write, self.config.lanes // 2
        ctx.set(bus.memory, Memory.PARAMETER)
        ctx.set(bus.valid, 1)
        for at, lanes in enumerate(self.words):
            for number in range(2):
                part = lanes[number * half : (number + 1) * half]
                ctx.set(bus.address, 2 * at + number)
                ctx.set(bus.data, sum(value << n * self.config.lane_bits for n, value in enumerate(part)))
                await ctx.tick()
        ctx.set(bus.valid, 0)
        await ctx.tick().repeat(2)

    async def groups(self, ctx: Any, base: int, leaks: int, each: int, step: int) -> None:
        """A population's groups, one after the other."""
        fields = dict.fromkeys((name for name, _ in self.tables.population.fields), 0) | {
            "parameter_base": base
        }
        if self.config.leak_multiplier:
            fields |= {"leak_base": leaks, "leak_each": each}
        if self.config.step_bits:
            fields |= {"parameter_step": step}
        ctx.set(self.dut.population.as_value(), self.tables.population.pack(**fields))
        await ctx.tick()
        await pulse(ctx, self.dut.opening)
        for group in range(GROUPS):
            await ctx.tick().repeat(self.rng.choice((1, 2, 9)))
            ctx.set(self.dut.fetches, 1)
            cycles, begins = 1, 0
            while not ctx.get(self.dut.ready):
                begins += ctx.get(self.dut.begins)
                await ctx.tick()
                cycles += 1
            assert (cycles, begins) == (parameter_cycles(self.config), 1)
            await ctx.tick()
            ctx.set(self.dut.fetches, 0)
            self.look(ctx, base + 3 * group, leaks + each * group, step)

    def look(self, ctx: Any, first: int, leaks: int, step: int) -> None:
        """What each lane has when the walk begins."""
        c, dut = self.config, self.dut
        theta, amount, bias = self.words[first : first + 3]
        biases = dut.bias if step else dut.clear_word
        for lane in range(c.lanes):
            assert ctx.get(dut.theta[lane]) == theta[lane] & (1 << c.membrane_bits) - 1
            assert ctx.get(dut.amount[lane]) == amount[lane] & (1 << c.membrane_bits) - 1
            assert ctx.get(biases[lane]) == bias[lane] & (1 << c.acc_bits) - 1
            if c.leak_multiplier:
                assert (
                    ctx.get(dut.leak[lane]) == self.words[leaks][lane] & (1 << lane_leak_layout(c).width) - 1
                )


@pytest.mark.parametrize("name", CHIPS)
def test_each_lane_has_its_own(name: str) -> None:
    world = World(CHIPS[name], len(name))

    async def bench(ctx: Any) -> None:
        await world.load(ctx)
        for each in (0, 1, 1, 0):
            base, leaks = (world.rng.randrange(CORE.parameter_depth - 3 * GROUPS) for _ in range(2))
            await world.groups(ctx, base, leaks, each, world.config.step_bits and 5 * each)

    simulate(world.dut, bench)
