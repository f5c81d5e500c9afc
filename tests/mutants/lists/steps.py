"""Numbers of each step: their meaning, what the compiler makes of them, their import, and the parts of a core that count steps."""

from mutants.catalogue import Mutant, Part

APART = ("tests/unit/test_import_steps_apart.py",)
ADDED = ("tests/unit/test_import_by_step.py",)
COUNTED = ("tests/unit/test_core_steps.py",)

MUTANTS = (
    Mutant("network/by_step.py", "values[step]", "values[0]", "thresholds stay those of the first step"),
    Mutant("network/by_step.py", "max((len(v) for v in values if isinstance(v, np.ndarray) and v.ndim > 1), default=None)", "None", "nobody sees that numbers differ"),
    Mutant("program/bounds.py", "lows.min(0), highs.max(0)", "lows[0], highs[0]", "the worst case is the first step's"),
    Mutant("program/bounds.py", "np.maximum(high, 0)", "high", "a bias counts as if accumulators held it"),
    Mutant("compiler/images.py", 'entry["weight"] + words // steps * step', 'entry["weight"]', "all steps read the first one's weights"),
    Mutant("compiler/parameters.py", "second - first", "0", "parameters stay those of the first step"),
    Mutant("compiler/by_step.py", "own != steps", "False", "another number of steps is not told"),
    Mutant("compiler/by_step.py", "return weight[size.argmax(0), np.arange(weight.shape[1])]", "return weight[0]", "sizes are those of the first step"),
    Mutant("compiler/by_step.py", "replace(p, weight=each * weight)", "p", "levels of a constant are lost", tests=ADDED),
    Mutant("compiler/apart.py", "return plain, low + np.minimum(bias.min(0) - 0.5, 0), high + np.maximum(bias.max(0) + 0.5, 0)", "return plain, low, high", "biases are left out of the worst case"),
    Mutant("compiler/size.py", "return bits_for(max(stepped)) if any(stepped) else 0", "return 8", "a chip has a step index that it does not use"),
    Mutant("compiler/units.py", "np.max([finest(one, *given) for one in layer.steps_apart()], axis=0)", "finest(layer.steps_apart()[0], *given)", "a unit is that of the first step"),
    Mutant("estimate/forward.py", "projection.weight[t]", "projection.weight[0]", "an estimate has the first step's weights"),
    Mutant("program/check.py", "steps != network.steps", "False", "a program of other steps passes"),
    Mutant("importers/by_step.py", "all(_alike(a, b) for a, b in zip(first, other, strict=True))", "True", "strides of a step are those of the first", tests=APART),
    Mutant("importers/by_step.py", "alike = all(np.array_equal(each[0], other) for other in each)", "alike = True", "numbers of each step are those of the first", tests=APART),
    Mutant("importers/by_step.py", "len(readers) == 1 and _taken(made, readers[0])", "False", "values are sent where nobody needs them", tests=APART),
    Mutant("importers/by_step.py", "p.weight * gain.reshape(shape)", "p.weight", "the reader's factor is lost", tests=APART),
    Mutant("importers/by_step.py", "gain * (0.0 if relay.bias is None else relay.bias)", "0.0", "the biases of each step are lost", tests=APART),
    Mutant("importers/trace/by_step.py", "bias.tensor.double() / many", "bias.tensor.double()", "a readout over all steps has its bias in each", tests=APART),
    Mutant("importers/trace/by_step.py", "weight.tensor[:, :, t]", "weight.tensor[:, :, 0]", "a readout has the first step's weights in all", tests=APART),
    Mutant("importers/trace/stacks.py", "t.step == place", "True", "steps in another order count as in theirs", tests=APART),
)  # fmt: skip

GOLDEN = (
    Mutant("golden/model.py", "synapses(source, self.step)", "synapses(source, 0)", "all steps have the first one's weights"),
    Mutant("golden/model.py", "now[self.step] if now.ndim > 1 else now", "now[0] if now.ndim > 1 else now", "all steps have the first one's thresholds"),
    Mutant("golden/model.py", "population.hold and constant and alike", "population.hold and constant", "a held current keeps the first step's bias"),
    Mutant("golden/model.py", "self.step >= self.most", "self.step > self.most", "a step more than there are numbers for"),
    Mutant("golden/steps.py", "(p.theta, p.amount, p.bias, p.leaks)", "(p.theta, p.bias, p.leaks)", "amounts say nothing of how many steps there are"),
    Mutant("golden/float_model.py", "values[self.step] if values.ndim > 1 else values", "values[0] if values.ndim > 1 else values", "real numbers stay those of the first step"),
)  # fmt: skip

