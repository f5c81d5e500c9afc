"""Sweeps of a few lanes at a time: parts, their parameters and membranes, windows, masks and planes made of parts; tables that
share memories."""

from mutants.catalogue import Mutant, Part

GATEWARE = (
    Mutant("soma/sweep/turns.py", "row[n + 1].eq(row[n])", "row[n + 1].eq(row[0])", "a part's number is that of the first stage in all"),
    Mutant("soma/sweep/turns.py", "self.runs[0] & self.last[0] & self.waits", "0", "a part does not wait for the one before"),
    Mutant("soma/sweep/turns.py", "~self.at[0].all()", "0", "a word has one part"),
    Mutant("soma/sweep/narrow_pointer.py", "leaks + p.leak_each", "leaks", "all groups have the leaks of the first"),
    Mutant("soma/sweep/narrow_pointer.py", "Cat(self.turn, leaks)", "Cat(Const(0, len(self.turn)), leaks)", "all parts have the leaks of the first"),
    Mutant("soma/sweep/sweep.py", "control.group != 0", "1", "the first group has the leaks of the second"),
    Mutant("soma/sweep/narrow_lanes.py", "turns.at[BIAS]", "turns.at[BEST]", "a part's bias is that of the one before", within="parameters.bias_at.eq(turns.at[BIAS])"),
    Mutant("soma/sweep/narrow_maximum.py", "flags[1] | (old.as_signed() < drive.as_signed())", "flags[1] | (old < drive)", "a maximum takes negative currents for large ones"),
    Mutant("soma/sweep/narrow_maximum.py", "flags[0] & (flags[1] | (old.as_signed() < drive.as_signed()))", "flags[1] | (old.as_signed() < drive.as_signed())", "a border's currents are in a window's maximum"),
    Mutant("soma/sweep/elements.py", "first | ~some", "first", "a window that begins in the border has the maximum of the one before"),
    Mutant("soma/sweep/narrow_maximum.py", "self.best_at", "self.bias_at", "the maximum of another part", within='part_table(m, c, "best", c.acc_bits, self.best_at)'),
    Mutant("soma/sweep/narrow_membranes.py", "write_at.eq(parts_of(c, p.membrane_base))", "write_at.eq(p.membrane_base)", "membranes are written elsewhere than read"),
    Mutant("soma/sweep/control.py", "parts_of(self.config, p.words)", "p.words", "some membranes are not set at the start"),
    Mutant("soma/sweep/pace.py", "apart == 0", "1", "an element comes before the parts of the last"),
    Mutant("soma/sweep/narrow_masks.py", "Cat(mask, bits)[len(bits) :]", "Cat(bits, mask)[: len(mask)]", "the parts of a mask are in the wrong order"),
    Mutant("soma/sweep/narrow_masks.py", "self.load.eq(at.all())", "self.load.eq(1)", "an item for each part of a plane", tests=("tests/unit/test_sweep_values.py",)),
    Mutant("soma/sweep/narrow_masks.py", "over & (p.levels == 0)", "over", "integer spikes are limited like values"),
    Mutant("soma/sweep/values.py", "part & self.number.all()", "part", "a word is complete with each part"),
    Mutant("soma/sweep/values.py", "Cat(row, numbers)[len(numbers) :]", "Cat(numbers, row)[: len(row)]", "the parts of a row are in the wrong order"),
    Mutant("soma/sweep/values.py", "self.row_valid", "0", "a sweep ends before its last row", within="return self.row_valid", equivalent="a group ends 8 cycles after its last word was asked for at the least, and the row is written two cycles after the state has left"),
    Mutant("soma/level_steps.py", "Mux(self.busy, step, amount)", "step", "beside integer spikes a part is reset by the amount of the one before"),
    Mutant("soma/leak.py", "odd.eq(now)", "odd.eq(odd)", "a part's own rounding is lost"),
)  # fmt: skip

