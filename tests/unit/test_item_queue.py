"""The queue of a sweep's items: every word leaves by its end, once and in its order, whatever the ends say; and the words of pairs
have gone when it says so."""

import random
from dataclasses import replace
from typing import Any

import pytest
from amaranth.sim import Simulator

from spikeplane.config import preset
from spikeplane.formats.structure import SWEEP_ITEMS
from spikeplane_gateware.core.soma.sweep.item_queue import ItemQueue

PLAIN = preset("tiny")
DYNAMIC = replace(PLAIN, dynamic_depth=256, dynamic_bits=8)
WORDS = 400


def words(seed: int, paired: bool) -> list[tuple[int, bool, bool]]:
    """Mask, is it a word of pairs, is it one of spikes (else a plane of values): sweeps of each kind, one after the other."""
    draw, found = random.Random(seed), []
    while len(found) < WORDS:
        pairs, values = paired and draw.random() < 0.5, draw.random() < 0.3
        for _ in range(draw.randint(1, 40)):
            mask = draw.randrange(0 if pairs else 1, 1 << PLAIN.lanes)
            found.append((mask, pairs, not values))
    return found


class Bench:
    """Words offered and taken at random; `share`: of the cycles in which one comes, and in which each end is ready."""

    def __init__(self, queue: Any, seed: int, comes: float, ready: float) -> None:
        self.queue, self.draw, self.comes, self.ready = queue, random.Random(seed), comes, ready
        self.todo = words(seed, hasattr(queue, "outer"))
        self.ends = {False: queue.item, **({True: queue.outer} if hasattr(queue, "outer") else {})}
        self.got: list[tuple[int, bool]] = []
        self.past, self.full, self.entered = 0, 0, 0

    def offer(self, ctx: Any, offered: bool) -> bool:
        """Set the inputs of a cycle; `offered`: the word stands since before. Returns whether a word stands."""
        q, there = self.queue, self.entered < len(self.todo)
        offered = there and (offered or self.draw.random() < self.comes)
        mask, pairs, spikes = self.todo[self.entered] if there else (0, False, False)
        ctx.set(q.i.valid, offered)
        ctx.set(q.i.payload.mask, mask)
        if True in self.ends:
            ctx.set(q.to_outer, pairs)
            ctx.set(q.spikes, offered and spikes)
        for end in self.ends.values():
            ctx.set(end.ready, self.draw.random() < self.ready)
        return offered

    def see(self, ctx: Any, offered: bool) -> bool:
        """What comes out in the cycle. Returns whether the word stands in the next one."""
        q, waiting = self.queue, self.entered - len(self.got)
        valid = [pairs for pairs, end in self.ends.items() if ctx.get(end.valid)]
        assert len(valid) <= 1, "a word at both ends"
        if True in self.ends and ctx.get(q.drained):
            ahead = self.todo[len(self.got) : self.entered + offered]
            assert not ahead or not ahead[0][1], "drained, and a word of pairs stands there"
        for pairs in valid:
            if ctx.get(self.ends[pairs].ready):
                self.got.append((ctx.get(self.ends[pairs].payload.mask), pairs))
                self.past += not waiting
        self.full += offered and not ctx.get(q.i.ready)
        self.entered += offered and ctx.get(q.i.ready)
        return offered and not ctx.get(q.i.ready)

    async def run(self, ctx: Any) -> None:
        offered, idle = False, 0
        while idle < 400:  # longer than an end is likely to make a word wait
            offered = self.offer(ctx, offered)
            before = len(self.got)
            offered = self.see(ctx, offered)
            idle = 0 if len(self.got) > before or offered else idle + 1
            await ctx.tick()
        if True in self.ends:
            assert ctx.get(self.queue.drained)


def run(config: Any, seed: int, comes: float, ready: float) -> Bench:
    queue: Any = ItemQueue(config)
    bench = Bench(queue, seed, comes, ready)
    simulator = Simulator(queue)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench.run)
    simulator.run()
    assert bench.got == [(mask, pairs) for mask, pairs, _ in bench.todo]
    return bench


@pytest.mark.parametrize("config", [PLAIN, DYNAMIC], ids=["plain", "dynamic"])
@pytest.mark.parametrize(("comes", "ready"), [(1.0, 1.0), (0.9, 0.4), (0.3, 0.9), (0.5, 0.5), (1.0, 0.05)])
def test_each_once_in_order(config, comes, ready):
    for seed in range(3):
        bench = run(config, seed, comes, ready)
        assert bench.full or ready > 0.05, "the queue was never full"
        assert not bench.past or config.dynamic_depth, "words went past the queue of a chip that has one way"
        assert bench.past > 10 or comes >= ready or not config.dynamic_depth, "no word went past the queue"


def test_takes_two_cycles_or_none():
    """A word of values takes two cycles through an empty queue; of spikes, or of pairs, none."""
    seen = {}
    for kind, (pairs, spikes) in {"values": (0, 0), "spikes": (0, 1), "pairs": (1, 0)}.items():
        queue: Any = ItemQueue(DYNAMIC)

        async def once(
            ctx: Any, queue: Any = queue, kind: str = kind, pairs: int = pairs, spikes: int = spikes
        ) -> None:
            end = queue.outer if pairs else queue.item
            for end_ready in (queue.outer.ready, queue.item.ready):
                ctx.set(end_ready, 1)
            for signal, value in (
                (queue.i.valid, 1),
                (queue.i.payload.mask, 5),
                (queue.to_outer, pairs),
                (queue.spikes, spikes),
            ):
                ctx.set(signal, value)
            for cycle in range(6):
                if ctx.get(end.valid):
                    seen[kind] = cycle
                    break
                await ctx.tick()
                for signal in (queue.i.valid, queue.spikes):
                    ctx.set(signal, 0)

        simulator = Simulator(queue)
        simulator.add_clock(1e-6)
        simulator.add_testbench(once)
        simulator.run()
    assert seen == {"values": 2, "spikes": 0, "pairs": 0}


def test_holds_what_the_sweep_counts_on():
    """All the items that a sweep may have under way find room while no end is ready."""
    queue: Any = ItemQueue(DYNAMIC)
    taken = []

    async def fill(ctx: Any) -> None:
        ctx.set(queue.i.valid, 1)
        for _ in range(2 * SWEEP_ITEMS):
            taken.append(ctx.get(queue.i.ready))
            await ctx.tick()
        assert ctx.get(queue.level) == SWEEP_ITEMS

    simulator = Simulator(queue)
    simulator.add_clock(1e-6)
    simulator.add_testbench(fill)
    simulator.run()
    assert sum(taken) == SWEEP_ITEMS
