"""The neurons of one word that send integer spikes against fractions: tops, thresholds and membranes at their limits, words
as far apart as a sweep takes them, and now and then further."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false

import random
from collections import Counter
from fractions import Fraction
from math import floor

import pytest
from amaranth.sim import Simulator

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import NO_MEMORY, Reset, lane_leak_layout
from spikeplane_gateware.core.soma.neuron import LATENCY, NeuronArray

CHIPS = {
    "product-16": ChipConfig(lanes=8, membrane_bits=16, levels=True),
    "shift-8": ChipConfig(lanes=8, membrane_bits=8, acc_bits=32, leak_multiplier=False, levels=True),
}
TOPS = [(n, capped, 1 << (n - 1) if capped else (1 << n) - 1) for n in range(1, 8) for capped in (0, 1)]


def nearest(v: int, theta: int, top: int) -> int:
    part = min(max(Fraction(v, theta), Fraction(0)), Fraction(top))
    low = floor(part)
    over = part - low
    return low + (over > Fraction(1, 2) or (over == Fraction(1, 2) and low % 2 == 1))


def thresholds(top: int, limit: int, rng: random.Random) -> list[int]:
    """Even; at both ends of what levels allow, small, and any."""
    most = (limit - 1) // top // 2
    return [2 * rng.choice([1, most, rng.randint(1, min(9, most)), rng.randint(1, most)]) for _ in range(8)]


def near(theta: int, top: int, limit: int, rng: random.Random) -> int:
    """A membrane half way between two levels, one beside it, at a limit, or any."""
    middle = (2 * rng.randint(-2, top + 1) + 1) * theta // 2
    low, high = rng.choice(
        [
            (middle, middle),
            (middle - 1, middle + 1),
            (-limit, -limit),
            (limit - 1, limit - 1),
            (-limit, limit - 1),
        ]
    )
    return min(max(rng.randint(low, high), -limit), limit - 1)


@pytest.mark.parametrize("chip", CHIPS)
def test_levels(chip: str) -> None:
    config, rng = CHIPS[chip], random.Random(chip)
    neurons, lanes, limit = NeuronArray(config), config.lanes, 1 << (config.membrane_bits - 1)
    seen: Counter[str] = Counter()
    cases = [
        (n, capped, top, reset, zero)
        for n, capped, top in TOPS
        for reset in (Reset.SOFT, Reset.NONE)
        for zero in (0, rng.randrange(2))
        if top * 2 < limit
    ]

    def signed(value: int, bits: int) -> int:
        return value - (1 << bits) if value >> (bits - 1) else value

    async def bench(ctx) -> None:
        for n, capped, top, reset, zero in cases:
            settings = {"levels": n, "capped": capped, "reset": reset}
            if not config.leak_multiplier:
                settings |= {"leak_shift": NO_MEMORY, "leak_keep": 1}
            for name, setting in settings.items():
                ctx.set(neurons.settings[name], setting)
            thetas = thresholds(top, limit, rng)
            for lane, theta in enumerate(thetas):
                ctx.set(neurons.minus_theta[lane], theta // 2)
                ctx.set(neurons.minus_amount[lane], -(theta << (n - 1)))
                if config.leak_multiplier:
                    ctx.set(neurons.leak[lane], lane_leak_layout(config).pack(factor=0, odd=1))
            ctx.set(neurons.zero, zero)
            await ctx.tick().repeat(LATENCY)
            for _ in range(6):
                await word(ctx, n, top, reset, zero, thetas)

    async def word(ctx, n: int, top: int, reset: Reset, zero: int, thetas: list[int]) -> None:
        membranes = [near(theta, top, limit, rng) for theta in thetas]
        ctx.set(neurons.valid, 1)
        for lane in range(lanes):
            ctx.set(neurons.u[lane], rng.randrange(-limit, limit))  # forgotten
        await ctx.tick()
        ctx.set(neurons.valid, 0)
        await ctx.tick()
        for lane in range(lanes):
            ctx.set(neurons.current[lane], membranes[lane])
        waited = 2
        while not ctx.get(neurons.out_valid):
            await ctx.tick()
            waited += 1
            assert waited < 40
        assert waited == LATENCY + n + 1
        after = [signed(ctx.get(neurons.after[lane]), config.membrane_bits) for lane in range(lanes)]
        await ctx.tick().repeat(rng.choice([1, 1, 3]))
        for lane, (v, theta) in enumerate(zip(membranes, thetas, strict=True)):
            level = nearest(v, theta, top)
            assert ctx.get(neurons.level[lane]) & ((1 << n) - 1) == level, (v, theta, top)
            left = v - level * theta if reset == Reset.SOFT else v
            assert after[lane] == (0 if zero else left), (v, theta, top, reset)
            seen[f"level {min(level, 3)}"] += 1
            seen["top"] += level == top
            seen["half"] += (2 * v) % theta == 0 and (2 * v // theta) % 2 == 1
            seen["low"] += v == -limit
            seen["high"] += v == limit - 1
            seen["below"] += v < 0

    simulator = Simulator(neurons)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert min(seen.values()) > 60, seen