LOOKUP = (
    Mutant("narrow_lookup.py", "known & (incoming.tag == last)", "incoming.tag == last", "the first packet has the projection that was read back last"),
    Mutant("narrow_lookup.py", "known & (incoming.tag == last)", "known", "all packets have the projection of the first"),
    Mutant("narrow_lookup.py", "known & (incoming.tag == last)", "Const(0)", "every packet reads its projection"),
    Mutant("narrow_lookup.py", "self.i.valid & (same | ~self.busy)", "self.i.valid", "a packet enters while the memories are read for another"),
    Mutant("narrow_lookup.py", "self.advance & (same | ~self.busy)", "self.advance", "a packet that may not enter is taken"),
    Mutant("narrow_lookup.py", "self.advance & enters & ~same", "self.advance & enters", "a packet of the same projection reads it again", equivalent="the word that is read is not taken: what is kept is the same"),
    Mutant("narrow_lookup.py", "self.advance & enters", "enters", "a packet that waits counts as the last", within="with m.If(self.advance & enters):"),
    Mutant("narrow_lookup.py", "self.write.valid | self.read.access", "self.read.access", "a projection that is loaded anew is not read"),
    Mutant("narrow_lookup.py", "self.write.valid | self.read.access", "self.write.valid", "a projection is what was read back last"),
    Mutant("narrow_lookup.py", "self._moves(1) & self.fetched", "self._moves(1)", "the projection that is kept is overwritten by an entry"),
    Mutant("narrow_lookup.py", "self.valids[3 + self.late] | host", "self.valids[3 + self.late]", "entries are not read back"),
    Mutant("narrow_lookup.py", "self.valids[3 + self.late] | host", "self.valids[3] | host", "with weights by step entries are read at another stage"),
    Mutant("narrow_lookup.py", "own | shared", "own", "projections are not written"),
    Mutant("narrow_lookup.py", "Mux(shared, part, bus[:width])", "part", "entries of two chunks are written like projections"),
    Mutant("narrow_lookup.py", "bus.word_select(number, CHUNK_BITS)", "bus.word_select(0, CHUNK_BITS)", "all parts have the first chunk"),
    Mutant("narrow_lookup.py", "bus[third : third + self.part - CHUNK_BITS]", "bus[third - 1 : third + self.part - CHUNK_BITS - 1]", "what is behind the chunks is another part's"),
    Mutant("narrow_lookup.py", "Cat(self.write.address[:bits], shared)", "self.write.address", "projections are written over entries"),
)  # fmt: skip

POPULATIONS = (
    Mutant("soma/sweep/narrow_population.py", "reads & (left == 0)", "reads & (left == 1)", "a word opens a part too early"),
    Mutant("soma/sweep/narrow_population.py", "Mux(left == 0, self.parts - 1, left - 1)", "Mux(left == 0, self.parts - 2, left - 1)", "the next word is read without its last part"),
    Mutant("soma/sweep/narrow_population.py", "self.asks & ~self.stands", "self.asks", "a word moves on while its job opens"),
    Mutant("soma/sweep/narrow_population.py", "reads | self.read.access", "reads", "words are not read back"),
    Mutant("soma/sweep/narrow_population.py", "self._place(self._number(others), self.read.address)", "self._place(left, self.read.address)", "the last part is read back, whichever is asked for"),
    Mutant("soma/sweep/narrow_population.py", "others.all()", "self.read.load & self.read.fetch", "a part is shown beside another memory's words"),
    Mutant("soma/sweep/narrow_population.py", "Cat(number[: bits_for(self.parts)], slot)", "Cat(slot[:2], number)", "parts lie elsewhere for some slots", tests=("tests/unit/test_narrow_population.py",)),
    Mutant("soma/sweep/narrow_population.py", "write.puts & chosen", "write.puts", "words of other memories are written here too"),
    Mutant("soma/sweep/narrow_population.py", "write.puts & chosen", "write.valid & chosen", "only the last part of a word is written"),
    Mutant("loader.py", "packet.data.replicate(len(SHARED))", "packet.data", "the entries of two tables are lost", tests=("tests/unit/test_core_reads.py",)),
    Mutant("loader.py", "self.chunk == 0", "1", "projections lose their first chunks", within="with m.If(self.chunk == 0):", tests=("tests/unit/test_core_reads.py",)),
    Mutant("loader.py", "self.write.place.eq(address)", "self.write.place.eq(self.write.address)", "a part is written at the address of the chunk before"),
    Mutant("soma/sweep/control.py", "self.asks.eq(self.job.valid)", "self.asks.eq(self.job.valid & (count == 1))", "a word is asked for in one cycle", tests=("tests/unit/test_narrow_population.py", "tests/unit/test_narrow_sweep.py")),
)  # fmt: skip

