"""A mesh of routers in simulation: every packet reaches each tile of its rectangle once, in order,
under random stalls."""

import random
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.formats.structure import HOP
from spikeplane_gateware.network.router import Router

CONFIG = ChipConfig(rows=3, cols=3, lanes=8)
#: A chip of one tile, of one row, of one column: sides are missing.
NARROW = [ChipConfig(rows=rows, cols=cols, lanes=8) for rows, cols in ((1, 1), (1, 3), (3, 1))]
FORM = packet_format(CONFIG)
STEP = {"north": (0, -1), "south": (0, 1), "east": (1, 0), "west": (-1, 0)}
BACK = {"north": "south", "south": "north", "east": "west", "west": "east"}


def mesh(config):
    m = Module()
    places = [(x, y) for y in range(config.rows) for x in range(config.cols)]
    routers: dict[tuple[int, int], Any] = {place: Router(config) for place in places}
    for (x, y), router in routers.items():
        m.submodules[f"router_{x}_{y}"] = router
        m.d.comb += [router.x.eq(x), router.y.eq(y)]
    for (x, y), router in routers.items():
        for side, (dx, dy) in STEP.items():
            if (x + dx, y + dy) in routers:
                wiring.connect(
                    m, getattr(router, f"o_{side}"), getattr(routers[x + dx, y + dy], f"i_{BACK[side]}")
                )
    return m, routers


def traffic(rng, count, config):
    """(source, packet, destinations); the payload is unique. "host" is a source and a destination too."""
    places = [(x, y) for x in range(config.cols) for y in range(config.rows)]
    sent = []
    for number in range(count):
        source = rng.choice([*places, "host"])
        if source != "host" and rng.random() < 0.2:
            sent.append((source, (0, 0, 0, 0), 1, ["host"], number))
            continue
        x0, x1 = sorted(rng.choices(range(config.cols), k=2))
        y0, y1 = sorted(rng.choices(range(config.rows), k=2))
        inside = [(x, y) for x, y in places if x0 <= x <= x1 and y0 <= y <= y1]
        sent.append((source, (x0, y0, x1, y1), 0, inside, number))
    form = packet_format(config)
    return [(s, form.pack(Kind.WRITE, rect, host, data=n), inside) for s, rect, host, inside, n in sent]


def sender(port, packets, rng, stall):
    async def send(ctx):
        for packet in packets:
            while rng.random() < stall:
                await ctx.tick()
            ctx.set(port.payload.as_value(), packet)
            ctx.set(port.valid, 1)
            for waited in range(5000):
                if (await ctx.tick().sample(port.ready))[2]:
                    break
                assert waited < 4999, "the mesh takes nothing any more"
            ctx.set(port.valid, 0)
        await ctx.tick().repeat(300)  # what is under way arrives

    return send


def receiver(port, got, rng, stall):
    async def receive(ctx):
        while True:
            ctx.set(port.ready, rng.random() >= stall)
            _, _, valid, ready, payload = await ctx.tick().sample(
                port.valid, port.ready, port.payload.as_value()
            )
            if valid and ready:
                got.append(payload)

    return receive


CASES = [(CONFIG, 0.0, 400), (CONFIG, 0.6, 400), *[(config, 0.3, 60) for config in NARROW]]


@pytest.mark.parametrize(("config", "stall", "count"), CASES)
def test_every_copy_arrives_once_and_in_order(config, stall, count):
    rng = random.Random(11)
    m, routers = mesh(config)
    packets = traffic(rng, count, config)
    ports: dict[Any, Any] = {place: (router.i_local, router.o_local) for place, router in routers.items()}
    ports["host"] = (routers[0, 0].i_west, routers[0, 0].o_west)
    received = {place: [] for place in ports}
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    for place, (into, out) in ports.items():
        mine = [packet for source, packet, _ in packets if source == place]
        simulator.add_testbench(sender(into, mine, rng, stall))
        simulator.add_testbench(receiver(out, received[place], rng, stall), background=True)
    simulator.run()
    for place, got in received.items():
        expected = [packet for _, packet, inside in packets if place in inside]
        assert sorted(got) == sorted(expected), place
        for source in ports:
            order = [packet for s, packet, inside in packets if s == source and place in inside]
            assert [packet for packet in got if packet in set(order)] == order


@pytest.mark.parametrize("pause", [0, 1, 5])
def test_a_packet_a_cycle_on_every_side_at_once(pause):
    """Straight on from all sides and from the core into the core: no cycle is lost, after a stall of every output
    neither."""
    router: Any = Router(CONFIG)
    ways = {
        "north": ("south", (1, 2, 1, 2)),
        "south": ("north", (1, 0, 1, 0)),
        "west": ("east", (2, 1, 2, 1)),
        "east": ("west", (0, 1, 0, 1)),
        "local": ("local", (1, 1, 1, 1)),
    }
    counts = dict.fromkeys(ways, 0)

    async def bench(ctx):
        ctx.set(router.x, 1)
        ctx.set(router.y, 1)
        for side, (_, rect) in ways.items():
            port = getattr(router, f"i_{side}")
            ctx.set(port.payload.as_value(), FORM.pack(Kind.WRITE, rect, 0))
            ctx.set(port.valid, 1)
        for cycle in range(HOP + 20 + pause + 20):
            stalled = HOP + 20 <= cycle < HOP + 20 + pause
            for side, (out, _) in ways.items():
                port = getattr(router, f"o_{out}")
                ctx.set(port.ready, int(not stalled))
                counts[side] += ctx.get(port.valid) & (not stalled)
            await ctx.tick()

    simulator = Simulator(router)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert counts == dict.fromkeys(ways, 40)


@pytest.mark.parametrize("period", [1, 2, 3, 4])
def test_two_that_always_ask_get_half_each_however_slow_the_way_out(period):
    """A turn is over when its packet leaves: were it over with every cycle, an output taken in
    every second one would starve one side."""
    router: Any = Router(CONFIG)
    counts = {"north": 0, "west": 0}

    async def bench(ctx):
        ctx.set(router.x, 1)
        ctx.set(router.y, 1)
        for number, side in enumerate(counts):
            port = getattr(router, f"i_{side}")
            ctx.set(port.payload.as_value(), FORM.pack(Kind.WRITE, (1, 1, 1, 1), 0, data=number))
            ctx.set(port.valid, 1)
        for cycle in range(60 * period):
            out = router.o_local
            ctx.set(out.ready, int(cycle % period == 0))
            if ctx.get(out.valid) and ctx.get(out.ready):
                counts[list(counts)[FORM.unpack(ctx.get(out.payload.as_value()))[1]["data"]]] += 1
            await ctx.tick()

    simulator = Simulator(router)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert sum(counts.values()) > 40
    assert abs(counts["north"] - counts["west"]) <= 1
