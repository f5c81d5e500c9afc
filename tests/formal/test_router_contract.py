"""The router, by induction: a packet leaves once by each output that the rule demands and by no
other, unchanged and in order.

And by enumeration: a mesh that follows the rule brings a packet to each tile of its rectangle once
(so routers that are proved do too).
"""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from amaranth.hdl import Assert, Cover, Module, Signal
from followed import CONFIG, MARK, Followed, Front, any_of, broken_router, entries, surroundings
from prover import Inside, prove
from rule import OPPOSITE, SIDES, STEP, demands, legal

from spikeplane.formats.structure import SOURCES
from spikeplane_gateware.network import entry, output, route
from spikeplane_gateware.network.router import Router


def harness(dut: Any) -> Module:
    m, inside = Module(), Inside(dut)
    m.submodules.dut = inside.fragment
    entry = surroundings(m, dut, stalls=True)
    a, b = (Followed(m, dut, inside, name, entry) for name in MARK)
    a.enters(~a.entered)
    b.enters(a.entered & ~b.entered)
    a.contract()
    b.contract()
    _order(m, a, b)
    _outputs(m, dut, inside)
    entries(m, inside)
    done = any_of(*[f.wanted[o] & ~f.left[o] for f in (a, b) for o in SIDES])
    wide = a.wanted["east"] & a.wanted["north"] & a.wanted["south"] & a.wanted["local"]
    m.d.comb += [
        Cover(a.entered & b.entered & ~done & wide),
        Cover(b.behind & any_of(*a.head.values())),
        Cover(a.left["west"] & a.packet.host),
    ]
    return m


def _order(m: Module, a: Followed, b: Followed) -> None:
    """Entered later, b is behind a wherever both go."""
    m.d.comb += [
        Assert(~b.entered | a.entered),
        Assert(~a.behind | ~b.entered),
        Assert(~any_of(*a.head.values()) | ~b.entered | b.behind),
        Assert(~any_of(*a.head.values()) | ~b.released),
        Assert(~any_of(*b.head.values()) | ~a.behind),
    ]
    for o in SIDES:
        with m.If(a.wanted[o]):
            m.d.comb += Assert(~(b.out[o] | b.left[o]) | a.left[o])


def _outputs(m: Module, dut: Any, inside: Inside) -> None:
    """An offered packet stays; an output that is free is not idle while somebody wants it."""
    for o in SIDES:
        port = getattr(dut, f"o_{o}")
        wants = any_of(*[Front(inside, side).wants(o) for side in SOURCES[o]])
        stalled, due = Signal(name=f"stalled_{o}"), Signal(name=f"due_{o}")
        before = Signal.like(port.payload.as_value(), name=f"before_{o}")
        m.d.sync += [
            stalled.eq(port.valid & ~port.ready),
            before.eq(port.payload.as_value()),
            due.eq((~port.valid | port.ready) & wants),
        ]
        m.d.comb += Assert(~stalled | (port.valid & (port.payload.as_value() == before)))
        m.d.comb += Assert(~due | port.valid)


def test_proved(tmp_path):
    verdict = prove(harness(Router(CONFIG)), tmp_path)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(Router(CONFIG)), tmp_path, mode="cover", depth=10)
    assert verdict.holds, verdict.log


MUTANTS = {
    "misroutes": (route, '"south": turns & (p.y1 > self.y)', '"south": turns & (p.y1 >= self.y)'),
    "loses a column": (route, "(self.x <= p.x1)", "(self.x < p.x1)"),
    "copies twice": (entry, "left = self.wants & ~self.granted", "left = self.wants"),
    "loses when two ask": (output, "Mux(free, arbiter.grant, 0)", "Mux(free, self.requests, 0)"),
    "takes unasked": (entry, "done.eq(left == 0)", "done.eq(1)"),
    "takes more than it holds": (entry, "self.i.ready.eq(~waits)", "self.i.ready.eq(1)"),
    "shows the wrong slot": (entry, "read.eq(write ^ waits)", "read.eq(write)"),
    "overwrites": (output, "free.eq(~self.o.valid | self.o.ready)", "free.eq(1)"),
    "mixes packets": (output, "Mux(arbiter.grant[k]", "Mux(self.requests[k]"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    assert not prove(harness(broken_router(*change)), tmp_path, mode="bmc", depth=7).holds


def deliveries(source: tuple[int, int], side: str, packet: Any, cols: int, rows: int) -> list[Any]:
    """Where copies end ("host" outside the west of tile (0, 0)), following the rule from one input
    of one tile."""
    ends, moving = [], [(source, side)]
    while moving:
        (x, y), came = moving.pop()
        assert legal(came, packet, x, y, cols, rows), (x, y, came, packet)
        for out, wanted in demands(came, packet, x, y).items():
            if not wanted:
                continue
            assert came in SOURCES[out]
            if out == "local":
                ends.append((x, y))
            elif (x, y, out) == (0, 0, "west"):
                ends.append("host")
            else:
                dx, dy = STEP[out]
                assert 0 <= x + dx < cols, (packet, x, out)
                assert 0 <= y + dy < rows, (packet, y, out)
                moving.append(((x + dx, y + dy), OPPOSITE[out]))
    return sorted(ends, key=str)


@pytest.mark.parametrize(("cols", "rows"), [(1, 1), (2, 2), (3, 3), (4, 2), (2, 5), (4, 4)])
def test_the_rule_reaches_each_tile_of_the_rectangle_once(cols, rows):
    tiles = list(itertools.product(range(cols), range(rows)))
    starts = [(tile, "local") for tile in tiles] + [((0, 0), "west")]
    for (x0, y0), (x1, y1) in itertools.product(tiles, tiles):
        if x0 > x1 or y0 > y1:
            continue
        packet = SimpleNamespace(x0=x0, y0=y0, x1=x1, y1=y1, host=0)
        inside = sorted(((x, y) for x, y in tiles if x0 <= x <= x1 and y0 <= y <= y1), key=str)
        for tile, side in starts:
            assert deliveries(tile, side, packet, cols, rows) == inside
    for tile in tiles:
        packet = SimpleNamespace(x0=0, y0=0, x1=0, y1=0, host=1)
        assert deliveries(tile, "local", packet, cols, rows) == ["host"]
