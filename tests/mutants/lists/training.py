"""Training: binary16, the rules, the trainer; the network that learns, its proof, its course and its file."""

from mutants.catalogue import Mutant, Part

GOLDEN = (
    Mutant("binary16.py", "size + below - 1 + (kept & 1)", "size + below", "ties go away from zero"),
    Mutant("binary16.py", "(exponent - 1).clamp(min=0)", "exponent", "a normal number counts twice"),
    Mutant("binary16.py", "e + f - 24", "e + f - 23", "a product is twice as large"),
    Mutant("binary16.py", "bits > MOST", "bits > MOST + 1", "one step beyond the largest number does not saturate"),
    Mutant("binary16.py", "h.abs() > limit", "h.abs() >= limit", "a number at its limit counts as limited"),
    Mutant("binary16.py", "1.5 * 2**42", "1.5 * 2**43", "a bit too few is kept"),
    Mutant("binary16.py", "1024", "2048", "sums below 2^-13 lose a bit", within="clamp_(1024, _BEYOND)"),
    Mutant("synapses.py", "F.unfold(values, p.weight.shape[2:], padding=p.padding, stride=p.stride)", "F.unfold(values, p.weight.shape[2:], padding=0, stride=p.stride)", "columns have no padding"),
    Mutant("synapses.py", "-self.source[2] % pool[1]", "0", "an incomplete block at the right edge is left out"),
    Mutant("synapses.py", "rows[:, :, : self.source[1], : self.source[2]]", "rows", "what is gathered is larger than the source"),
    Mutant("rules.py", "v >= theta", "v > theta", "a membrane at its threshold does not fire", within="fired = v >= theta"),
    Mutant("rules.py", "v > low", "v >= low", "the window's lower edge is inside"),
    Mutant("rules.py", "v < high", "v <= high", "the window's upper edge is inside"),
    Mutant("rules.py", "v.masked_fill(fired, 0)", "v", "a spike does not reset"),
    Mutant("rules.py", "arithmetic.word(arithmetic.product(leak, u)) + current", "current", "membranes keep nothing"),
    Mutant("rules.py", "~spikes[:, t]", "1", "the carry passes through a reset", within="found[-1])) * ~spikes[:, t]"),
    Mutant("rules.py", "windows[:, t] * gathered", "gathered", "deltas come back outside the window"),
    Mutant("rules.py", "found[::-1]", "found", "deltas are in the order of their making"),
    Mutant("rules.py", "arithmetic.limited(arithmetic.number(total), self.network.delta_limit)", "arithmetic.number(total)", "deltas have no limit"),
    Mutant("rules.py", "arithmetic.word(weight) - change", "arithmetic.word(weight) + change", "weights climb"),
    Mutant("rules.py", "p.trained and p.target in deltas", "p.target in deltas", "frozen weights have a gradient"),
    Mutant("trainer.py", "found.add(self._gradients({k: v[where] for k, v in planes.items()}, labels[where]))", "found = self._gradients({k: v[where] for k, v in planes.items()}, labels[where])", "only the last part of a batch counts"),
    Mutant("trainer.py", "self.momenta[tag] = g", "", "momenta stay 0"),
    Mutant("trainer.py", "self._refuse(\"backward\")", "", "an overflow in backward is not seen"),
    Mutant("trainer.py", "self._refuse(\"forward\")", "", "an overflow in forward is not seen", within="self._refuse(\"forward\")\n        scores"),
)  # fmt: skip

NETWORK = (
    Mutant("network.py", "p.trained or p.source in found", "p.trained", "a frozen layer passes no delta on"),
    Mutant("network.py", "samples * steps", "samples", "the rate is not of the mean over the steps", within="(self.rate if rate is None else rate) / (samples * steps)"),
    Mutant("plan.py", "steps * each", "each", "a readout's sum is that of one step"),
    Mutant("plan.py", "each + float(kept)", "each", "leaking membranes are not counted"),
    Mutant("plan.py", "row.worst", "-row.worst", "the smallest sum decides"),
    Mutant("plan.py", "math.floor(math.log2(self.worst)) + 1", "math.ceil(math.log2(self.worst))", "a power of two fits a bit less"),
    Mutant("plan.py", "height * width", "height", "a gradient's positions are those of a column"),
    Mutant("softmax.py", "(x - power * _LN2_HIGH) - power * _LN2_LOW", "x - power * _LN2_HIGH", "the exponential is near in half the bits"),
    Mutant("softmax.py", "scores - scores.max(1, keepdims=True)", "scores", "large readouts overflow"),
    Mutant("softmax.py", "error.astype(np.float16) + np.float16(0)", "error.astype(np.float16)", "an error may be -0"),
    Mutant("course.py", "[self.seed, epoch]", "[self.seed]", "each epoch has the same order"),
    Mutant("course.py", "int(n)", "0", "the code of a sample depends on its place in the batch", within="samples[n : n + 1], shape, int(n)"),
    Mutant("course.py", "self.samples // self.batch if self.momentum else -(-self.samples // self.batch)", "-(-self.samples // self.batch)", "with momentum the rest is a batch"),
    Mutant("loop.py", "settings.rate_of(training.iterations)", "settings.rate", "the rate does not fall"),
    Mutant("loop.py", "training.learned = learner.state()", "", "a checkpoint holds the first weights", within="            training.learned = learner.state()\n            checkpoint"),
    Mutant("imported.py", "neuron.strict", "False", "a neuron that fires above its threshold is taken", within="if neuron.strict:"),
    Mutant("file.py", "asked[name] != had[name]", "False", "another course goes on"),
)  # fmt: skip
_GOLDEN = (
    "tests/unit/test_training_binary16.py",
    "tests/unit/test_training_rules.py",
    "tests/unit/test_training_order.py",
)
_NETWORK = ("tests/unit/test_training_plan.py", "tests/unit/test_training_import.py", "tests/unit/test_training_course.py", "tests/system/test_train_command.py")  # fmt: skip

PARTS = (
    Part(
        name="training",
        folder="sim/spikeplane_sim/golden/training",
        gateware=False,
        tests={"*": _GOLDEN},
        mutants=GOLDEN,
    ),
    Part(
        name="learning",
        folder="sw/spikeplane/train",
        gateware=False,
        tests={"*": _NETWORK},
        mutants=NETWORK,
    ),
)
