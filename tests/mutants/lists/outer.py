"""The outer engine and the dynamic memory of a core."""

from mutants.catalogue import Mutant, Part

MUTANTS = (
    Mutant("memory.py", "Mux(rows.bank, wants[1], wants[0])", "0", "the engine takes its turn where the reader has it"),
    Mutant("memory.py", "Mux(rows.bank, reader.words[1], reader.words[0])", "reader.words[0]", "sums begin with the other bank's row"),
    Mutant("pair_words.py", "Mux(some, 1, p.pair_groups)", "1", "a word of V that is 0 moves on by one block"),
    Mutant("pair_words.py", "Mux(ends, base, following)", "following", "each token has blocks of its own"),
    Mutant("pair_words.py", "m.d.sync += [block.eq(beyond), base.eq(beyond)]", "m.d.sync += block.eq(beyond)", "a group's second token is its predecessor's"),
    Mutant("pair_words.py", "group.eq(p.group_base[0])", "group.eq(0)", "a population that begins with an odd group is a block late"),
    Mutant("pair_words.py", "Cat(mask, mask != 0)", "Cat(mask, 1)", "a word of K that is 0 is a pair"),
    Mutant("pair_words.py", "queue.level == 0", "1", "quiet while a pair waits"),
    Mutant("pair_words.py", "valid & ~(self.rests & self.o.ready)", "valid", "a pair that went past the queue comes again"),
    Mutant("pair_words.py", "queue.r_rdy | (valid & self.rests)", "queue.r_rdy", "a pair that went past the queue is lost"),
    Mutant("pair_words.py", "Mux(self.rests, pair.as_value(), queue.r_data)", "pair.as_value()", "pairs that wait take the next one's numbers"),
    Mutant("row_adder.py", "some.eq(left != 1)", "some.eq(left != 2)", "the last row is not cleared"),
    Mutant("row_adder.py", "some.eq(p.row_blocks != 0)", "some.eq(1)", "a population without rows of its own clears all"),
    Mutant("row_scan.py", "Mux(self.o.valid, out.hot, 0)", "0", "a row follows itself"),
    Mutant("row_scan.py", "remaining & ~hot", "remaining", "a bit is never done"),
    Mutant("row_scan.py", "(self.all_cleared | (block < self.cleared))", "1", "rows are added to before they are cleared"),
    Mutant("row_adder.py", "~reading & ~adding & self.all_cleared & ~self.begin", "~reading & self.all_cleared & ~self.begin",
           "the end comes before the last row"),
    Mutant("row_adder.py", "value & self._in_head(m, at_read)", "value", "other heads' lanes count"),
    Mutant("row_adder.py", "self.i.valid & port.read_ready", "self.i.valid", "a read that was refused is taken for one"),
    Mutant("row_adder.py", "~adding & ~self.all_cleared", "~self.all_cleared", "a row stays uncleared where a sum takes its cycle"),
    Mutant("outer.py", "~taken.o.valid & words.rests & ~pairs.o.valid & scan.quiet & adder.quiet", "~taken.o.valid & words.rests & ~pairs.o.valid & adder.quiet", "quiet while a word is scanned"),
)  # fmt: skip

PART = Part(
    name="outer engine",
    folder="gateware/spikeplane_gateware/core/dynamic",
    gateware=True,
    tests={"*": ("tests/unit/test_outer_engine.py",)},
    mutants=MUTANTS,
)
