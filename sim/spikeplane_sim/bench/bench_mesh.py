"""Bench of a mesh of routers: every packet reaches each tile of its rectangle once, in order per
source, whatever stalls."""

import random
from typing import Any

import cocotb

from spikeplane.formats.packet import Kind, packet_format
from spikeplane_sim.bench.designs import design
from spikeplane_sim.bench.streams import Ends, Stall

CONFIG = design("mesh").config
FORM = packet_format(CONFIG)
TILES = [f"{x}_{y}" for y in range(CONFIG.rows) for x in range(CONFIG.cols)]
PLACES = [*TILES, "host"]


def packet(source: str, number: int) -> tuple[int, list[str]]:
    """A packet with a unique payload and where it has to arrive."""
    if source != "host" and random.random() < 0.2:
        return FORM.pack(Kind.WRITE, (0, 0, 0, 0), 1, data=number), ["host"]
    x0, x1 = sorted(random.choices(range(CONFIG.cols), k=2))
    y0, y1 = sorted(random.choices(range(CONFIG.rows), k=2))
    inside = [f"{x}_{y}" for y in range(y0, y1 + 1) for x in range(x0, x1 + 1)]
    return FORM.pack(Kind.WRITE, (x0, y0, x1, y1), data=number), inside


@cocotb.test()
@cocotb.parametrize(stalling=[True, False], count=[20, 200])
async def every_tile_once_and_in_order(dut: Any, stalling: bool, count: int) -> None:
    """Each rectangle's tiles get each packet once, in order from each source."""
    ends = Ends(dut)
    sources = {place: ends.source(f"i_{place}", Stall(never=not stalling)) for place in PLACES}
    sinks = {place: ends.sink(f"o_{place}", Stall(never=not stalling)) for place in PLACES}
    await ends.start()
    expected: dict[tuple[str, str], list[int]] = {(a, b): [] for a in PLACES for b in PLACES}
    for number in range(count * len(PLACES)):
        source = random.choice(PLACES)
        word, inside = packet(source, number)
        sources[source].queue.append(word)
        for place in inside:
            expected[source, place].append(word)
    total = sum(len(words) for words in expected.values())
    await ends.until(
        lambda: sum(len(s.got) for s in sinks.values()) >= total, 2000 + 100 * count, f"{total} copies"
    )
    await ends.run(60)
    for place, sink in sinks.items():
        for source in PLACES:
            mine = set(expected[source, place])
            assert [word for word in sink.got if word in mine] == expected[source, place], (
                f"{source} to {place}"
            )
        assert len(sink.got) == sum(len(expected[source, place]) for source in PLACES), (
            f"{place}: not all are its own"
        )
