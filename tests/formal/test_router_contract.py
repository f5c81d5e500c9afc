"""The router, by induction: a packet leaves once by each output that the rule demands and by no other, unchanged and in order.

And by enumeration: a mesh that follows the rule brings a packet to each tile of its rectangle once (so routers that are proved do too).
"""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Signal
from prover import Inside, free, mutant, prove, symbolic
from rule import OPPOSITE, SIDES, STEP, demands, legal

from spikeplane.config import ChipConfig, bits_for
from spikeplane_gateware.network import router
from spikeplane_gateware.network.router import SOURCES, Router
from spikeplane_gateware.structs import packet_struct

CONFIG = ChipConfig(rows=3, cols=3, lanes=8)
MARK = {"a": 1, "b": 2}  #: the two low bits of a payload say whether it is one of the two packets that are followed


class Followed:
    """One packet of the solver's choice: its contents, whether it has entered, by which outputs it has left, where it is."""

    def __init__(self, m: Module, dut: Any, inside: Inside, name: str, entry: Signal) -> None:
        self.m, self.mark, self.entry = m, MARK[name], entry
        self.packet = symbolic(m, packet_struct(CONFIG), f"packet_{name}")
        self.entered = Signal(name=f"entered_{name}")
        self.left = {o: Signal(name=f"left_{name}_{o}") for o in SIDES}
        self.wanted = {o: Signal(name=f"wanted_{name}_{o}") for o in SIDES}
        self.dut, self.inside = dut, inside
        m.d.comb += Assume(self.packet.payload[:2] == self.mark)
        for number, side in enumerate(SIDES):
            with m.If(entry == number):
                m.d.comb += Assume(legal(side, self.packet, dut.x, dut.y, CONFIG.cols, CONFIG.rows))
                m.d.comb += [want.eq(rule) for want, rule in zip(self.wanted.values(), self._rule(side), strict=True)]
        self._places()

    def _rule(self, side: str) -> list[Any]:
        rule = demands(side, self.packet, self.dut.x, self.dut.y)
        return [rule[o] for o in self.wanted]

    def is_in(self, word: Any) -> Any:
        """A word of packet bits carries this packet's mark."""
        return word[:2] == self.mark

    def _places(self) -> None:
        """spare, front: anywhere in the entry's FIFO; head: per output; out: per output. Elsewhere there is no mark."""
        m, inside = self.m, self.inside
        self.spare, self.front = Signal(), Signal()
        self.head = {o: Signal() for o in SIDES}
        self.out = {o: Signal() for o in SIDES}
        for number, side in enumerate(SIDES):
            slots = [(self.spare, "spare"), (self.front, "head")]
            for place, name in slots:
                word, valid = inside[f"fifo_{side}", name], inside[f"fifo_{side}", f"{name}_valid"]
                self._slot(place, word, valid, number)
            word = inside[f"head_{side}"]
            for o in SIDES:
                if side in SOURCES[o]:
                    self._slot(self.head[o], word, inside[f"want_{side}_{o}"], number)
        for o, place in self.out.items():
            port = getattr(self.dut, f"o_{o}")
            m.d.comb += place.eq(port.valid & self.is_in(port.payload.as_value()))
            m.d.comb += Assert(~place | (port.payload.as_value() == self.packet.as_value()))

    def _slot(self, place: Signal, word: Any, valid: Any, number: int) -> None:
        m, here = self.m, valid & self.is_in(word)
        m.d.comb += Assert(~here | ((self.entry == number) & (word == self.packet.as_value())))
        with m.If(self.entry == number):
            m.d.comb += place.eq(here)

    def enters(self, allowed: Any) -> None:
        """The environment may offer the packet at its entry while `allowed`, and nowhere else."""
        m = self.m
        for number, side in enumerate(SIDES):
            port = getattr(self.dut, f"i_{side}")
            offered = port.valid & self.is_in(port.payload.as_value())
            same = port.payload.as_value() == self.packet.as_value()
            m.d.comb += Assume(~offered | ((self.entry == number) & allowed & same))
            with m.If(offered & port.ready):
                m.d.sync += self.entered.eq(1)
        for o in SIDES:
            with m.If(self.out[o] & getattr(self.dut, f"o_{o}").ready):
                m.d.sync += self.left[o].eq(1)

    def contract(self) -> None:
        """Once entered it is in one place on the way to each output that wants it, and never on the way to another."""
        m, waiting = self.m, self.spare + self.front
        for o in SIDES:
            beyond = self.head[o] + self.out[o] + self.left[o]
            with m.If(self.wanted[o]):
                m.d.comb += Assert(waiting + beyond == self.entered)
            with m.Else():
                m.d.comb += Assert(beyond == 0)
        m.d.comb += Assert(~(self.spare | self.front) | self.entered)

    @property
    def released(self) -> Any:
        """A copy is beyond the head register."""
        return any_of(*self.out.values(), *self.left.values())


