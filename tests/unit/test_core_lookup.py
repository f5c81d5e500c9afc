"""The lookup of a core: what a spike meets by row, column and group; what meets nothing ends there,
an unknown projection is flagged."""

# Amaranth types slices of signals as slices of pins:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from dataclasses import replace
from typing import Any

import pytest
from core_unit import CORE, FORM, on_bus, simulate

from spikeplane.formats.packet import Kind
from spikeplane.formats.tables import Memory, core_tables
from spikeplane_gateware.core.synapses.lookup import Lookup
from spikeplane_gateware.core.synapses.narrow_lookup import NarrowLookup
from spikeplane_gateware.core.synapses.request import STEPS

TABLES = core_tables(CORE)
NARROW = replace(CORE, narrow_tables=True)
#: What of a request is looked at, beside its event.
NAMES = (
    "is_event", "bank", "aligned", "negate", "shift", "mask", "bit", "more", "once", "rows", "columns", "groups", "acc", "weight", *STEPS,
)  # fmt: skip
COUNTS = {"row": 2, "column": 3, "group": 1}


class World:
    """A lookup with one projection, tag 5, whose tables have an entry each at row 2, column 3, group 1."""

    def __init__(self, ctx: Any, dut: Lookup) -> None:
        self.ctx, self.dut, self.requests, self.drops = ctx, dut, [], 0
        ctx.set(dut.o.ready, 1)

    async def cycles(self, count: int) -> None:
        for _ in range(count):
            ctx, o = self.ctx, self.dut.o
            self.drops += ctx.get(self.dut.dropped)
            if ctx.get(o.valid) and ctx.get(o.ready):
                request = {name: ctx.get(o.payload[name]) for name in NAMES}
                request["event"] = {
                    name: ctx.get(o.payload.event[name]) for name in ("slot", "parity", "credit", "last")
                }
                self.requests.append(request)
            await ctx.tick()

    async def write(self, memory: Memory, address: int, word: int) -> None:
        for name, value in {
            "memory": memory,
            "address": address,
            "data": on_bus(self.dut.config, memory, word),
            "valid": 1,
        }.items():
            self.ctx.set(getattr(self.dut.write, name), value)
        await self.cycles(1)
        self.ctx.set(self.dut.write.valid, 0)

    async def load(self, counts: dict[str, int], **projection: int) -> None:
        bases = {f"{name}_base": 4 for name in counts}
        await self.write(Memory.PROJECTION, 5, TABLES.projection.pack(**{"valid": 1, **bases, **projection}))
        for number, (name, at) in enumerate((("row", 2), ("column", 3), ("group", 1))):
            word = TABLES.coordinate.pack(count=counts[name], acc=1 << number, weight=8 << number)
            await self.write(Memory[name.upper()], 4 + at, word)

    async def send(self, kind: Kind = Kind.SPIKE, wait: int = 10, **fields: int) -> None:
        place = {"tag": 5, "y": 2, "x": 3, "group": 1, "mask": 0b10100} if kind == Kind.SPIKE else {"tag": 5}
        self.ctx.set(self.dut.i.payload.as_value(), FORM.pack(kind, **{**place, **fields}))
        self.ctx.set(self.dut.i.valid, 1)
        await self.cycles(1)
        self.ctx.set(self.dut.i.valid, 0)
        await self.cycles(wait)


