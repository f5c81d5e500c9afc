"""Sweeps of a few lanes at a time against the rule written out: windows of maxima with a border, and a threshold, a reset, a bias
and a leak with a rounding of each lane's own; of all lanes beside them, whose accumulators have the bias. And which chips may have
them."""

import random
from dataclasses import replace
from typing import Any

import pytest
from core_unit import CORE, simulate
from soma_bench import Soma, Values

from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.tables import NO_MEMORY, Memory, Reset, core_tables, lane_leak_layout

SIZE, STRIDE, PADDING, INPUT, OUTPUT = 3, 2, 1, 4, 2
GROUPS = 2
CHIPS = {
    "2 of 8": replace(CORE, cols=1, acc_depth=128, sweep_lanes=2, levels=True),
    "4 of 8": replace(CORE, cols=1, acc_depth=128, sweep_lanes=4),
    "all of 8, words in halves": replace(CORE, cols=1, acc_depth=128, narrow_tables=True),
    "all of 16 by shifts, words in halves": replace(
        CORE, cols=1, acc_depth=128, lanes=16, leak_multiplier=False, narrow_tables=True
    ),
    "4 of 8, words in parts": replace(CORE, cols=1, acc_depth=128, sweep_lanes=4, narrow_tables=True),
    "1 of 16 by shifts": replace(CORE, cols=1, acc_depth=128, lanes=16, sweep_lanes=1, leak_multiplier=False),
    "8 of 32": replace(CORE, cols=1, acc_depth=128, lanes=32, sweep_lanes=8, membrane_bits=20, acc_bits=14),
}
FAST = ("2 of 8", "all of 8, words in halves", "4 of 8, words in parts")


