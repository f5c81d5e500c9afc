"""Tables, rows of values and presentations in a core's sweep."""

from mutants.catalogue import Mutant, Part

_TESTS = ("tests/unit/test_sweep_values.py",)
_BEHIND = ("tests/unit/test_sweep_values.py -k behind",)

PARTS = (
    Part(
        name="values sent",
        folder="gateware/spikeplane_gateware/core/soma",
        gateware=True,
        tests={"*": _TESTS},
        mutants=(
            Mutant("value_table.py", "left.eq(turns)", "left.eq(turns - 1)", "lanes have their neighbours' entries"),
            Mutant("value_table.py", "~limited[-1]", "limited[-1]", "the index has no offset"),
            Mutant("value_table.py", "saturated(shifted, INDEX_BITS)", "shifted", "an index beyond the table wraps"),
            Mutant("value_table.py", "self.v.as_signed() >> p.table_shift", "self.v >> p.table_shift", "negative values have no sign"),
            Mutant("value_table.py", "p.table", "0", "every population has the first table", within="at.eq(Cat(limited[:-1], ~limited[-1], p.table))"),
            Mutant("value_table.py", "self.turn | complete", "self.turn", "the next word comes while the planes begin"),
            Mutant("value_table.py", "complete | (self.found & ~p.tabled)", "complete | self.found", "v is sent before its entry"),
            Mutant("sweep/limits.py", "beyond_planes & ~p.tabled if c.tables else beyond_planes", "beyond_planes", "an entry is limited where v is beyond the planes"),
            Mutant("sweep/masks.py", "planes.rests & ~values.busy", "planes.rests", "a word is asked for while another is in the table"),
            Mutant("sweep/values.py", "whole & ~to_rows", "whole", "rows are sent as planes too"),
            Mutant("sweep/values.py", "p.membrane_out & ~(to_rows & ~p.tabled if c.tables else to_rows)", "p.membrane_out & ~to_rows", "a word of a tabled gate comes while another is in the table"),
            Mutant("sweep/job_flags.py", "self.active.last & presentations.ends", "self.active.last", "nothing is kept from one presentation to the next"),
            Mutant("sweep/control.py", "self.early & (count >= CLEARED) & ~self.late", "self.early & (count >= CLEARED)", "a pair's credits go while a word is still to be set"),
            Mutant("sweep/control.py", "self.early & (count >= CLEARED) & ~self.late", "self.early & ~self.late", "a pair's credits go before its last word is asked for", equivalent="a credit is on its way for longer than a word is cleared"),
            Mutant("sweep/control.py", "(count >= SETTLE) & self.through", "count >= SETTLE", "a group begins while values of the last are made"),
            Mutant("sweep/items.py", "self.pairing | (self.behind & ~self.drained)", "0", "a token goes before its population's words, which stand behind a pair's", tests=_BEHIND),
            Mutant("sweep/items.py", "left & (~staged | tag)", "left & ~staged", "the next sweep waits for a pair's words", equivalent="only slower: what `figures attention` shows"),
            Mutant("sweep/items.py", "Mux(vacant, tag, items.r_data[-1])", "tag", "a pair's words that wait go to the next sweep's destination"),
            Mutant("sweep/items.py", "Mux(vacant, tag, items.r_data[-1])", "items.r_data[-1]", "a word past the queue goes where the last one did"),
            Mutant("sweep/items.py", "~vacant | ~Mux(tag, self.outer.ready, self.item.ready)", "1", "a word that went past the queue comes again"),
            Mutant("sweep/items.py", "~vacant | ~Mux(tag, self.outer.ready, self.item.ready)", "~vacant | ~self.item.ready", "a word of pairs past the queue asks the wrong end"),
            Mutant("sweep/items.py", "~vacant | ~Mux(tag, self.outer.ready, self.item.ready)", "~vacant | ~self.outer.ready", "a word past the queue asks the wrong end"),
            Mutant("sweep/items.py", "Mux(items.r_data[-1], self.outer.ready, self.item.ready)", "self.item.ready", "a word of pairs leaves the queue when a mask could"),
            Mutant("sweep/items.py", "Mux(items.r_data[-1], self.outer.ready, self.item.ready)", "self.outer.ready", "a mask leaves the queue when a word of pairs could"),
            Mutant("sweep/parameters.py", "count == LAST - 4", "count == LAST - 5", "a walk begins before a bias by step is there",
                   tests=("tests/system/test_random_mixed.py -k 'everything_at_once'",)),
            Mutant("parameter_pointer.py", "~at_leaks & (self.count < 4)", "~at_leaks & (self.count < 3)", "a group begins at the last one's biases"),
            Mutant("sweep/row_sweep.py", "rows & ~self.engaged", "rows", "a sweep takes the engine from the one before"),
            Mutant("sweep/control.py", "m.d.sync += self.active.eq(self.job.payload)", "", "the next job's step is looked up too late",
                   tests=("tests/system/test_random_mixed.py -k 'everything_at_once'",)),
            Mutant("presentations.py", "self.active.initial | self.ends", "self.ends", "START keeps the count"),
            Mutant("presentations.py", "self.advance & (self.active.initial | self.active.last)", "self.advance", "steps count as presentations"),
            Mutant("presentations.py", "number == self.population.presentations_last", "number == self.population.presentations_last + 1", "a presentation too many"),
        ),
    ),
    Part(
        name="rows of values",
        folder="gateware/spikeplane_gateware/core/dynamic",
        gateware=True,
        tests={"*": _TESTS},
        mutants=(
            Mutant("under_way.py", "all_in & self.quiet", "self.quiet", "rows are ready between two words"),
            Mutant("under_way.py", "all_in & self.quiet", "all_in", "rows are ready before the last one is written"),
            Mutant("under_way.py", "all_in.eq(0)", "all_in.eq(all_in)", "rows are ready as soon as the sweep begins"),
            Mutant("under_way.py", "self.busy.eq(1)", "self.busy.eq(0)", "a sweep begins while the engine works for another"),
            Mutant("row_adder.py", "m.d.sync += some.eq(0)", "pass", "rows of values are cleared"),
            Mutant("row_adder.py", "reading | self.row_valid", "reading", "a row is not written"),
            Mutant("row_adder.py", "Mux(self.row_valid, self.row, 0)", "self.row", "values are added to sums of pairs"),
        ),
    ),
)  # fmt: skip