@pytest.fixture(params=[False, True], ids=["tables", "narrow tables"], autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both lookups keep to all of this."""
    monkeypatch.setitem(CHOSEN, "narrow", request.param)


CHOSEN = {"narrow": False}


def lookup() -> Lookup:
    return NarrowLookup(NARROW) if CHOSEN["narrow"] else Lookup(CORE)


def run(bench: Any) -> None:
    dut = lookup()

    async def testbench(ctx: Any) -> None:
        await bench(World(ctx, dut))

    simulate(dut, testbench)


def test_a_spike_finds_the_sum_of_its_three_entries():
    async def bench(world: World) -> None:
        await world.load(COUNTS)
        await world.send(shift=3, negate=1)
        (request,) = world.requests
        assert (request["rows"], request["columns"], request["groups"]) == (2, 3, 1)
        assert (request["acc"], request["weight"]) == (1 + 2 + 4, 8 + 16 + 32)
        assert (request["bit"], request["mask"], request["more"]) == (2, 0b10000, 1)
        assert (request["shift"], request["negate"], request["once"], request["is_event"]) == (3, 1, 0, 0)
        assert world.drops == 0

    run(bench)


@pytest.mark.parametrize("empty", ["row", "column", "group"])
def test_a_count_of_0_ends_the_spike(empty: str):
    async def bench(world: World) -> None:
        await world.load({**COUNTS, empty: 0})
        await world.send()
        assert world.requests == []
        assert world.drops == 0, "meeting nothing is no fault"

    run(bench)


@pytest.mark.parametrize("kind", [Kind.TOKEN, Kind.CREDIT])
def test_events_pass_whatever_the_counts_are(kind: Kind):
    async def bench(world: World) -> None:
        await world.load({"row": 0, "column": 0, "group": 0})
        await world.send(kind)
        assert [request["is_event"] for request in world.requests] == [1]

    run(bench)


def test_a_spike_of_no_projection_ends_and_is_flagged_once():
    async def bench(world: World) -> None:
        await world.load(COUNTS, valid=0)
        await world.send()
        assert world.requests == []
        assert world.drops == 1
        await world.send(Kind.TOKEN)
        assert len(world.requests) == 1
        assert world.drops == 1, "a token is no spike"

    run(bench)


def test_a_spike_that_waits_is_flagged_once():
    """Behind a request that is not taken the pipeline stands; the fault is counted when it moves."""

    async def bench(world: World) -> None:
        await world.load(COUNTS)
        world.ctx.set(world.dut.o.ready, 0)
        await world.send(wait=0)
        await world.send(tag=6, wait=30)
        assert world.drops == 0
        world.ctx.set(world.dut.o.ready, 1)
        await world.cycles(20)
        assert len(world.requests) == 1
        assert world.drops == 1

    run(bench)


@pytest.mark.parametrize(("counts", "once"), [((1, 1, 1), 1), ((2, 1, 1), 0), ((1, 2, 1), 0), ((1, 1, 2), 0)])
def test_one_visit_is_one_of_each_count(counts: tuple[int, int, int], once: int):
    async def bench(world: World) -> None:
        await world.load(dict(zip(COUNTS, counts, strict=True)))
        await world.send()
        assert [request["once"] for request in world.requests] == [once]

    run(bench)


def test_an_aligned_mask_is_visited_at_once():
    async def bench(world: World) -> None:
        await world.load(COUNTS, aligned=1)
        await world.send()
        await world.load(COUNTS)
        await world.send(mask=0b10000)
        aligned, single = world.requests
        assert (aligned["aligned"], aligned["mask"], aligned["bit"], aligned["more"]) == (1, 0b10100, 0, 0)
        assert (single["aligned"], single["mask"], single["bit"], single["more"]) == (0, 0, 4, 0)

    run(bench)


def test_the_pre_shift_is_added_and_steps_and_bank_pass_through():
    async def bench(world: World) -> None:
        steps = {name: number + 1 for number, name in enumerate(STEPS)}
        await world.load(COUNTS, pre=3, **steps)
        await world.send(shift=4, parity=1)
        await world.send(shift=0, parity=0)
        assert [(request["shift"], request["bank"]) for request in world.requests] == [(7, 1), (3, 0)]
        assert all(request[name] == step for request in world.requests for name, step in steps.items())

    run(bench)


def test_a_token_goes_to_its_projection_s_slot_and_a_credit_to_its_tag():
    async def bench(world: World) -> None:
        await world.load(COUNTS, slot=2)
        await world.send(Kind.TOKEN, parity=1, last=1)
        await world.send(Kind.CREDIT, tag=3)
        token, credit = world.requests
        assert token["event"] == {"slot": 2, "parity": 1, "credit": 0, "last": 1}
        assert credit["event"] == {"slot": 3, "parity": 0, "credit": 1, "last": 0}
        assert all(
            (request["is_event"], request["once"], request["more"]) == (1, 1, 0) for request in world.requests
        )

    run(bench)
