"""One word for accumulator and membrane: its neurons, when words are written, groups that follow each other, the one bank and its
credits, which networks run there, what an estimate says."""

from mutants.catalogue import Mutant, Part

GATEWARE = (
    Mutant("soma/fused_neuron.py", "leaked + self.bias[lane].as_signed() + carry", "leaked + carry", "a step begins without its bias"),
    Mutant("soma/fused_neuron.py", "leaked + self.bias[lane].as_signed() + carry", "leaked + self.bias[lane].as_signed()", "no leak is rounded up"),
    Mutant("soma/fused_neuron.py", "leaked + self.bias[lane].as_signed() + carry", "leaked + self.bias[lane] + carry", "a negative bias is large", equivalent="a bias is as wide as the word"),
    Mutant("soma/fused_neuron.py", "~self.leaks", "0", "words behind a window, and at START, begin with what was left of others"),
    Mutant("soma/fused_neuron.py", "~self.leaks", "1", "no membrane is left"),
    Mutant("soma/fused_neuron.py", "self.current[lane].as_signed()", "self.current[lane]", "a negative word is large"),
    Mutant("soma/fused_neuron.py", "self.kept[-1] | forgets", "self.kept[-2] | forgets", "a word is summed before its leak stands"),
    Mutant("soma/fused_neuron.py", "u.eq(self.after[lane])", "u.eq(self.v[lane])", "no membrane is reset"),
    Mutant("soma/sweep/fused_requests.py", "self.clearing | (self.returns & self.single)", "self.clearing | self.returns", "behind a window words are set twice"),
    Mutant("soma/sweep/fused_requests.py", "self.clearing | (self.returns & self.single)", "self.returns & self.single", "words are not set at START, nor behind a window"),
    Mutant("soma/sweep/fused_requests.py", "m.d.sync += self.valid.eq(1)", "", "a word is written only beside one that is read"),
    Mutant("soma/sweep/fused_requests.py", "following.eq(self.population.acc_base)", "following.eq(0)", "all populations write the first words"),
    Mutant("soma/sweep/fused_items.py", "self.number + 1", "self.number", "all groups are the first"),
    Mutant("soma/sweep/fused_items.py", "y == p.y_last", "1", "a group ends with its first row"),
    Mutant("soma/sweep/fused_items.py", "self.load & self.moves & (x == p.x_last) & (y == p.y_last)", "self.load & (x == p.x_last) & (y == p.y_last)", "a group ends with the first plane of its last word", tests=("tests/system/test_random_fused.py::test_random_with_one_word",)),
    Mutant("soma/sweep/fused_control.py", "self.single & ~p.membrane_out & (self.group != p.group_last)", "self.single & (self.group != p.group_last)", "parameters of values change under their planes", tests=("tests/system/test_random_fused.py::test_random_with_one_word",)),
    Mutant("soma/sweep/fused_control.py", "self.turned == self.cycles - 1", "self.turned == self.cycles - 2", "a group's parameters come while the last one is compared"),
    Mutant("soma/sweep/fused_control.py", "self.begins[-1]", "self.begins[len(self.begins) // 2]", "parameters come a cycle early"),
    Mutant("soma/sweep/fused_control.py", "self.begins[-1]", "self.begins[0]", "parameters come with the walk"),
    Mutant("soma/sweep/fused_control.py", "self.single & ~p.membrane_out & (self.group != p.group_last)", "0", "groups wait for each other"),
    Mutant("soma/sweep/fused_parameters.py", "loads.eq(loading)", "loads.eq(1)", "a word that nobody asks for is taken", equivalent="the memory's output stays until the next word is asked for"),
    Mutant("soma/sweep/fused_parameters.py", "Cat(count, loading)", "Cat(count, 1)", "a word that nobody asked for is a threshold"),
    Mutant("soma/sweep/fused_lanes.py", "stages[-1].valid & stages[-1].last", "stages[-1].valid", "each word of a window is a neuron's"),
    Mutant("soma/sweep/fused_lanes.py", "(self.population.window_last == 0) & ~self.active.initial", "self.population.window_last == 0", "START leaves membranes"),
    Mutant("soma/sweep/fused_pointer.py", "self.count < behind - 1", "1", "a group that follows at once has leaks for thresholds"),
    Mutant("soma/sweep/fused_pointer.py", "self.count >= behind", "0", "the next group's thresholds are the biases"),
    Mutant("soma/sweep/fused_pointer.py", "leaks + p.leak_each", "leaks", "all groups leak as the first"),
    Mutant("soma/sweep/fused_parameters.py", "~others if pointer.parts > 1 else 1", "1", "a group's halves are asked for while the last one's come"),
    Mutant("soma/egress.py", "~parity if self.config.fused else parity", "parity", "a credit is for the step after the next"),
    Mutant("soma/neuron.py", "saturated(total, bits)", "total[:bits]", "what is compared is not limited"),
)  # fmt: skip