HALVES = (
    Mutant("half_parameters.py", "self.fetches & (count == last)", "self.fetches & (count == last - 1)", "a walk begins before the last half"),
    Mutant("half_parameters.py", "count >= words", "count > words", "half of the lanes have other leaks"),
    Mutant("half_parameters.py", "pointer.turn.eq(count)", "pointer.turn.eq(0)", "all lanes have the leaks of the first half"),
    Mutant("half_parameters.py", "pointer.onward.eq(ends)", "pointer.onward.eq(0)", "all groups have the leaks of the first, in halves"),
    Mutant("half_parameters.py", "Mux(count == last, 0, count + 1)", "count + 1", "the next group's words are counted from another one on"),
    Mutant("parameters.py", "count == number * parameter_parts(self.config) + part + 1", "count == number * parameter_parts(self.config) + 1", "both halves are the first"),
    Mutant("parameters.py", "count == number * parameter_parts(self.config) + part + 1", "count == number * parameter_parts(self.config) + parameter_parts(self.config) - part", "halves are exchanged"),
)  # fmt: skip

SOFTWARE = (
    Mutant("compiler/parameters.py", "lanes[number * each : (number + 1) * each]", "lanes[:each]", "all parts have the parameters of the first", tests=("tests/unit/test_narrow_compile.py",)),
    Mutant("compiler/parameters.py", "address * parts + number", "address + number", "parts lie over each other", tests=("tests/unit/test_narrow_compile.py",)),
    Mutant("estimate/work.py", "elements * config.sweep_turns", "elements", "a sweep takes a cycle a word, whatever it computes"),
    Mutant("estimate/work.py", "cycles + population_cycles(config) - WORD", "cycles", "a population's word takes no longer in parts"),
    Mutant("estimate/work.py", "cycles + TURN * (config.sweep_turns - 1) + parameter_cycles(config) - PARAMETERS", "cycles + TURN * (config.sweep_turns - 1)", "a group's parameters take no longer in halves"),
    Mutant("formats/memory_words.py", "parameter_parts(config) if memory == Memory.PARAMETER else 1", "1", "a header's fields of parameters are as many as lanes", tests=("tests/unit/test_c_header.py",)),
    Mutant("formats/narrow_tables.py", "population_parts(config) + 1", "population_parts(config)", "a word stands a cycle before its last part", tests=("tests/unit/test_narrow_population.py",)),
    Mutant("host/driver.py", "_GROUP * turns", "_GROUP", "groups take no longer"),
)  # fmt: skip

_TESTS = ("tests/unit/test_narrow_sweep.py", "tests/unit/test_sweep_values.py")
_SOFT = ("tests/unit/test_narrow_compile.py",)

PARTS = (
    Part(name="narrow sweep", folder="gateware/spikeplane_gateware/core", gateware=True, tests={"*": _TESTS}, mutants=GATEWARE),
    Part(
        name="narrow tables", folder="gateware/spikeplane_gateware/core/synapses", gateware=True,
        tests={"*": ("tests/unit/test_narrow_lookup.py",)}, mutants=LOOKUP,
    ),
    Part(
        name="narrow populations", folder="gateware/spikeplane_gateware/core", gateware=True,
        tests={"*": ("tests/unit/test_narrow_population.py",)}, mutants=POPULATIONS,
    ),
    Part(
        name="halves", folder="gateware/spikeplane_gateware/core/soma/sweep", gateware=True,
        tests={"*": ("tests/unit/test_half_parameters.py",)}, mutants=HALVES,
    ),
    Part(name="narrow", folder="sw/spikeplane", gateware=False, tests={"*": _SOFT}, mutants=SOFTWARE),
)  # fmt: skip
