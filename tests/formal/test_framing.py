"""Stuff and Unstuff back to back, by induction: what goes in comes out once, in order, unchanged;
and whatever happened to the line before, a flag that crosses it unharmed brings Unstuff back in
step.

```
    any symbols -> Stuff -> line that stalls and, when `hurt`, drops, changes and inserts bytes -> Unstuff
```
"""

from typing import Any

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, Mux, Signal
from prover import Inside, free, mutant, offered, prove

from spikeplane.formats.frame import ESCAPE, FLAG, TWIST
from spikeplane_gateware.link import framing
from spikeplane_gateware.link.framing import SYMBOL


class Line:
    """Ghost state.

    `waits`: Stuff has taken a symbol, `next`, whose last byte is not in its output yet. `held`: its
    output is the last byte of a symbol, `symbol`. `due`: a symbol, `crossed`, has crossed unharmed
    in the cycle before. `in_step`: no damage since the last flag that crossed; `exact`: so it was
    in the cycle before, which did none either.
    """

    def __init__(self, m: Module, stuff: Any, unstuff: Any) -> None:
        go, hurt, noise, noise_valid = Signal(), Signal(), Signal(8), Signal()
        self.next: Any = Signal(SYMBOL)
        self.symbol: Any = Signal(SYMBOL)
        self.crossed: Any = Signal(SYMBOL)
        self.waits, self.held, self.due, self.in_step, self.exact, self.moves = (Signal() for _ in range(6))
        for signal in (stuff.i.valid, stuff.i.payload, go, hurt, noise, noise_valid):
            free(m, signal)
        crosses, sound, room, symbol = stuff.o.valid & go, Signal(), Signal(), self.symbol
        self.escaped = stuff.o.valid & ~self.held  # the output is an escape
        m.d.comb += [
            stuff.o.ready.eq(go),
            unstuff.i.valid.eq(Mux(hurt, noise_valid, crosses)),
            unstuff.i.payload.eq(Mux(hurt, noise, stuff.o.payload)),
            sound.eq(crosses & ~hurt & self.held),
            room.eq(~stuff.o.valid | go),
            self.moves.eq(self.waits & room & (~special(self.next) | self.escaped)),
        ]
        with m.If(room):
            m.d.sync += self.held.eq(self.moves)
        with m.If(self.moves):
            m.d.sync += [symbol.eq(self.next), self.waits.eq(0)]
        with m.If(stuff.i.valid & stuff.i.ready):
            m.d.sync += [self.waits.eq(1), self.next.eq(stuff.i.payload)]
        m.d.sync += [self.due.eq(sound), self.crossed.eq(symbol), self.exact.eq(self.in_step & ~hurt)]
        with m.If(hurt):
            m.d.sync += self.in_step.eq(0)
        with m.Elif(sound & symbol.flag):
            m.d.sync += self.in_step.eq(1)


def special(symbol: Any) -> Any:
    """A byte that goes with an escape."""
    return ~symbol.flag & ((symbol.byte == FLAG) | (symbol.byte == ESCAPE))


def harness(modules: Any) -> Module:
    m, stuff, unstuff = Module(), modules.Stuff(), modules.Unstuff()
    inner, outer = Inside(stuff), Inside(unstuff)
    m.submodules.stuff, m.submodules.unstuff = inner.fragment, outer.fragment
    line = Line(m, stuff, unstuff)
    offered(m, stuff.i, Assume)
    offered(m, stuff.o, Assert)
    _line_bytes(m, stuff, line)
    flag = line.crossed.flag
    m.d.comb += Assert(unstuff.i.ready)  # a serial line cannot wait
    with m.If(line.due & flag):  # whatever came before
        m.d.comb += Assert(unstuff.end & ~unstuff.strobe)
    with m.If(line.exact):
        m.d.comb += [
            Assert(unstuff.end == (line.due & flag)),
            Assert(unstuff.strobe == (line.due & ~flag)),
            Assert(~unstuff.strobe | (unstuff.data == line.crossed.byte)),
            Assert(~unstuff.end | ~unstuff.broken),
        ]
    following = Mux(line.next.flag, FLAG, line.next.byte)
    m.d.comb += [  # invariants: what waits, and who is between an escape and its byte
        Assert(stuff.i.ready == (~line.waits | line.moves)),
        Assert(inner["waits"] == line.waits),
        Assert(~line.waits | ((inner["byte"] == following) & (inner["special"] == special(line.next)))),
        Assert(inner["escaped"] == line.escaped),
        Assert(~line.escaped | (line.waits & special(line.next))),
        Assert(~line.in_step | (outer["escaped"] == (line.held & special(line.symbol)))),
    ]
    _covers(m, unstuff, line)
    return m


def _line_bytes(m: Module, stuff: Any, line: Line) -> None:
    """A line byte is the last of a symbol, or the escape before a symbol that waits. A flag byte is
    a flag and nothing else. A symbol is taken in the second cycle that the line moves, if not in
    the first."""
    byte, symbol, waited = stuff.o.payload, line.symbol, Signal()
    m.d.comb += Assert(~line.held | stuff.o.valid)
    with m.If(stuff.o.valid):
        m.d.comb += [
            Assert((byte == FLAG) == (line.held & symbol.flag)),
            Assert((byte == ESCAPE) == ~line.held),
            Assert(~line.held | symbol.flag | (byte == symbol.byte ^ Mux(special(symbol), TWIST, 0))),
        ]
    m.d.sync += waited.eq(stuff.i.valid & ~stuff.i.ready & stuff.o.ready)
    m.d.comb += Assert(~(waited & stuff.o.ready) | stuff.i.ready)


def _covers(m: Module, unstuff: Any, line: Line) -> None:
    """Escaped bytes arrive; damage leaves Unstuff in an escape and the flag still counts."""
    for byte in (FLAG, ESCAPE):
        m.d.comb += Cover(line.exact & unstuff.strobe & (unstuff.data == byte))
    m.d.comb += Cover(line.due & line.crossed.flag & ~line.exact & unstuff.broken)


def test_proved(tmp_path):
    verdict = prove(harness(framing), tmp_path)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(framing), tmp_path, mode="cover", depth=8)
    assert verdict.holds, verdict.log


MUTANTS = {
    "does not escape escapes": ("((incoming == FLAG) | (incoming == ESCAPE))", "(incoming == FLAG)"),
    "does not escape flags": ("((incoming == FLAG) | (incoming == ESCAPE))", "(incoming == ESCAPE)"),
    "escapes a flag": ("special.eq(~self.i.payload.flag &", "special.eq(1 &"),
    "takes with the escape": ("(free & (~special | escaped))", "free"),
    "overwrites": ("free.eq(~self.o.valid | self.o.ready)", "free.eq(1)"),
    "stays escaped after a flag": (
        "m.d.sync += escaped.eq(escape)",
        "m.d.sync += escaped.eq(escape | (flag & escaped))",
    ),
    "forgets a twist": ("Mux(escaped, TWIST, 0)", "Mux(escaped & self.strobe, TWIST, 0)"),
    "ends only in step": ("self.end.eq(self.i.valid & flag)", "self.end.eq(self.i.valid & flag & ~escaped)"),
}


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_refuted(tmp_path, change):
    assert not prove(harness(mutant(framing, *change)), tmp_path, mode="bmc", depth=8).holds