SYNAPSES = (
    Mutant("accumulate.py", "self.sweep.write_address if self.config.fused else self.sweep.address", "self.sweep.address", "a word is written where one is read"),
    Mutant("lookup.py", "0 if self.config.fused else packet.parity", "packet.parity", "equal words of different steps are not the same", equivalent="steps do not overlap on a word, and the bank is no part of its place"),
)  # fmt: skip

LINK = (
    Mutant("bridge.py", "0 if parity and self.config.fused else control.arg", "control.arg", "the host sends step 1 before step 0 is swept"),
)  # fmt: skip

SOFTWARE = (
    Mutant("fused.py", "getattr(config, name)", "False", "anything goes with fused words", within="if getattr(config, name):"),
    Mutant("fused.py", "config.membrane_bits + 1", "config.membrane_bits", "a word may be as narrow as its membrane"),
    Mutant("fused.py", "1 << config.membrane_bits - 1", "0", "currents take all of a word"),
    Mutant("program/fused.py", "population.hold", "False", "a population may hold its current"),
    Mutant("program/fused.py", "not population.neuron.stateless", "False", "membranes may lie behind a window"),
    Mutant("program/fused.py", "not population.neuron.stateless", "True", "no window will do"),
    Mutant("program/fused.py", "projection.delay and _before(network, projection)", "False", "any projection may be delayed"),
    Mutant("program/fused.py", "projection.delay and _before(network, projection)", "projection.delay", "no projection may be delayed"),
    Mutant("program/fused.py", "(p.target, p.source) if p.delay else (p.source, p.target)", "(p.source, p.target)", "two that are delayed wait for each other"),
    Mutant("program/fused.py", "-top * factor.astype(np.int64)", "0 * factor.astype(np.int64)", "negative membranes take no room"),
    Mutant("program/fused.py", "-(-most // LEAK_ONE)", "most // LEAK_ONE", "a leak that is rounded up takes no room"),
    Mutant("program/fused.py", "not config.fused or neuron is None or neuron.stateless", "neuron is None or neuron.stateless", "membranes take room of other chips' accumulators"),
    Mutant("program/bounds.py", "low + left[0], high + left[1]", "low, high", "membranes take no room"),
    Mutant("compiler/images.py", "(late, credits - self.routes.probed(part))", "(0, late)", "a source sends two steps at once"),
    Mutant("compiler/images.py", "(late, credits - self.routes.probed(part))", "(late, credits)", "step 1 waits for credits of step 0 from the host"),
    Mutant("compiler/images.py", "(late, credits - self.routes.probed(part))", "(0, credits - self.routes.probed(part))", "a delayed projection's spikes do not wait for the sweep"),
    Mutant("compiler/layers.py", "not self.config.fused and _holds(net, incoming, self.encodings)", "_holds(net, incoming, self.encodings)", "the compiler makes what it refuses"),
    Mutant("compiler/size.py", "dynamic and not config.fused", "dynamic", "no least chip is fused"),
    Mutant("estimate/memories.py", "c.acc_depth if c.fused else 2 << bits_for(c.acc_depth)", "2 << bits_for(c.acc_depth)", "an estimate has two banks"),
    Mutant("estimate/memories.py", "[] if c.fused else [_membranes(c)]", "[_membranes(c)]", "an estimate has membranes"),
)  # fmt: skip

_SWEEP = ("tests/unit/test_fused_sweep.py",)
_SOFT = ("tests/unit/test_fused.py",)

PARTS = (
    Part(
        name="fused", folder="gateware/spikeplane_gateware/core", gateware=True,
        tests={"*": _SWEEP, "soma/egress.py": ("tests/system/test_random_fused.py::test_random_with_one_word",)}, mutants=GATEWARE,
    ),
    Part(
        name="fused sums", folder="gateware/spikeplane_gateware/core/synapses", gateware=True,
        tests={"*": ("tests/unit/test_core_accumulate.py",)}, mutants=SYNAPSES,
    ),
    Part(
        name="fused link", folder="gateware/spikeplane_gateware/link", gateware=True, tests={"*": ("tests/formal/test_credits.py -k proved",)},
        mutants=LINK,
    ),
    Part(name="fused words", folder="sw/spikeplane", gateware=False, tests={"*": _SOFT}, mutants=SOFTWARE),
)  # fmt: skip
