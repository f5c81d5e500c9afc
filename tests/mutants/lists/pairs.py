"""Dynamic projections: meaning, what is laid on a chip, tables, and exact counts."""

from mutants.catalogue import Mutant, Part

_CHIP = ("tests/system/test_random_attention.py",)

SOFTWARE = (
    Mutant("program/dynamic.py", "name == p.source or name in waiting", "name == p.source", "keys that are made of queries wait for ever"),
    Mutant("program/dynamic.py", "names.index(name) >= names.index(p.target)", "False", "keys may come behind what reads them"),
    Mutant("program/dynamic.py", "shape[0] % pair.heads", "False", "heads need not divide the channels"),
    Mutant("program/dynamic.py", "(factor > 0).all()", "True", "factors of 0 and less go into thresholds"),
    Mutant("program/dynamic.py", "neuron is not None and neuron.kind.whole", "False", "integer spikes are keys"),
    Mutant("network/pair.py", "prod(shape[1:])", "1", "the worst case has one token"),
    Mutant("program/laid.py", "zip(pair.names, (0, made.words), strict=True)", "zip(pair.names, (0, 0), strict=True)", "keys and values lie on each other"),
    Mutant("program/laid.py", "[*into, Order(source=made.name, target=p.source, weight=one, kind=ALIGNED)]", "into", "queries do not wait"),
    Mutant("program/laid.py", "(size if pair.heads > 1 and words == 1 else lanes)", "lanes", "heads of less than a word meet each other"),
    Mutant("program/laid.py", "groups * pair.words * pair.words * lanes", "groups * pair.words * lanes", "a head of several words has the rows of one"),
    Mutant("program/laid.py", "ours != theirs", "False", "a pair may lie elsewhere than its reader"),
    Mutant("program/laid.py", "words // rows > side", "False", "a pair has more columns than a packet names"),
    Mutant("program/laid.py", "name in taken", "False", "two pairs of a reader have one name"),
    Mutant("program/laid.py", 'Neuron(leak="memoryless", reset="none")', 'Neuron(leak="none", reset="none")', "a token that fired once is a pair for ever", tests=_CHIP),
    Mutant("program/laid.py", "np.ones(made, dtype=np.int64)", "2 * np.ones(made, dtype=np.int64)", "one spike is no key", tests=_CHIP),
    Mutant("program/laid.py", "groups * lanes if words > 1 else channels", "channels", "a head's words are as many as its channels say"),
    Mutant("program/laid.py", "(part.core, part.first * pair.words, part.groups * pair.words)", "(part.core, part.first, part.groups)", "heads are counted as words"),
    Mutant("program/laid.py", "return lcm(*(pair.words for pair in pairs_of(network, name)))", "return max((pair.words for pair in pairs_of(network, name)), default=1)", "a core holds parts of a head where two pairs differ"),
    Mutant("program/laid_gates.py", "s.target == p.name and not s.delay", "s.target == p.name", "populations wait for a step that comes later"),
    Mutant("program/laid_gates.py", "before[p.name] <= known", "True", "a pair lies behind what waits for it"),
    Mutant("program/sizes.py", "count >> config.dynamic_bits", "False", "more tokens than the memory counts"),
    Mutant("compiler/pairs.py", "(head - part.first) * plane + projection.offset + word", "(head - part.first) * plane + projection.offset", "words of a head lie on each other"),
    Mutant("compiler/pairs.py", "(at * words * words + word) * lanes", "(at * words + word) * lanes", "heads read each other's rows"),
    Mutant("compiler/pairs.py", "words * lanes", "lanes", "a word of values is read for the next one"),
    Mutant("compiler/pairs.py", "width * both", "width", "rows of keys lie on each other"),
    Mutant("compiler/place.py", "first * size", "first * unit", "a pair's parts begin at its reader's groups"),
    Mutant("compiler/place.py", "slots[core] + len(pairs)", "slots[core]", "a core takes a reader without its pairs"),
    Mutant("compiler/counted.py", "np.abs(unit * 2.0**power - factor) <= _CLOSE * factor", "np.abs(unit * 2.0**power - factor) <= factor", "counts of another unit than their factor"),
    Mutant("compiler/units.py", "spare_places(largest, config) if projection.dynamic is None else 0", "spare_places(largest, config)", "ones are stored shifted, which nobody counts"),
    Mutant("compiler/layers.py", "bits if p.dynamic is None else COUNTED_BITS", "bits", "a count is many steps"),
    Mutant("compiler/time_channels.py", "dynamic.heads * len(blocks)", "dynamic.heads", "steps in channels attend to each other"),
    Mutant("compiler/size.py", "count.bit_length()", "count.bit_length() - 1", "the least chip counts to half of the tokens"),
    Mutant("estimate/pairs.py", "activity.spikes[dynamic.k] * share * pair.words * there", "activity.spikes[dynamic.k] * share * there", "the engine writes a word of several"),
)  # fmt: skip

GOLDEN = (
    Mutant("golden/dynamic.py", "current.reshape(q.shape).to(self.wide) << self.pre_shift", "current.reshape(q.shape).to(self.wide)", "guard bits are forgotten"),
    Mutant("golden/dynamic.py", "counted.transpose(-1, -2) @ q_heads", "counted @ q_heads", "keys are values"),
    Mutant("golden/dynamic.py", "torch.float64", "torch.float16", "sums are rounded to 11 bits",
           within="x.reshape(len(x), self.heads, x.shape[1] // self.heads, -1).to(torch.float64)"),
    Mutant("golden/dynamic.py", "x.reshape(len(x), self.heads, x.shape[1] // self.heads, -1)", "x.reshape(len(x), x.shape[1] // self.heads, self.heads, -1).transpose(1, 2)", "heads are every so many channels"),
    Mutant("golden/model.py", "(now[name] for name in dynamic.names)", "(now[name] for name in reversed(dynamic.names))", "keys are values in a network"),
    Mutant("golden/reach.py", "times(projection, source.shape)", "1", "no sum of counts is looked at"),
    Mutant("golden/float_model.py", '"nihw,njhw->nji"', '"njhw,nihw->nji"', "keys are values in floats"),
    Mutant("proof/integers.py", "p.dynamic.names if p.dynamic else ()", "()", "a layer by itself has no keys"),
)  # fmt: skip

_TESTS = ("tests/unit/test_pair.py", "tests/unit/test_pair_compile.py", "tests/unit/test_pair_tables.py")

PARTS = (
    Part(name="dynamic projections", folder="sw/spikeplane", gateware=False, tests={"*": _TESTS}, mutants=SOFTWARE),
    Part(name="golden dynamic projections", folder="sim/spikeplane_sim", gateware=False, tests={"*": _TESTS}, mutants=GOLDEN),
)  # fmt: skip