GATES = (
    Mutant("synapses/step_numbers.py", "~job.initial | job.parity", "~job.initial", "the second step has the first one's number"),
    Mutant("synapses/step_numbers.py", "other[:-1] + 1", "number + 1", "a bank counts by itself"),
    Mutant("synapses/step_numbers.py", "self.token & self.last", "other[-1]", "a delayed projection begins with its target's last"),
    Mutant("synapses/step_numbers.py", "used[bank].eq(0)", "used[bank].eq(used[bank])", "every packet begins a step"),
    Mutant("synapses/step_numbers.py", "Mux(self.token & ~self.delayed, self.last, ended)", "Mux(self.token & ~self.delayed, 0, ended)", "a sample goes on behind its last step"),
    Mutant("synapses/step_numbers.py", "self.token & ~self.delayed", "self.token", "a delayed token ends its target's sample"),
    Mutant("synapses/lookup.py", "token.last & ~projection.delayed", "token.last", "a source's last step ends its target's sample"),
    Mutant("synapses/lookup.py", "Mux(projections[3].stepped, Cat(number, packets[3].group), packets[3].group)", "Cat(number, packets[3].group)", "weights that are alike are looked for by step"),
    Mutant("soma/step_offsets.py", "Mux(self.active.initial | self.active.last, 0, following)", "following", "parameters go on behind a sample's last step"),
    Mutant("soma/step_offsets.py", "self.offset + self.population.parameter_step", "self.population.parameter_step", "the third step has the second one's parameters"),
    Mutant("soma/step_offsets.py", "write.addr.eq(self.active.slot)", "write.addr.eq(0)", "a step of one population is a step of another"),
    Mutant("soma/step_offsets.py", "self.active.initial | self.active.last", "self.active.initial", "a sample begins behind its predecessor's last parameters"),
    Mutant("soma/step_offsets.py", "self.active.initial | self.active.last", "self.active.last", "a run begins where the one before was stopped"),
    Mutant("soma/parameter_pointer.py", "leaks.eq(self._of_step(p.leak_base))", "leaks.eq(p.leak_base)", "leaks stay those of the first step"),
    Mutant("synapses/step_numbers.py", "Cat(self.number, ends)", "Cat(self.number ^ self.number, ends)", "a step's second packet has the first step's number"),
    Mutant("synapses/step_numbers.py", "Mux(begins, job.slot, self.slot)", "self.slot", "a run begins with the numbers of the one before"),
    Mutant("synapses/step_numbers.py", "job.parity == parity", "0", "a bank begins with its last number"),
    Mutant("synapses/step_numbers.py", "Mux(begins, 0, Cat(self.number, ends))", "Cat(self.number, ends)", "a run begins where the last packet was"),
    Mutant("soma/sweep/parameters.py", "Mux(stepped, bias, 0)", "bias", "a bias that is alike is added twice"),
    Mutant("soma/sweep/parameters.py", "bias = Mux(stepped, 0, bias)", "bias = bias", "a bias by step is added twice"),
    Mutant("soma/parameter_pointer.py", "base + self.offset", "base", "parameters stay those of the first step"),
    Mutant("soma/leak.py", "leaked.eq(_with(bias, whole | (odd & cut)))", "leaked.eq(whole | (odd & cut))", "a bias by step is lost"),
    Mutant("soma/egress.py", "self.job.last if self.config.step_bits else self.job.last & ~entry.delay", "self.job.last & ~entry.delay", "a delayed token says nothing of its step"),
)  # fmt: skip

PARTS = (
    Part(
        name="steps",
        folder="sw/spikeplane",
        gateware=False,
        tests={"*": ("tests/unit/test_step_room.py", "tests/unit/test_step_index.py")},
        mutants=MUTANTS,
    ),
    Part(
        name="golden steps",
        folder="sim/spikeplane_sim",
        gateware=False,
        tests={"*": ("tests/unit/test_step_index.py", "tests/unit/test_step_room.py")},
        mutants=GOLDEN,
    ),
    Part(
        name="core",
        folder="gateware/spikeplane_gateware/core",
        gateware=True,
        tests={
            "synapses/step_numbers.py": COUNTED,
            "soma/step_offsets.py": COUNTED,
            "*": ("tests/cosim/test_benches.py -k 'passes and core'",),
        },
        mutants=GATES,
    ),
)
