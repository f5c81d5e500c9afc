"""The neurons of one word against whole numbers: every leak, rounding and reset, at the limits of
the membrane and over random words."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false

import random
from fractions import Fraction
from math import ceil, floor

import pytest
from amaranth.sim import Simulator

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import NO_MEMORY, LeakRound, Reset, lane_leak_layout
from spikeplane_gateware.core.soma.neuron import LATENCY, NeuronArray

CHIPS = {
    "product-16": ChipConfig(lanes=8, membrane_bits=16),
    "product-18": ChipConfig(lanes=8, membrane_bits=18, acc_bits=24),
    "product-24": ChipConfig(lanes=8, membrane_bits=24, acc_bits=20),
    "product-8": ChipConfig(lanes=8, membrane_bits=8, acc_bits=12),
    "levels-16": ChipConfig(lanes=8, membrane_bits=16, levels=True),
    "shift-16": ChipConfig(lanes=8, membrane_bits=16, leak_multiplier=False),
    "shift-8": ChipConfig(lanes=8, membrane_bits=8, acc_bits=32, leak_multiplier=False),
}


def rounded(exact: Fraction, mode: LeakRound) -> int:
    if mode == LeakRound.UP:
        return ceil(exact)
    low = floor(exact)
    return low if mode == LeakRound.DOWN or exact == low or low % 2 else low + 1


#: Of each lane the part of the membrane that it keeps, and its rounding.
Leaks = list[tuple[Fraction, LeakRound]]


def leaks(config: ChipConfig, rng: random.Random) -> list[tuple[dict[str, int], list[int], Leaks]]:
    """Settings and words of leaks, and what they mean."""
    lanes = config.lanes
    if config.leak_multiplier:
        return [products(config, rng, up) for up in (0, 1) for _ in range(24)]
    keeps = [({"leak_shift": k, "leak_keep": 1}, Fraction(1, 1 << k)) for k in range(9)]
    decays = [({"leak_shift": k, "leak_keep": 0}, 1 - Fraction(1, 1 << k)) for k in range(1, 9)]
    each = [*keeps, *decays, ({"leak_shift": NO_MEMORY, "leak_keep": 1}, Fraction(0))]
    return [
        ({**settings, "leak_round": mode}, [0] * lanes, [(kept, mode)] * lanes)
        for settings, kept in each
        for mode in LeakRound
    ]


def products(config: ChipConfig, rng: random.Random, up: int) -> tuple[dict[str, int], list[int], Leaks]:
    """Each lane has a leak and a rounding of its own."""
    one, layout = 1 << config.leak_bits, lane_leak_layout(config)
    few = [0, 1, 2, one // 2, one // 4, one - 1, one]
    drawn = [
        (rng.choice([*few, *(rng.randrange(one) for _ in few)]), rng.randrange(2))
        for _ in range(config.lanes)
    ]
    words = [layout.pack(factor=factor, odd=odd) for factor, odd in drawn]
    plain = LeakRound.UP if up else LeakRound.DOWN
    meant = [(Fraction(factor, one), LeakRound.ODD if odd else plain) for factor, odd in drawn]
    return {"leak_up": up}, words, meant


def words(config: ChipConfig, rng: random.Random, count: int) -> list[list[int]]:
    """For each lane (u, current, theta, amount): limits, small numbers of both signs, and any."""
    top, high = 1 << (config.membrane_bits - 1), 1 << (config.acc_bits - 1)

    def value(limit: int) -> int:
        return rng.choice([-limit, limit - 1, rng.randint(-9, 9), rng.randrange(-limit, limit)])

    return [
        [
            value(top),
            value(high),
            rng.choice([rng.randint(-9, 9), rng.randrange(1 - top, top)]),
            rng.randrange(min(60, top)),
        ]
        for _ in range(count)
    ]


def expected(
    word: list[int], leak: tuple[Fraction, LeakRound], reset: Reset, least: int, bits: int
) -> tuple[int, int, int]:
    u, current, theta, amount = word
    top = 1 << (bits - 1)
    v = min(max(rounded(u * leak[0], leak[1]) + current, least), top - 1)
    fired = v >= theta
    after = v
    if fired and reset == Reset.HARD:
        after = -amount
    elif fired and reset == Reset.SOFT:
        after = v - amount
    return int(fired), v, (after + top) % (2 * top) - top


@pytest.mark.parametrize("chip", CHIPS)
def test_words_one_a_cycle_and_with_gaps(chip) -> None:
    config, rng = CHIPS[chip], random.Random(chip)
    neurons, lanes = NeuronArray(config), config.lanes
    top = 1 << (config.membrane_bits - 1)
    cases = [(case, reset, rng.random() < 0.3) for case in leaks(config, rng) for reset in Reset]
    seen = {"fired": 0, "low": 0, "high": 0, "inexact": 0, "floored": 0}

    async def bench(ctx) -> None:
        for (settings, factors, meant), reset, bottom in cases:
            for name, setting in {**settings, "reset": reset, "floor": bottom}.items():
                ctx.set(neurons.settings[name], setting)
            for lane in range(lanes if config.leak_multiplier else 0):
                ctx.set(neurons.leak[lane], factors[lane])
            for _ in range(LATENCY + 2):
                await ctx.tick()
            sent: list[tuple[int, list]] = []  # (cycle, word of every lane)
            fixed = words(config, rng, lanes)  # thresholds and amounts stand while words are under way
            for lane, (_, _, theta, amount) in enumerate(fixed):
                ctx.set(neurons.minus_theta[lane], -theta)
                ctx.set(neurons.minus_amount[lane], -amount)
            for cycle in range(12 + LATENCY):
                valid = cycle < 12 and rng.random() < 0.7
                ctx.set(neurons.valid, valid)
                if valid:
                    word = [
                        [*one[:2], *fixed[lane][2:]] for lane, one in enumerate(words(config, rng, lanes))
                    ]
                    sent.append((cycle, word))
                    for lane in range(lanes):
                        ctx.set(neurons.u[lane], word[lane][0])
                for at, word in sent:  # the current belongs to the word of two cycles before
                    if at == cycle - 2:
                        for lane in range(lanes):
                            ctx.set(neurons.current[lane], word[lane][1])
                await ctx.tick()
                out = [word for at, word in sent if at == cycle + 1 - LATENCY]
                assert ctx.get(neurons.out_valid) == len(out)
                for lane in range(lanes if out else 0):
                    case = (meant[lane], reset, 0 if bottom else -top)
                    check(ctx, neurons, lane, out[0][lane], case, seen)

    def check(ctx, neurons, lane, word, case, seen) -> None:
        bits = config.membrane_bits
        fired, v, after = expected(word, *case, bits)

        def signed(value: int) -> int:
            return value - (1 << bits) if value >> (bits - 1) else value

        got = (
            ctx.get(neurons.fired) >> lane & 1,
            signed(ctx.get(neurons.v[lane])),
            signed(ctx.get(neurons.after[lane])),
        )
        assert got == (fired, v, after), (word, case)
        seen["fired"] += fired
        seen["low"] += v == -(1 << (bits - 1))
        seen["floored"] += v == case[2] == 0
        seen["high"] += v == (1 << (bits - 1)) - 1
        seen["inexact"] += (word[0] * case[0][0]).denominator > 1

    simulator = Simulator(neurons)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert min(seen.values()) > 100, seen
