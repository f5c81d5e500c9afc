"""The outer engine's contract, by induction, for any pairs of words, pauses and reads that come between:

- it writes rows of its pair population only, in the bank of the step, and only between `begin` and the end;
- when it is quiet the last row is written;
- nothing is lost: any row's number then counts the pairs that it is in, however close they follow each other.

```
    pairs of the solver's choice --+--> OuterEngine --rows--> one row's number --+--> equal, when quiet
                                   +--> counted --------------------------------+
```
The row and the lane are any, chosen once. PairWords is left out: what it keeps it says.
"""

# Amaranth types slices of signals as slices of pins:
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false, reportReturnType=false

from types import ModuleType

import pytest
from amaranth.hdl import Assert, Assume, Cover, Module, ResetSignal, Signal, Value
from prover import Inside, free, mutant, prove, symbolic

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.dynamic import outer, pair_words, row_adder, row_scan

CONFIG = ChipConfig(
    rows=1, cols=1, lanes=8, weight_bits=1, acc_bits=12, membrane_bits=8, weight_depth=16, acc_depth=16, membrane_depth=16,
    parameter_depth=16, populations=1, projections=1, row_depth=4, column_depth=4, group_depth=4, egress_depth=4, coord_bits=2,
    group_bits=1, max_shift=7, dynamic_depth=16, dynamic_bits=2,
)  # fmt: skip
LANES, BITS, BLOCKS = CONFIG.lanes, CONFIG.dynamic_bits, CONFIG.dynamic_depth // CONFIG.lanes
pytestmark = pytest.mark.slow


class AnyPairs(pair_words.PairWords):
    """Pairs as the solver likes."""

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for signal in (self.i.ready, self.o.valid, self.o.payload, self.rests):
            free(m, signal)
        return m


class World:
    """The engine, its surroundings, and one number of one row."""

    def __init__(self, module: ModuleType) -> None:
        self.m = Module()
        self.dut = module.OuterEngine(CONFIG)
        self.inside = Inside(self.dut)
        self.m.submodules.dut = self.inside.fragment
        self.row, self.lane = symbolic(self.m, 4, "row"), symbolic(self.m, 3, "lane")
        self.open = Signal()
        self.memory, self.expected, self.found = (
            Signal(BITS, name=n) for n in ("memory", "expected", "found")
        )
        self._surroundings()
        self._memory()
        self.mine = self.ours(self.row[3:])
        pair = self.inside
        taken = pair["words", "o__valid"] & pair["pairs", "i__ready"]
        with self.m.If(taken & self.meets(pair["words", "o__payload"])):
            self.m.d.sync += self.expected.eq(self.expected + 1)
        with self.m.If(self.dut.begin):
            self.m.d.sync += self.expected.eq(0)

    def _surroundings(self) -> None:
        m, dut, p = self.m, self.dut, self.dut.population
        closes, before = Signal(), Signal(len(p.as_value()) + 1)
        for signal in (dut.population, dut.parity, dut.begin, dut.item.valid, dut.item.payload, closes):
            free(m, signal)
        now = Signal.like(before, name="now")
        m.d.comb += now.eq(p.as_value() << 1 | dut.parity)
        m.d.sync += before.eq(now)
        valid, payload = self.inside["words", "o__valid"], self.inside["words", "o__payload"]
        m.d.comb += [
            Assume(~ResetSignal()),
            Assume(~self.open | (now == before)),
            Assume(~dut.begin | ~self.open),
            Assume((p.row_blocks >= 1) & (p.row_base + p.row_blocks <= BLOCKS)),
            Assume(
                ~valid | (self.open & (payload[LANES : 2 * LANES] != 0) & self.ours(payload[2 * LANES :]))
            ),
            Assume(~closes | (self.open & dut.quiet & ~valid)),
        ]
        m.d.sync += self.open.eq(dut.begin | (self.open & ~closes))

    def _memory(self) -> None:
        """The row's number; a job of another bank finds any."""
        m, rows = self.m, self.dut.rows
        other, self.known = Signal(BITS), Signal()
        for signal in (rows.read_ready, rows.word, other):
            free(m, signal)
        self.reads = rows.read_valid & rows.read_ready & (rows.read_row == self.row)
        self.writes = rows.write_valid & (rows.write_row == self.row)
        m.d.sync += self.known.eq(self.reads)
        with m.If(self.reads):
            m.d.sync += self.found.eq(self.memory)
        with m.If(self.writes):
            m.d.sync += self.memory.eq(self.number(rows.write_word))
        with m.If(self.dut.begin):
            m.d.sync += self.memory.eq(other)
        m.d.comb += Assume(~self.known | (self.number(rows.word) == self.found))

    def number(self, word: Value) -> Value:
        return word.word_select(self.lane, BITS)

    def ours(self, block: Value) -> Value:
        """Whether a block is the population's."""
        p = self.dut.population
        return (block >= p.row_base) & (block < p.row_base + p.row_blocks)

    def counts(self, value: Value) -> Value:
        """Whether a word of V adds to the row's number."""
        head = self.dut.population.head
        return value.bit_select(self.lane, 1) & ((self.row[:3] >> head) == (self.lane >> head))

    def meets(self, pair: Value) -> Value:
        """Whether a pair (value, key, block) will."""
        key = pair[LANES : 2 * LANES].bit_select(self.row[:3], 1)
        return self.counts(pair[:LANES]) & key & (pair[2 * LANES :] == self.row[3:])


