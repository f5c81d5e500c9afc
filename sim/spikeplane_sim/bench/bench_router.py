"""Bench of one router: traffic from all five sides, every end stalling at random, copies counted
and kept in order."""

import random
from typing import Any

import cocotb

from spikeplane.formats.packet import Kind, packet_format
from spikeplane_sim.bench.designs import NETWORK
from spikeplane_sim.bench.streams import Ends, Stall

FORM = packet_format(NETWORK)
SIDES = ("north", "east", "south", "west", "local")


def wanted(side: str, rect: tuple[int, int, int, int], host: int, x: int, y: int) -> list[str]:
    """The outputs that a packet from `side` has to leave by, at tile (x, y): straight on, and at
    its columns into them."""
    x0, y0, x1, y1 = rect
    if host:
        return ["west"] if (x, y) == (0, 0) else ["north"] if x == 0 else ["west"]
    out = []
    if side in ("west", "local") and x1 > x:
        out.append("east")
    if side in ("east", "local") and x0 < x:
        out.append("west")
    if x0 <= x <= x1:
        out += (
            ["north"] * (y0 < y and side != "north")
            + ["south"] * (y1 > y and side != "south")
            + ["local"] * (y0 <= y <= y1)
        )
    return out


def traffic(side: str, x: int, y: int) -> tuple[tuple[int, int, int, int], int]:
    """A rectangle that may come in by `side`, and whether it is for the host."""
    cols, rows = NETWORK.cols, NETWORK.rows
    while True:
        if random.random() < 0.15 and (side == "local" or side == "east" or (side == "south" and x == 0)):
            return (0, 0, 0, 0), 1
        x0, x1 = sorted(random.choices(range(cols), k=2))
        y0, y1 = sorted(random.choices(range(rows), k=2))
        column = x0 <= x <= x1
        fits = {
            "north": column and y1 >= y,
            "south": column and y0 <= y,
            "east": x0 <= x,
            "west": x1 >= x,
            "local": True,
        }
        if fits[side]:
            return (x0, y0, x1, y1), 0


async def exercise(dut: Any, x: int, y: int, *, stalling: bool, count: int) -> None:
    """Random packets at every side under random stalls."""
    ends = Ends(dut)
    dut.x.value, dut.y.value = x, y
    sources = {side: ends.source(f"i_{side}", Stall(never=not stalling)) for side in SIDES}
    sinks = {side: ends.sink(f"o_{side}", Stall(never=not stalling)) for side in SIDES}
    await ends.start()
    expected: dict[tuple[str, str], list[int]] = {(a, b): [] for a in SIDES for b in SIDES}
    number = 0
    for side in SIDES:
        for _ in range(count):
            rect, host = traffic(side, x, y)
            packet = FORM.pack(Kind.WRITE, rect, host, data=number)
            sources[side].queue.append(packet)
            for out in wanted(side, rect, host, x, y):
                expected[side, out].append(packet)
            number += 1
    total = sum(len(packets) for packets in expected.values())
    await ends.until(
        lambda: sum(len(sink.got) for sink in sinks.values()) >= total, 200 * count, f"{total} copies"
    )
    await ends.run(50)
    for out, sink in sinks.items():
        for side in SIDES:
            mine = set(expected[side, out])
            assert [packet for packet in sink.got if packet in mine] == expected[side, out], (
                f"{side} to {out}"
            )
        assert len(sink.got) == sum(len(expected[side, out]) for side in SIDES), (
            f"{out}: packets that are not its own"
        )


@cocotb.test()
@cocotb.parametrize(place=[(0, 0), (1, 1), (2, 2), (0, 2), (2, 0)], stalling=[True, False])
async def every_copy_once_and_in_order(dut: Any, place: tuple[int, int], stalling: bool) -> None:
    """Each output gets its copies once, in order from each side."""
    await exercise(dut, *place, stalling=stalling, count=150)
