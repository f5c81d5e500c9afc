"""The accumulators alone: ops to few words of one bank, so that every distance of forwarding occurs,
tokens between them with any address, and a sweep that reads and clears the other bank meanwhile. With a dynamic memory ops to
the word of the op before go beside the sweep's requests; with two spikes a cycle an op adds one word of weights or two."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import random
from dataclasses import replace
from typing import Any

import pytest
from core_unit import CORE, simulate

from spikeplane.config import ChipConfig
from spikeplane.formats.tables import Memory
from spikeplane_gateware.core.synapses.accumulate import Accumulate

LANES, ACC, WORDS, WEIGHTS = CORE.lanes, CORE.acc_bits, 4, 8
DYNAMIC = replace(CORE, dynamic_depth=16, dynamic_bits=4)
TWO = replace(CORE, spikes_per_cycle=2)
SIGNS = replace(DYNAMIC, spikes_per_cycle=2, weight_bits=1)
PRODUCTS = replace(DYNAMIC, spikes_per_cycle=2, shift_multiplier=True)
FUSED = replace(CORE, spikes_per_cycle=2, fused=True)
APART = 8  #: cycles between two reads of a word by sweeps: one sweep reads each once


def wrapped(value: int) -> int:
    """As a signed sum of ACC bits."""
    return (value + (1 << ACC - 1)) % (1 << ACC) - (1 << ACC - 1)


class World:
    """Drives one component and keeps the sums that it should have."""

    def __init__(self, ctx: Any, dut: Accumulate, seed: int) -> None:
        self.ctx, self.dut, self.rng = ctx, dut, random.Random(seed)
        bits = dut.config.weight_bits
        values = [-1, 1] if bits == 1 else [*range(-1 << bits - 1, 1 << bits - 1)]
        self.weights = [[self.rng.choice(values) for _ in range(LANES)] for _ in range(WEIGHTS)]
        self.sums = [[[0] * LANES for _ in range(WORDS)] for _ in range(2)]
        self.bias = [self.rng.randrange(-1000, 1000) for _ in range(LANES)]
        self.expected: list[list[int]] = []
        self.seen = self.events = self.told = self.stalls = self.beside = self.late = self.both = 0
        self.own = self.turn = list(range(WORDS))  # words of ops, and of sweeps
        self.last: tuple[int, int] | None = None  # word of the last op
        self.followed = False  # an op was taken in the cycle before
        self.now, self.swept = 0, [-APART] * WORDS

    async def cycle(self) -> bool:
        """One cycle; whether an op that is offered was taken."""
        ctx, dut = self.ctx, self.dut
        taken = ctx.get(dut.op_valid) and not ctx.get(dut.stall)
        self.beside += taken and ctx.get(dut.sweep.valid)
        self.late += self.is_late()
        self.stalls += ctx.get(dut.op_valid) and not taken
        self.told += ctx.get(dut.event_valid)
        if ctx.get(dut.sweep.data_valid):
            assert [wrapped(ctx.get(dut.sweep.data[lane])) for lane in range(LANES)] == self.expected[
                self.seen
            ]
            self.seen += 1
        await ctx.tick()
        self.now += 1
        self.followed = bool(taken)
        return self.followed

    def is_late(self) -> int:
        """Whether a clear is still to come."""
        return self.ctx.get(self.dut.sweep.late) if self.dut.config.dynamic_depth else 0

    async def load(self) -> None:
        write, bits = self.dut.write, self.dut.config.weight_bits
        for address, lanes in enumerate(self.weights):
            stored = [weight < 0 if bits == 1 else weight & (1 << bits) - 1 for weight in lanes]
            word = sum(weight << bits * lane for lane, weight in enumerate(stored))
            values = {"valid": 1, "memory": Memory.WEIGHT, "address": address, "data": word}
            for name, value in values.items():
                self.ctx.set(getattr(write, name), value)
            await self.cycle()
        self.ctx.set(write.valid, 0)
        for lane, value in enumerate(self.bias):
            self.ctx.set(self.dut.sweep.clear_word[lane], value)
        await self.cycle()

    def offer(self, bank: int) -> dict[str, int]:
        """A new op, two times in three a word to add to `bank`, else a token with any place."""
        rng, event = self.rng, self.rng.random() < 1 / 3
        place = rng.choice(self.own) if self.dut.config.fused else rng.randrange(WORDS)
        op = {"is_event": event, "bank": rng.randrange(2) if event else bank, "address": place}
        op |= {"weight_address": rng.randrange(WEIGHTS), "lanes": rng.randrange(1 << LANES)}
        if self.dut.config.dynamic_depth:
            place = (op["bank"], op["address"])
            if self.last and not event and rng.random() < 0.5:
                op["address"], place = self.last[1], self.last
            op["again"] = not event and place == self.last
            self.last = None if event else place
        if self.dut.config.spikes_per_cycle == 2:
            op |= {"second_address": rng.randrange(WEIGHTS), "both": rng.randrange(2)}
        op |= {"shift": rng.randrange(CORE.max_shift + 1), "negate": rng.randrange(2)}
        for name, value in op.items():
            self.ctx.set(self.dut.op[name], value)
        self.ctx.set(self.dut.op_valid, 1)
        return op

    def take(self, op: dict[str, int]) -> None:
        """What an op does."""
        if op["is_event"]:
            self.events += 1
            return
        sums, places = self.sums[op["bank"]][op["address"]], [op["weight_address"]]
        if op.get("both"):
            places.append(op["second_address"])
            self.both += 1
        for lane in range(LANES):
            if op["lanes"] >> lane & 1:
                value = sum(self.weights[place][lane] for place in places) << op["shift"]
                sums[lane] = wrapped(sums[lane] + (-value if op["negate"] else value))

    def sweep(self, bank: int, share: float) -> None:
        """In one cycle in 1 / share a word of `bank` is read, and often cleared."""
        rng, sweep = self.rng, self.dut.sweep
        if self.dut.config.fused:
            self.sweep_fused(share)
            return
        clear, address = rng.random() < 0.7, rng.randrange(WORDS)
        valid = rng.random() < share and self.now - self.swept[address] >= APART and not self.is_late()
        for name, value in {"valid": valid, "bank": bank, "clear": clear, "address": address}.items():
            self.ctx.set(getattr(sweep, name), value)
        if valid:
            self.swept[address] = self.now
            self.expected.append(list(self.sums[bank][address]))
            if clear:
                self.sums[bank][address] = list(self.bias)

    def sweep_fused(self, share: float) -> None:
        """In one cycle in 1 / share a word of this step's sweep is read, and another, read before, is written, or one of both. Ops go
        to the others meanwhile: of two populations' words each has its turn."""
        rng, sweep = self.rng, self.dut.sweep
        places = [n for n in self.turn if self.now - self.swept[n] >= APART]
        valid = bool(places) and rng.random() < share
        reads, writes = rng.choice(places or [0]), rng.choice(places or [0])
        clear = rng.random() < 0.7 and writes != reads
        for name, value in {
            "valid": valid,
            "address": reads,
            "clear": clear,
            "write_address": writes,
        }.items():
            self.ctx.set(getattr(sweep, name), value)
        if valid:
            self.swept[reads] = self.now
            self.expected.append(list(self.sums[0][reads]))
            if clear:
                self.swept[writes] = self.now
                self.sums[0][writes] = list(self.bias)

    async def step(self, bank: int, cycles: int) -> None:
        """Ops to `bank`, and sweeps of the other as soon as its last ops are through."""
        if self.dut.config.fused:  # halves of the only one
            half = range(bank * WORDS // 2, (bank + 1) * WORDS // 2)
            self.own, self.turn, bank = list(half), [n for n in range(WORDS) if n not in half], 0
        op = self.last = None
        for number in range(cycles):
            if op is None and self.rng.random() < 0.8:
                op = self.offer(bank)
            if op is not None and self.dut.config.dynamic_depth:
                self.ctx.set(self.dut.op.again, op["again"] and self.followed)
            self.sweep(1 - bank, 0.5 if number >= APART else 0)
            if await self.cycle() and op is not None:
                self.take(op)
                op = None
                self.ctx.set(self.dut.op_valid, 0)
        self.ctx.set(self.dut.op_valid, 0)
        self.ctx.set(self.dut.sweep.valid, 0)

    async def rest(self) -> None:
        for _ in range(APART):
            await self.cycle()


@pytest.mark.parametrize(
    ("config", "seed"),
    [
        (CORE, 0),
        *((DYNAMIC, seed) for seed in (5, 10)),
        (TWO, 1),
        (SIGNS, 7),
        (PRODUCTS, 10),
        (FUSED, 3),
    ],  # of 12 those that see each late clear
)
def test_sums_are_those_of_the_ops_in_order(config: ChipConfig, seed: int) -> None:
    dut = Accumulate(config)

    async def bench(ctx: Any) -> None:
        world = World(ctx, dut, seed)
        await world.load()
        for number in range(6):
            await world.step(number % 2, 120)
        await world.rest()
        assert world.seen == len(world.expected) > 60
        assert world.events == world.told > 60
        assert world.stalls > 30
        assert (world.beside > 10) == (world.late > 5) == (config.dynamic_depth > 0)
        assert (world.both > 100) == (config.spikes_per_cycle == 2)

    simulate(dut, bench)