def harness(module: ModuleType = outer) -> Module:
    world = World(module)
    m, dut, inside = world.m, world.dut, world.inside
    scan, adder = (lambda name: inside["scan", name]), (lambda name: inside["adder", name])
    have, remaining, waits = scan("have"), scan("remaining"), scan("o__valid")
    sent = scan("o__payload")
    hot, sent_block, sent_value = sent[:LANES], sent[LANES : LANES + 1], sent[LANES + 1 :]
    reading, adding = adder("reading"), adder("adding")
    at_read, at_write, writing = adder("at_read"), adder("at_write"), adder("writing")
    following, left = adder("following"), adder("left")
    p, row = dut.population, world.row
    end = Signal(6)
    m.d.comb += end.eq((p.row_base + p.row_blocks) << 3)
    cleared = (left == 0) | (row < following)
    # what is claimed
    m.d.comb += [
        Assert(dut.rows.bank == dut.parity),
        Assert(~dut.rows.write_valid | (world.open & world.ours(dut.rows.write_row[3:]))),
        Assert(~(world.open & dut.quiet & world.mine) | (world.memory == world.expected)),
        Assert(~world.reads | ~world.writes),
    ]
    # invariants: where pairs are
    head_valid, spare_valid = inside["pairs", "head_valid"], inside["pairs", "spare_valid"]
    head, spare = inside["pairs", "head"], inside["pairs", "spare"]
    ahead, under_way = Signal(3), Signal(3)
    m.d.comb += [
        ahead.eq(
            (head_valid & world.meets(head)) + (spare_valid & world.meets(spare))
            + (have & (scan("block") == row[3:]) & remaining.bit_select(row[:3], 1) & world.counts(scan("value")))
        ),
        under_way.eq(
            (waits & (sent_block == row[3:]) & hot.bit_select(row[:3], 1) & world.counts(sent_value))
            + (reading & (at_read == row) & world.counts(adder("value")))
            + (adding & (at_write == row) & adder("adds").bit_select(world.lane, 1))
        ),
        Assert(head_valid | ~spare_valid),
        Assert(have == (remaining != 0)),
        Assert(~(world.open & world.mine & cleared)
               | (((world.memory + ahead + under_way) ^ world.expected)[:BITS] == 0)),
        Assert(~(world.open & world.mine & ~cleared)
               | (((ahead ^ world.expected)[:BITS] == 0) & (under_way == 0))),
    ]  # fmt: skip
    for valid, block in (
        (head_valid, head[2 * LANES :]), (spare_valid, spare[2 * LANES :]), (have, scan("block")), (waits, sent_block),
        (reading, at_read[3:]), (adding, at_write[3:]),
    ):  # fmt: skip
        m.d.comb += Assert(~valid | (world.open & world.ours(block)))
    for valid, pair in ((head_valid, head), (spare_valid, spare)):
        m.d.comb += Assert(~valid | (pair[LANES : 2 * LANES] != 0))
    # ... which rows are under way at once, and that they are cleared
    for valid, block in ((waits, sent_block), (reading, at_read[3:]), (adding, at_write[3:])):
        m.d.comb += Assert(~valid | (left == 0) | (block < following[3:]))
    m.d.comb += [
        Assert(~waits | ((hot != 0) & ((hot & (hot - 1)) == 0))),
        Assert(writing == (reading << at_read[:3])[:LANES]),
        Assert(~(waits & reading) | ((hot & writing) == 0)),
        Assert(~(waits & adding) | ~hot.bit_select(at_write[:3], 1)),
        Assert(~(reading & adding) | (at_read[:3] != at_write[:3])),
        Assert(~(reading & (at_read == row)) | (world.known & (world.found == world.memory))),
        Assert(~(adding & (at_write == row)) | (world.number(adder("word")) == world.memory)),
        Assert(adding | ((adder("word") == 0) & (adder("adds") == 0))),
        Assert(world.open | (left == 0)),
        Assert(adder("some_left") == (left != 0)),
        Assert((left == 0) | ((following + left == end) & (following >= (p.row_base << 3)))),
    ]
    m.d.comb += Cover(world.open & dut.quiet & world.mine & (world.expected == 2) & (p.head == 1))
    return m


