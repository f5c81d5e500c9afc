"""Sweeps of fused words against the rule written out: a word is what is left of a membrane, the bias and the currents of a step; a
threshold, a reset, a bias and a leak of each lane's own; groups that follow each other, windows, populations without memory."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from core_unit import CORE, simulate
from soma_bench import Soma, Values, Word

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.shared_tables import part_bits, shares_tables
from spikeplane.formats.structure import SWEEP_LATENCY
from spikeplane.formats.tables import NO_MEMORY, AnyMemory, LeakRound, Memory, Reset, lane_leak_layout

WRITTEN = 2  #: cycles from the word at the port to its writing
CHIPS = {
    "multipliers": replace(CORE, cols=1, acc_depth=128, parameter_depth=128, fused=True),
    "levels": replace(CORE, cols=1, acc_depth=128, parameter_depth=128, fused=True, levels=True),
    "halves": replace(CORE, cols=1, acc_depth=128, parameter_depth=128, fused=True, levels=True, narrow_tables=True),
    "shifts": replace(CORE, cols=1, acc_depth=128, parameter_depth=128, fused=True, leak_multiplier=False, membrane_bits=15),
    "wide": replace(CORE, cols=1, acc_depth=128, parameter_depth=128, lanes=16, membrane_bits=20, acc_bits=26, fused=True),
}  # fmt: skip


class FusedSoma(Soma):
    """The stage, with accumulators of one bank whose words are set to what stands at the port, some cycles after the request."""

    def __init__(self, config: ChipConfig, seed: int) -> None:
        super().__init__(config, seed, stalls=0.4, reads=0.0)
        self.due: list[tuple[int, int]] = []  #: (cycle, address) of words to be set
        self.requests = 0
        self.parts: dict[int, int] = {}  #: of populations' words, where others have that memory
        self.ready = False

    async def write(self, ctx: Any, memory: AnyMemory, address: int, word: int) -> None:
        if shares_tables(self.config) and memory == Memory.POPULATION:
            for number in range(self.tables.chunks(memory)):
                part = word >> CHUNK_BITS * number & (1 << CHUNK_BITS) - 1
                self.parts[address << part_bits(self.config, memory) | number] = part
            return
        await super().write(ctx, memory, address, word)

    def request(self, ctx: Any, port: Any) -> None:
        assert not ctx.get(port.bank)
        self.asked[0] = list(self.accumulators[0, ctx.get(port.address)])
        self.requests += 1
        if ctx.get(port.clear):
            self.due.append((self.cycles + SWEEP_LATENCY, ctx.get(port.write_address)))

    async def cycle(self, ctx: Any) -> None:
        while self.due and self.due[0][0] == self.cycles:
            _, address = self.due.pop(0)
            words = self.soma.port.clear_word
            self.accumulators[0, address] = [ctx.get(word.as_signed()) for word in words]
        if not shares_tables(self.config):
            await super().cycle(ctx)
            return
        slots = self.soma.slots
        taken = self.ready and ctx.get(slots.valid)
        part = self.parts.get(ctx.get(slots.address), 0) if taken else self.rng.getrandbits(CHUNK_BITS)
        await super().cycle(ctx)
        self.ready = self.rng.random() < 0.5
        ctx.set(slots.ready, self.ready)
        ctx.set(slots.data, part)


@dataclass
class Layer:
    """A population of spikes, with parameters of each lane's own in each group."""

    soma: FusedSoma
    slot: int
    groups: int
    size: int = 1  #: height and width
    window: int = 1  #: its stride too; of accumulators
    keeps: bool = True
    theta: list[Word] = field(default_factory=list)
    membranes: list[Word] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.config, rng = self.soma.config, self.soma.rng
        self.input = self.size * self.window
        drive, one = 1 << self.config.acc_bits - 1, 1 << self.config.leak_bits

        def words(draw: Any) -> list[Word]:
            return [[draw() for _ in range(self.config.lanes)] for _ in range(self.groups)]

        top = 1 << self.config.membrane_bits - 1
        self.theta = words(lambda: rng.choice([rng.randint(1, top // 4), 1, top - 1, 1 - top]))
        self.amount = words(lambda: rng.randint(0, top // 4))
        self.bias = words(lambda: rng.randint(-drive // 8, drive // 8))
        self.factor = words(lambda: rng.choice([one, rng.randrange(one), rng.randrange(one)]) * self.keeps)
        self.odd = words(lambda: rng.randrange(2))
        self.up, self.reset, self.floor = rng.randrange(2), rng.choice([*Reset]), rng.randrange(2)
        self.shift, self.keep, self.round = rng.randint(1, 8), rng.randrange(2), rng.choice([*LeakRound])
        self.membranes = [[0] * self.config.lanes for _ in range(self.groups * self.size**2)]
        self.low, self.high = -top, top - 1

    def parameters(self, first: int) -> list[tuple[int, int]]:
        """(address, word) from `first` on, the leaks behind."""
        bits, layout, found = self.config.lane_bits, lane_leak_layout(self.config), []
        for group in range(self.groups):
            negated = [[-n for n in row[group]] for row in (self.theta, self.amount)]
            found += [(first + 3 * group + n, row) for n, row in enumerate((*negated, self.bias[group]))]
            leaks = zip(self.factor[group], self.odd[group], strict=True)
            found.append((first + 3 * self.groups + group, [layout.pack(factor=f, odd=o) for f, o in leaks]))
        return [
            (at, sum((n & (1 << bits) - 1) << lane * bits for lane, n in enumerate(row))) for at, row in found
        ]

    def fields(self, first: int) -> dict[str, int]:
        """Of its POPULATION word."""
        wraps, back, width = self.config.acc_depth, (self.window - 1) * (self.input + 1), self.input
        shift = self.shift if self.keeps else NO_MEMORY
        shifts = {"leak_shift": shift, "leak_keep": self.keep, "leak_round": self.round}
        leaks = {"leak_base": first + 3 * self.groups, "leak_each": 1, "leak_up": self.up}
        return {
            "window_last": self.window - 1, "stride": self.window, "input_height": width, "input_width": width,
            "input_words": width**2, "acc_down": width - self.window + 1, "acc_right": (self.window - back) % wraps,
            "acc_across": (self.window * width - self.window * (self.size - 1) - back) % wraps, "parameter_base": first,
            "reset": self.reset, "floor": self.floor, "stateless": not self.keeps,
            **(leaks if self.config.leak_multiplier else shifts),
        }  # fmt: skip

    def leak(self, u: int, group: int, lane: int) -> int:
        if not self.keeps:
            return 0
        if self.config.leak_multiplier:
            fraction, up, odd = self.config.leak_bits, self.up, self.odd[group][lane]
            product = u * self.factor[group][lane]
        else:
            fraction, up, odd = self.shift, self.round == LeakRound.UP, self.round == LeakRound.ODD
            product = u if self.keep else u * ((1 << fraction) - 1)
        cut = product & (1 << fraction) - 1 != 0
        return (product >> fraction) | cut if odd else (product >> fraction) + (cut and up)

    def words(self) -> list[Word]:
        """What the next step's currents are added to."""
        lanes, pixels, wraps = range(self.config.lanes), self.input**2, 1 << self.config.acc_bits
        kept = self.membranes if self.window == 1 else [[0] * len(lanes)] * (self.groups * pixels)
        return [
            [
                (self.leak(u[lane], n // pixels, lane) + self.bias[n // pixels][lane] + wraps // 2) % wraps
                - wraps // 2
                for lane in lanes
            ]
            for n, u in enumerate(kept)
        ]

    def step(self, currents: list[Word], last: bool) -> dict[tuple[int, int, int], Word]:
        """What fires, by (group, y, x); membranes move on."""
        fired: dict[tuple[int, int, int], Word] = {}
        for number, u in enumerate(self.membranes):
            group, y, x = number // self.size**2, number // self.size % self.size, number % self.size
            sides = range(self.window)
            met = [(self.window * y + i) * self.input + self.window * x + j for i in sides for j in sides]
            word = []
            for lane in range(self.config.lanes):
                drive = max(currents[group * self.input**2 + at][lane] for at in met)
                v = self.leak(u[lane], group, lane) + drive + self.bias[group][lane]
                self.soma.seen["below"] += v < self.low
                self.soma.seen["above"] += v > self.high
                v = min(max(v, self.low), self.high)
                v = 0 if self.floor and v < 0 else v
                over = v >= self.theta[group][lane]
                left = (0 if self.reset == Reset.HARD else v) - self.amount[group][lane]
                word.append(int(over))
                u[lane] = 0 if last else left if over and self.reset != Reset.NONE else v
                u[lane] = (u[lane] - self.low) % (2 * -self.low) + self.low
            if any(word):
                fired[group, y, x] = word
            self.soma.seen["silent"] += word.count(0)
        return fired


@pytest.mark.parametrize("name", CHIPS)
def test_spikes_are_those_of_the_rule(name: str) -> None:
    config = CHIPS[name]
    soma = FusedSoma(config, len(name))
    layers = [Layer(soma, 3, 7), Layer(soma, 1, 2, size=2), Layer(soma, 0, 2, size=2, window=2, keeps=False)]
    layers.append(Layer(soma, 2, 1, keeps=False))
    populations, first = [], 2 + 3 * max(layer.groups for layer in layers)
    for layer in layers:
        populations.append(Values(layer.slot, layer.groups, layer.size, layer.size, spikes=True))
        soma.words += layer.parameters(first)
        soma.special[layer.slot] = layer.fields(first)
        first += 4 * layer.groups
    soma.spread = max(layer.groups * layer.input**2 for layer in layers)
    wraps, rng = 1 << config.acc_bits, soma.rng

    async def bench(ctx: Any) -> None:
        await soma.load(ctx, populations)
        for number in range(7):
            parity, last, expected = number % 2, number in (2, 3), {}
            for p, layer in zip(populations, layers, strict=True):
                drive = 3 * (1 << config.acc_bits - 4)
                words = layer.groups * layer.input**2
                drawn = [[rng.randint(-drive, drive) for _ in range(config.lanes)] for _ in range(words)]
                for at, values in enumerate(drawn):
                    word = soma.accumulators[0, p.acc + at]
                    both = zip(word, values, strict=True)
                    soma.accumulators[0, p.acc + at] = [
                        (a + b + wraps // 2) % wraps - wraps // 2 for a, b in both
                    ]
                expected[p.slot] = layer.step(drawn, last)
                if number >= 2:
                    await soma.event(ctx, p.slot, parity, False, credit=True)
                await soma.event(ctx, p.slot, parity, last)
            for p in populations:
                await until_swept(ctx, soma, p.slot, parity)
                found, _ = soma.swept.pop((p.slot, parity))
                assert found == expected[p.slot], (p.slot, number)
                assert found, "nothing fires"
            await settle(ctx, soma)
            for p, layer in zip(populations, layers, strict=True):
                found = [soma.accumulators[0, p.acc + at] for at in range(layer.groups * layer.input**2)]
                assert found == layer.words(), (p.slot, number)

    simulate(soma.module(), bench)
    assert min(soma.seen[name] for name in ("below", "above", "silent")) > 20


async def until_swept(ctx: Any, soma: Soma, slot: int, parity: int) -> None:
    for _ in range(5000):
        if (slot, parity) in soma.swept:
            return
        await soma.cycle(ctx)
    raise AssertionError("no sweep")


async def settle(ctx: Any, soma: FusedSoma) -> None:
    """Until the sweep's last word is set: a credit takes longer to come back as a spike."""
    for _ in range(20):
        await soma.cycle(ctx)
    assert not soma.due


@pytest.mark.parametrize(("groups", "size", "gap"), [(16, 1, 3), (3, 4, 3), (16, 1, 7), (3, 4, 4), (4, 2, 4)])
def test_groups_follow_each_other(groups: int, size: int, gap: int) -> None:
    """Three cycles apart; of parameters in halves four, and of a word seven: eight halves are read meanwhile. A word is written
    beside one that is read, if there is one."""
    soma = FusedSoma(CHIPS["multipliers" if gap == 3 else "halves"], 0)
    soma.stalls = 0.0
    layer, times = Layer(soma, 0, groups, size), []
    layer.theta = [[layer.high] * soma.config.lanes for _ in range(groups)]  # nothing fires
    soma.words, soma.special[0] = layer.parameters(50), layer.fields(50)

    async def bench(ctx: Any) -> None:
        await soma.load(ctx, [Values(0, groups, size, size, spikes=True)])
        for parity in range(2):
            before, soma.requests = soma.cycles, 0
            await soma.event(ctx, 0, parity, False)
            await until_swept(ctx, soma, 0, parity)
            times.append(soma.cycles - before)

    simulate(soma.module(), bench)
    cycles = groups * (size**2 + gap)
    assert all(cycles < time < cycles + 50 for time in times), (times, cycles)
    assert soma.requests <= min(2 * groups * size**2, cycles + 7)