class Layer:
    """A population of spikes behind a window, in a slot of its own."""

    def __init__(self, config: ChipConfig, rng: random.Random) -> None:
        self.config, lanes = config, config.lanes
        top, drive = 1 << config.membrane_bits - 1, 1 << config.acc_bits - 1
        one = 1 << config.leak_bits

        def words(draw: Any) -> list[list[int]]:
            return [[draw() for _ in range(lanes)] for _ in range(GROUPS)]

        self.theta = words(lambda: rng.randint(1, drive // 4))
        self.amount = words(lambda: rng.randint(0, drive // 4))
        self.bias = words(lambda: rng.randint(-drive // 8, drive // 8))
        self.factor = words(lambda: rng.choice([0, one, rng.randrange(one), rng.randrange(one)]))
        self.odd = words(lambda: rng.randrange(2))
        self.up, self.soft, self.floor = rng.randrange(2), rng.randrange(2), rng.randrange(2)
        self.membranes = [[0] * lanes for _ in range(GROUPS * OUTPUT**2)]
        self.low, self.high, self.drive = -top, top - 1, drive

    def words(self, first: int) -> list[tuple[int, int]]:
        """(address, word) of parameters, from `first` on; the leaks behind them."""
        bits, layout, found = self.config.lane_bits, lane_leak_layout(self.config), []
        for group in range(GROUPS):
            negated = [[-n for n in row[group]] for row in (self.theta, self.amount)]
            for number, row in enumerate((*negated, self.bias[group])):
                found.append((first + 3 * group + number, row))
            leaks = [
                layout.pack(factor=f, odd=o) for f, o in zip(self.factor[group], self.odd[group], strict=True)
            ]
            found.append((first + 3 * GROUPS + group, leaks))
        return [
            (at, sum((n & (1 << bits) - 1) << lane * bits for lane, n in enumerate(row))) for at, row in found
        ]

    def fields(self, first: int) -> dict[str, int]:
        """Of its POPULATION word."""
        wraps = self.config.acc_depth
        origin = [
            [(y * STRIDE - PADDING) * INPUT + x * STRIDE - PADDING for x in range(OUTPUT)]
            for y in range(OUTPUT)
        ]
        end = (SIZE - 1) * (INPUT + 1)
        leak = {"leak_base": first + 3 * GROUPS, "leak_each": 1, "leak_up": self.up}
        return {
            "window_last": SIZE - 1, "stride": STRIDE, "padding": PADDING, "input_height": INPUT, "input_width": INPUT,
            "input_words": INPUT**2, "corner": -origin[0][0], "acc_down": INPUT - SIZE + 1,
            "acc_right": (origin[0][1] - origin[0][0] - end) % wraps,
            "acc_across": (origin[1][0] - origin[0][-1] - end) % wraps,
            "parameter_base": first, "membrane_out": 0, "reset": Reset.SOFT if self.soft else Reset.HARD, "floor": self.floor,
            **(leak if self.config.leak_multiplier else {"leak_shift": 3, "leak_keep": 0, "leak_round": 2}),
        }  # fmt: skip

    def leak(self, u: int, group: int, lane: int) -> int:
        if not self.config.leak_multiplier:
            product, fraction, odd = u * 7, 3, 1
        else:
            product, fraction, odd = (
                u * self.factor[group][lane],
                self.config.leak_bits,
                self.odd[group][lane],
            )
        cut = product & (1 << fraction) - 1 != 0
        return (product >> fraction) | cut if odd else (product >> fraction) + (cut and self.up)

    def step(self, currents: list[list[int]], last: bool) -> dict[tuple[int, int, int], list[int]]:
        """What fires, by (group, y, x); membranes move on."""
        fired: dict[tuple[int, int, int], list[int]] = {}
        for number, u in enumerate(self.membranes):
            group, y, x = number // OUTPUT**2, number // OUTPUT % OUTPUT, number % OUTPUT
            met = [
                (i, j)
                for i in range(y * STRIDE - PADDING, y * STRIDE - PADDING + SIZE)
                for j in range(x * STRIDE - PADDING, x * STRIDE - PADDING + SIZE)
                if 0 <= i < INPUT and 0 <= j < INPUT
            ]
            word = []
            for lane in range(self.config.lanes):
                drives = [currents[group * INPUT**2 + i * INPUT + j][lane] for i, j in met]
                total = self.leak(u[lane], group, lane) + max(drives) + self.bias[group][lane]
                v = min(max(total, self.low), self.high)
                v = 0 if self.floor and v < 0 else v
                over = v >= self.theta[group][lane]
                left = (v if self.soft else 0) - self.amount[group][lane]
                word.append(int(over))
                u[lane] = 0 if last else left if over else v
            if any(word):
                fired[group, y, x] = word
        return fired


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in FAST else pytest.mark.slow) for n in CHIPS]
)
def test_spikes_are_those_of_the_rule(name: str) -> None:
    config = CHIPS[name]
    soma = Soma(config, len(name), stalls=0.5, reads=0.0)
    rng, first, silent = soma.rng, 20, 0
    layers = {slot: Layer(config, rng) for slot in (3, 1)}
    populations = [Values(2, keeps=config.leak_multiplier), *(Values(slot, GROUPS, 2, 2) for slot in layers)]
    if not config.leak_multiplier:
        soma.special[2] = {"leak_shift": NO_MEMORY}
    for number, (slot, layer) in enumerate(layers.items()):
        at = first + 4 * GROUPS * number
        soma.words += layer.words(at)
        soma.special[slot] = layer.fields(at)
    soma.spread = GROUPS * INPUT**2  # accumulators of each population

    async def bench(ctx: Any) -> None:
        nonlocal silent
        await soma.load(ctx, populations)
        for number in range(4):
            parity, last = number % 2, number == 2
            expected = {}
            for p in populations:
                layer = layers.get(p.slot)
                words = GROUPS * INPUT**2 if layer else 1
                drawn = [[rng.randint(-3, 9) if rng.random() < 0.2 else rng.randint(-config_top(config), config_top(config))
                          for _ in range(config.lanes)] for _ in range(words)]  # fmt: skip
                for word, values in enumerate(drawn):
                    bias = (
                        layer.bias[word // INPUT**2]
                        if layer and config.sweep_lanes is None
                        else [0] * config.lanes
                    )
                    soma.accumulators[parity, p.acc + word] = [
                        sum(both) for both in zip(values, bias, strict=True)
                    ]
                expected[p.slot] = layer.step(drawn, last) if layer else None
                if number >= 2:
                    await soma.event(ctx, p.slot, parity, False, credit=True)
                await soma.event(ctx, p.slot, parity, last)
            for p in populations:
                for _ in range(5000):
                    if (p.slot, parity) in soma.swept:
                        break
                    await soma.cycle(ctx)
                found, _ = soma.swept.pop((p.slot, parity))
                if p.slot in layers:
                    assert found == expected[p.slot], (p.slot, number)
                    assert found, "nothing fires"
                    silent += sum(not bit for word in found.values() for bit in word)

    simulate(soma.module(), bench)
    assert silent, "all lanes of all words fire"


def config_top(config: ChipConfig) -> int:
    """Currents that are large, with any bias in reach of the accumulators."""
    return 3 * (1 << config.acc_bits - 3)


@pytest.mark.parametrize("found", [0, 3, 8, 16, -2, True, 2.0, "2"])
def test_what_no_chip_has_is_refused(found: Any) -> None:
    with pytest.raises(SpikeplaneError) as caught:
        replace(preset("tiny"), sweep_lanes=found)
    assert str(caught.value) == (
        f"chip configuration: sweep_lanes must be one of 1, 2, 4 on a chip of 8 lanes, not {found!r}; leave it out to compute "
        "all lanes at once"
    )


def test_a_chip_that_learns_has_none() -> None:
    with pytest.raises(
        SpikeplaneError, match="a chip that learns has a sweep of its own; leave sweep_lanes = 2 out"
    ):
        ChipConfig.from_dict({"preset": "tiny", "weight_bits": 16, "training": {}, "sweep_lanes": 2})


def test_a_chip_without_is_named_and_worded_as_before() -> None:
    plain, narrow = preset("small"), replace(preset("small"), sweep_lanes=4)
    assert "sweep_lanes" not in plain.to_dict()
    assert ChipConfig.from_dict(narrow.to_dict()) == narrow
    assert narrow.digest != plain.digest
    assert (plain.sweep_turns, narrow.sweep_turns) == (1, 4)
    wide, parts = core_tables(plain), core_tables(narrow)
    assert wide.population == parts.population
    assert parts.width(Memory.PARAMETER) * 4 == wide.width(Memory.PARAMETER)
    assert parts.depth(Memory.PARAMETER) == 4 * wide.depth(Memory.PARAMETER)