def any_of(*bits: Any) -> Any:
    total = bits[0]
    for bit in bits[1:]:
        total = total | bit
    return total


def harness(dut: Any) -> Module:
    m, inside = Module(), Inside(dut)
    m.submodules.dut = inside.fragment
    for side in SIDES:
        into, out = getattr(dut, f"i_{side}"), getattr(dut, f"o_{side}")
        for signal in (into.valid, into.payload, out.ready):
            free(m, signal)
    place = {axis: symbolic(m, bits_for(n), f"at_{axis}") for axis, n in (("x", CONFIG.cols), ("y", CONFIG.rows))}
    entry = symbolic(m, 3, "entry")
    m.d.comb += [dut.x.eq(place["x"]), dut.y.eq(place["y"])]
    m.d.comb += [Assume(entry < len(SIDES)), Assume(dut.x < CONFIG.cols), Assume(dut.y < CONFIG.rows)]
    a, b = (Followed(m, dut, inside, name, entry) for name in MARK)
    a.enters(~a.entered)
    b.enters(a.entered & ~b.entered)
    a.contract()
    b.contract()
    _order(m, a, b)
    _outputs(m, dut, inside)
    _fifos(m, inside)
    done = any_of(*[f.wanted[o] & ~f.left[o] for f in (a, b) for o in SIDES])
    wide = a.wanted["east"] & a.wanted["north"] & a.wanted["south"] & a.wanted["local"]
    m.d.comb += [Cover(a.entered & b.entered & ~done & wide), Cover(b.spare & a.front), Cover(a.left["west"] & a.packet.host)]
    return m


def _order(m: Module, a: Followed, b: Followed) -> None:
    """Entered later, b is behind a wherever both go."""
    m.d.comb += [
        Assert(~b.entered | a.entered),
        Assert(~a.spare | ~b.entered),
        Assert(~a.front | ~b.entered | b.spare),
        Assert(~any_of(*a.head.values()) | ~b.released),
        Assert(~any_of(*b.head.values()) | ~(a.spare | a.front)),
    ]
    for o in SIDES:
        with m.If(a.wanted[o]):
            m.d.comb += Assert(~(b.out[o] | b.left[o]) | a.left[o])


def _outputs(m: Module, dut: Any, inside: Inside) -> None:
    """An offered packet stays; an output that is free is not idle while somebody wants it."""
    for o in SIDES:
        port = getattr(dut, f"o_{o}")
        wants = any_of(*[inside[f"want_{side}_{o}"] for side in SOURCES[o]])
        stalled, due = Signal(name=f"stalled_{o}"), Signal(name=f"due_{o}")
        before = Signal.like(port.payload.as_value(), name=f"before_{o}")
        m.d.sync += [
            stalled.eq(port.valid & ~port.ready),
            before.eq(port.payload.as_value()),
            due.eq((~port.valid | port.ready) & wants),
        ]
        m.d.comb += Assert(~stalled | (port.valid & (port.payload.as_value() == before)))
        m.d.comb += Assert(~due | port.valid)


def _fifos(m: Module, inside: Inside) -> None:
    for side in SIDES:
        m.d.comb += Assert(~inside[f"fifo_{side}", "spare_valid"] | inside[f"fifo_{side}", "head_valid"])


def test_proved(tmp_path):
    verdict = prove(harness(Router(CONFIG)), tmp_path)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(Router(CONFIG)), tmp_path, mode="cover", depth=10)
    assert verdict.holds, verdict.log


MUTANTS = {
    "misroutes": ('"south": turns & (p.y1 > self.y)', '"south": turns & (p.y1 >= self.y)'),
    "loses a copy": ("(self.x <= p.x1)", "(self.x < p.x1)"),
    "copies twice": ("[want.eq(left[o]) for o, want in wants.items()]", "[]"),
    "loses when two ask": ("return {source: arbiter.grant[i] & free", "return {source: arbiter.requests[i] & free"),
    "takes unasked": ("load.eq(~Cat(*left.values()).any())", "load.eq(1)"),
    "overwrites": ("free.eq(~out.valid | out.ready)", "free.eq(1)"),
    "mixes heads": ("Mux(arbiter.grant[i], heads[source], chosen)", "Mux(arbiter.requests[i], heads[source], chosen)"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    broken = mutant(router, *change).Router(CONFIG)
    assert not prove(harness(broken), tmp_path, mode="bmc", depth=7).holds


def deliveries(source: tuple[int, int], side: str, packet: Any, cols: int, rows: int) -> list[Any]:
    """Where copies end ("host" outside the west of tile (0, 0)), following the rule from one input of one tile."""
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
