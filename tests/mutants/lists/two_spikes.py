"""Two spikes a cycle: which bits are walked together, their rows of weights, the memory's two ports, the sum of two weights."""

from mutants.catalogue import Mutant, Part

SCAN = (
    Mutant("scan.py", "Mux(alone, above, above & below[::-1])", "above", "the second of two is walked again"),
    Mutant("scan.py", "Mux(alone, above, above & below[::-1])", "above & below[::-1]", "the last bit of those that come alone is lost"),
    Mutant("scan.py", "(above != 0) & ~alone", "~alone", "one that is left is its own second"),
    Mutant("scan.py", "(above != 0) & ~alone", "above != 0", "bits that come alone have a second"),
    Mutant("scan.py", "second.eq(~last)", "second.eq(last)", "the second is as far from the other end"),
    Mutant("lookup.py", "both & ~projection.aligned & ~self._is_event(kind)", "both & ~self._is_event(kind)", "an aligned mask has a second bit"),
    Mutant("lookup.py", "both & ~projection.aligned & ~self._is_event(kind)", "both & ~projection.aligned", "an event has a second bit", equivalent="an op that is an event neither adds (`adds_second`) nor counts a second"),
)  # fmt: skip

WALK = (
    Mutant("walker.py", 'pointers["weight"] + self.partner.second', 'pointers["weight"] + bit', "the second has the first one's weights"),
    Mutant("walker.py", "m.d.sync += [self.partner.second.eq(second), self.partner.both.eq(both)]", "m.d.sync += self.partner.second.eq(second)", "every walk has a second where the first has one"),
    Mutant("walker.py", "m.d.sync += [self.partner.second.eq(second), self.partner.both.eq(both)]", "m.d.sync += self.partner.both.eq(both)", "every walk has the second of the first"),
    Mutant("walker.py", "Value.cast(Cat(ends & ~self.partner.both, ends & self.partner.both))", "Value.cast(Cat(ends, 0))", "two spikes count as one"),
    Mutant("walker.py", "request.dynamic if self.config.dynamic_depth else Const(0)", "Const(0)", "two rows are read at once"),
    Mutant("stage.py", "Value.cast(Cat(taken & ~both, taken & both))", "Value.cast(Cat(taken, 0))", "two words that are added count as one", tests=("tests/system/test_random.py -k 'test_random_networks and row'",)),
)  # fmt: skip

WEIGHTS = (
    Mutant("weights.py", "Mux(writes, write.address, Mux(read.fetch, read.address, op.weight_address))", "Mux(read.fetch, read.address, op.weight_address)", "weights are written to the word read last"),
    Mutant("weights.py", "takes | writes", "takes", "all weights are written to one address"),
    Mutant("weights.py", "write.valid & (write.memory == Memory.WEIGHT)", "write.valid", "the words of other memories are written over weights", tests=("tests/system/test_random.py -k 'test_random_networks and row'",)),
    Mutant("weights.py", "op.second_address", "op.weight_address", "the first word is added twice"),
    Mutant("weights.py", "self.taken & op.both", "op.both", "the second word is that of an op that waits", equivalent="an op that waits is offered until it is taken, so its second word is read again; what is read before is not taken (`loads`)"),
    Mutant("weights.py", "self.taken & op.both", "self.taken", "the second word is read for one", equivalent="the adder leaves it out (`both`): this saves power"),
)  # fmt: skip

ADDER = (
    Mutant("operand.py", "valid & first.both & ~first.is_event", "0", "the second weight is not added"),
    Mutant("operand.py", "Mux(both, other, 0)", "other", "the second weight of the op before is added"),
    Mutant("operand.py", "other & both", "other", "one weight of 1 bit is minus three"),
    Mutant("operand.py", "~self.both[0]", "1", "two weights of 1 bit have an odd sum"),
    Mutant("operand.py", "one.as_signed() + Mux(both, other, 0).as_signed()", "one.as_signed() + Mux(both, other, 0)", "the second weight has no sign"),
    Mutant("operand.py", "self.high[lane * self.more :][: self.more]", "self.high[: self.more]", "all sums have the highest bit of the first lane's"),
)  # fmt: skip

RAM = (
    Mutant("ram.py", "self.read_en & ~self.write_en", "self.read_en", "a word that is written is read"),
)  # fmt: skip

_UNIT = ("tests/unit/test_two_spikes.py",)
_SUMS = ("tests/unit/test_core_accumulate.py",)
_CORE = "gateware/spikeplane_gateware/core"

PARTS = (
    Part(name="two spikes", folder=f"{_CORE}/synapses", gateware=True, tests={"weights.py": _SUMS, "*": _UNIT}, mutants=(*SCAN, *WALK, *WEIGHTS)),
    Part(name="two weights", folder=f"{_CORE}/dynamic", gateware=True, tests={"*": _SUMS}, mutants=ADDER),
    Part(name="two ports", folder="gateware/spikeplane_gateware", gateware=True, tests={"*": _UNIT}, mutants=RAM),
)  # fmt: skip
