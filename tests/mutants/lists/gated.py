"""Gates that multiply values, tables of functions, and samples that are presented several times."""

from mutants.catalogue import Mutant, Part

VALUES = ("tests/system/test_gate_values.py",)
COMPILED = ("tests/unit/test_gate_quantise.py", "tests/unit/test_gate_numbers.py")

SOFTWARE = (
    Mutant("network/gate.py", "replace(self, g=other(self.g))", "self", "a gate of a renamed layer is called as before"),
    Mutant("network/pair.py", "return projection.dynamic.top", "return 1", "the largest product is what is gated alone"),
    Mutant("program/bounds.py", "min(low, 0), max(high, 0)", "low, high", "no product is 0"),
    Mutant("program/check.py", "p.source in alike and p.dynamic is None", "p.source in alike", "a current behind a gate is held"),
    Mutant("program/gate.py", "size[0] in (1, shape[0])", "True", "a gate of other channels is taken"),
    Mutant("program/gate.py", "tuple(size[1:]) in ((1, 1), tuple(shape[1:]))", "True", "a gate of other pixels is taken"),
    Mutant("program/gate.py", "(weight == 1).all()", "True", "weights beside a gate are lost"),
    Mutant("program/gate.py", "(np.isfinite(weight) & (weight > 0)).all()", "True", "factors of 0 and less are taken"),
    Mutant("program/gate.py", "config.gates and config.dynamic_depth", "config.dynamic_depth", "a chip without gates takes them"),
    Mutant("program/gate.py", "low < 0 or high > most", "high > most", "gates below 0 are stored"),
    Mutant("program/gate.py", "min(config.dynamic_bits, config.membrane_bits - 1)", "config.dynamic_bits", "a gate goes beyond the membranes that make it"),
    Mutant("program/gate.py", "high > gate.top", "False", "a gate goes beyond the bound of its products"),
    Mutant("program/gate.py", "low < -top or high >= top", "low < -top", "values are copied that no membrane holds"),
    Mutant("program/dynamic.py", "isinstance(p.dynamic, Pair)", "False", "keys wait for queries that wait for them", within="(p.source, p.target) if isinstance(p.dynamic, Pair)"),
    Mutant("program/values.py", "neuron.kind.spikes or neuron.low", "neuron.kind.spikes", "a table stands beside planes that are left out"),
    Mutant("program/values.py", "low <= value <= high", "value <= high", "entries are less than their planes hold"),
    Mutant("program/values.py", "not 0 <= table.shift < config.membrane_bits", "False", "a table has any shift"),
    Mutant("program/values.py", "kept and network.presentations > config.presentations", "False", "a chip counts any number of presentations"),
    Mutant("program/once.py", "p.kept and network.presentations > 1", "False", "a neuron fires once in each presentation"),
    Mutant("program/structure.py", "net.presentations > MOST_PRESENTATIONS", "False", "a sample is presented any number of times"),
    Mutant("program/structure.py", "population.kept and population.neuron is None", "False", "an input keeps membranes"),
    Mutant("program/plain.py", "named <= {f.name for f in fields(kind)}", "True", "a gate in a file is a pair"),
    Mutant("program/file.py", '({"presentations": times} if times > 1 else {})', "{}", "a program forgets how often a sample is presented"),
    Mutant("estimate/forward.py", "out[projection.source][t] * out[dynamic.g][t] << projection.pre_shift", "out[projection.source][t] * out[dynamic.g][t]", "the estimate has no guard bits of gates"),
    Mutant("estimate/forward.py", "network.presentations - 1", "0", "the estimate has the first presentation"),
    Mutant("program/laid_gates.py", "source.neuron is None or laid.needs(given.name, source.name)", "source.neuron is None", "what makes a gate waits for it"),
    Mutant("program/laid_gates.py", "{(p.dynamic.g, p.target) for p in self.projections if isinstance(p.dynamic, Gate)}", "set()", "what a gate is made of through another gate waits for it"),
    Mutant("program/laid_gates.py", "max(1, top.bit_length())", "1", "a gate's rows have one bit", equivalent="rows take what neurons hold, whatever their planes, and nothing of it is sent"),
    Mutant("program/laid_gates.py", "not (own.relu or own.kind.whole)", "False", "copies of values below 0 are 0"),
    Mutant("program/laid_gates.py", "Order(source=rows.name, target=waiting, weight=one, kind=ALIGNED)", "Order(source=rows.name, target=projection.target, weight=one, kind=ALIGNED)", "what is gated does not wait for its gate"),
    Mutant("compiler/options.py", "first // ENTRIES", "first", "a table's number is its first entry"),
    Mutant("compiler/options.py", "self.network.presentations - 1", "self.network.presentations", "membranes are kept a presentation longer"),
    Mutant("compiler/options.py", "not population.kept or self.network.presentations == 1", "self.network.presentations == 1", "all membranes are kept"),
    Mutant("compiler/pairs.py", "at * rows", "at", "groups of a gate lie on each other"),
    Mutant("compiler/pairs.py", "int(tuple(gate.shape[1:]) == (height, width))", "1", "pixels read rows that a gate of one does not have"),
    Mutant("compiler/pairs.py", "at * acc * step", "at * step", "rows of pixels read each other's gates"),
    Mutant("compiler/pairs.py", "0 <= at < part.groups", "True", "groups of other cores are gated here"),
    Mutant("front/stream.py", "(times := program.network.presentations) > 1", "False", "a stream is presented once"),
)  # fmt: skip