@pytest.fixture(autouse=True)
def any_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outer, "PairWords", AnyPairs)


def test_proved(tmp_path):
    verdict = prove(harness(), tmp_path)
    assert verdict.holds, verdict.log


def test_not_vacuous(tmp_path):
    verdict = prove(harness(), tmp_path, mode="cover", depth=26)
    assert verdict.holds, verdict.log


#: by module: what is changed there
MUTANTS = {
    "a row is read while it is written": (row_scan, " & ~self.writing", ""),
    "a row follows itself": (row_scan, "remaining & ~Mux(self.o.valid, out.hot, 0)", "remaining"),
    "rows are not cleared first": (row_scan, " & (self.all_cleared | (block < self.cleared))", ""),
    "a bit is left out": (row_scan, "(remaining & (remaining - 1)) == 0", "1"),
    "quiet too early": (row_adder, "~reading & ~adding &", "~reading &"),
    "quiet before all is cleared": (row_adder, " & self.all_cleared & ", " & "),
    "clearing takes a sum's cycle": (row_adder, "with m.If(~adding & ~self.all_cleared)", "with m.If(~self.all_cleared)"),
    "a refused read is taken for one": (row_adder, "taken = self.i.valid & port.read_ready", "taken = self.i.valid"),
    "the other heads count": (row_adder, "value & self._in_head(m, at_read)", "value"),
    "a row short": (row_adder, "left.eq(p.row_blocks << lanes)", "left.eq((p.row_blocks << lanes) - 1)"),
    "the last row is left as it was": (row_adder, "some.eq(left != 1)", "some.eq(left != 2)"),
    "the other bank": (outer, "self.rows.bank.eq(self.parity)", "self.rows.bank.eq(~self.parity)"),
    "a pair waits when it is quiet": (outer, "words.rests & ~pairs.o.valid & scan.quiet", "words.rests & scan.quiet"),
}  # fmt: skip


@pytest.mark.parametrize("change", MUTANTS.values(), ids=MUTANTS)
def test_mutants_are_not_proved(tmp_path, change, monkeypatch):
    module, old, new = change
    broken = mutant(module, old, new)
    engine = outer
    if module is outer:
        engine = broken
        monkeypatch.setattr(engine, "PairWords", AnyPairs)
    else:
        name = {row_scan: "RowScan", row_adder: "RowAdder"}[module]
        monkeypatch.setattr(outer, name, getattr(broken, name))
    assert not prove(harness(engine), tmp_path).holds
