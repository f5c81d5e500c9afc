"""Tables in two memories: what is read for whom, where it lies, what waits for what."""

from mutants.catalogue import Mutant, Part

LOOKUP = (
    Mutant("shared_lookup.py", "self.spaced.eq(~stages[1])", "self.spaced.eq(1)", "a packet follows in the next cycle"),
    Mutant("shared_lookup.py", "~stages[1] & ~stages[2]", "~stages[1]", "a projection is read over that of the packet before"),
    Mutant("shared_lookup.py", "stages[READS + 2] & ~self.advance", "0", "an entry that waits is lost to a part of another word"),
    Mutant("shared_lookup.py", "self._moves(READS + 1) | (stages[READS + 2] & ~self.advance)", "stages[READS + 2] & ~self.advance", "a part is asked for while GROUP is read"),
    Mutant("shared_lookup.py", "known & (incoming.tag == last)", "incoming.tag == last", "the first packet has the projection that was read back last"),
    Mutant("shared_lookup.py", "known & (incoming.tag == last)", "known", "all packets have the projection of the first"),
    Mutant("shared_lookup.py", "self._has_slot(self.i.payload.kind)", "0", "a credit waits for the projection of its slot's number"),
    Mutant("shared_lookup.py", "self.i.valid & ~same & self.drained & ~self.busy & ~self.slots.valid", "self.i.valid & ~same & self.drained & ~self.busy", "a projection has a part of a population"),
    Mutant("shared_lookup.py", "self.write.valid | self.read.access", "self.read.access", "a projection that is loaded anew is not read"),
    Mutant("shared_lookup.py", "self.write.valid | self.read.access", "self.write.valid", "a projection is what was read back last"),
    Mutant("shared_lookup.py", "self.fetches | self.read.access", "self.fetches", "projections are not read back", within="takes.eq(self.fetches | self.read.access)"),
    Mutant("shared_lookup.py", "self.valids[READS + 1] | self._asked(Memory.COLUMN)", "self.valids[READS + 1]", "COLUMN is not read back"),
    Mutant("shared_lookup.py", "self.valids[READS + 1] | self._asked(Memory.COLUMN)", "self._asked(Memory.COLUMN)", "a column has the entry of a row"),
    Mutant("shared_lookup.py", "self._moves(READS) | self._moves(READS + 1) | self.read.access", "self._moves(READS) | self.read.access", "a column has the row's entry"),
    Mutant("shared_lookup.py", "Cat(self.write.address[:place], chosen)", "self.write.address[:place]", "columns are written over rows"),
    Mutant("shared_lookup.py", "self.slots.valid & ~self._asked(Memory.PROJECTION)", "self.slots.valid", "a part of a population is read back for a projection's"),
    Mutant("shared_lookup.py", "self._moves(READS + 1) | self._asked(Memory.GROUP)", "self._moves(READS + 1)", "GROUP is not read back"),
    Mutant("shared_lookup.py", "chosen[Memory.PROJECTION] | chosen[Memory.POPULATION]", "chosen[Memory.PROJECTION]", "populations are not written"),
    Mutant("shared_lookup.py", "Mux(own, write.data[:bits], write.part)", "write.part", "entries of GROUP are the packet behind them"),
    Mutant("shared_lookup.py", "Mux(self.read.access, asked_part(others), self.left)", "self.left", "the last part is read back, whichever is asked for"),
    Mutant("shared_lookup.py", "self.slots.valid & ~self.busy", "0", "a population's part is not read"),
)  # fmt: skip

POPULATION = (
    Mutant("shared_population.py", "asks & self.slots.ready", "asks", "a part counts that was not read"),
    Mutant("shared_population.py", "asks | self.read.access", "asks", "words are not read back"),
)  # fmt: skip

FORMATS = (
    Mutant("shared_tables.py", "max(bits_for(config.row_depth), bits_for(config.column_depth))", "bits_for(config.row_depth)", "columns beyond the rows' number lie over rows"),
    Mutant("shared_tables.py", "-(-behind // span) * span", "behind", "parts lie over entries"),
    Mutant("shared_tables.py", "parts_place(config, Memory.PROJECTION) + _span(config, Memory.PROJECTION)", "parts_place(config, Memory.PROJECTION)", "populations lie over projections"),
)  # fmt: skip

_TESTS = ("tests/unit/test_shared_lookup.py",)

PARTS = (
    Part(name="shared tables", folder="gateware/spikeplane_gateware/core/synapses", gateware=True, tests={"*": _TESTS}, mutants=LOOKUP),
    Part(name="shared populations", folder="gateware/spikeplane_gateware/core/soma/sweep", gateware=True, tests={"*": _TESTS}, mutants=POPULATION),
    Part(name="shared places", folder="sw/spikeplane/formats", gateware=False, tests={"*": _TESTS}, mutants=FORMATS),
)  # fmt: skip