COMPILER = (
    Mutant("gates.py", "config.dynamic_bits or _BITS", "_BITS", "gates have more bits than the dynamic memory"),
    Mutant("gates.py", "0 if function.low >= 0 else -top - 1", "0", "functions below 0 are cut off"),
    Mutant("gates.py", "np.asarray(p.weight, np.float64) * one", "np.asarray(p.weight, np.float64)", "a gate counts its integer in real numbers"),
    Mutant("gates.py", "replace(p.dynamic, top=top)", "p.dynamic", "a gate says that it goes up to 1"),
    Mutant("gates.py", "low < 0", "False", "gates below 0 are taken", within="if low < 0: raise"),
    Mutant("gates.py", "(2.0**shift - 1) / 2", "0", "an entry is that of its least membrane"),
    Mutant("gates.py", "(ENTRIES // 2 << shift) * step < furthest", "False", "a table reaches 128 units"),
    Mutant("gates.py", "bits(config) + (low < 0)", "bits(config)", "a function's sign has no plane"),
    Mutant("counted.py", "(np.abs(one - factor) <= _CLOSE * factor).all()", "True", "products are of another unit than their sum"),
    Mutant("quantise.py", "population.kept", "False", "latches are cleared between presentations"),
    Mutant("quantise.py", "net.presentations", "1", "a sample is presented once, whatever the floats say"),
    Mutant("layers.py", "(*decay, *decay)", "decay", "what is kept gathers through one presentation"),
    Mutant("by_step.py", "np.max(neuron.decay, 0)", "neuron.decay[0]", "decays are those of the first step"),
    Mutant("ranges.py", "1 if isinstance(p.dynamic, Gate) else pixels", "pixels", "a gate's values average out as sums do"),
    Mutant("units.py", "source.neuron is not None and source.neuron.table is None", "True", "a function's unit anchors a layer"),
    Mutant("ties.py", "any(isinstance(p.dynamic, Gate) for p in net.incoming(name))", "False", "the unit of a product is another's too"),
)  # fmt: skip

GOLDEN = (
    Mutant("golden/gate.py", "x.to(torch.int64) * g.to(torch.int64) << self.pre_shift", "x.to(torch.int64) * g.to(torch.int64)", "guard bits of a gate are forgotten"),
    Mutant("golden/gate.py", "x.to(torch.int64) * g.to(torch.int64)", "x.to(torch.int64) * (g.to(torch.int64) != 0)", "a gate is open or closed", within="(x.to(torch.int64) * g.to(torch.int64) << self.pre_shift)"),
    Mutant("golden/gate.py", "isinstance(projection.dynamic, Gate)", "False", "gates count"),
    Mutant("golden/gate.py", "(v >> table.shift) + 128", "(v >> table.shift)", "a table begins at 0"),
    Mutant("golden/gate.py", "v >> table.shift", "v", "all bits of a membrane count in a table", within="((v >> table.shift) + 128)"),
    Mutant("golden/gate.py", "((v >> table.shift) + 128).clamp(0, 255)", "((v >> table.shift) + 128).remainder(256)", "a table goes round"),
    Mutant("golden/model.py", "self.network.presentations - 1", "0", "a sample is presented once"),
    Mutant("golden/model.py", "self.network.presentations - 1", "self.network.presentations", "a sample is presented once too often"),
    Mutant("golden/model.py", "p.kept", "True", "all membranes are kept"),
    Mutant("golden/model.py", "self.stream(apart, potentials, membranes=membranes)", "self.stream(apart, potentials)", "no membranes are kept"),
    Mutant("golden/float_model.py", "not population.kept", "False", "all membranes of real numbers are kept"),
    Mutant("golden/float_model.py", "1 - self.network.presentations", "0", "a sample of real numbers is presented once"),
    Mutant("golden/float_model.py", "source * now[p.dynamic.g] * self.weights[tag].view(1, -1, 1, 1)", "source * now[p.dynamic.g]", "factors of real gates are lost"),
)  # fmt: skip

_LAID = ("tests/unit/test_gate_tables.py",)
_TESTS = ("tests/unit/test_gate_refused.py", "tests/unit/test_gate_numbers.py", *VALUES)

PARTS = (
    Part(name="gated values", folder="sw/spikeplane", gateware=False, tests={**dict.fromkeys(("program/laid_gates.py", "compiler/options.py", "compiler/pairs.py"), _LAID), "*": _TESTS}, mutants=SOFTWARE),
    Part(name="gated compiler", folder="sw/spikeplane/compiler", gateware=False, tests={"*": COMPILED}, mutants=COMPILER),
    Part(name="golden gated values", folder="sim/spikeplane_sim", gateware=False, tests={"*": (*VALUES, *_TESTS[:1])}, mutants=GOLDEN),
)  # fmt: skip
