"""Neurons of all steps that users write themselves: what is measured of them, and numbers of each step."""

from mutants.catalogue import Mutant, Part

STEPS = ("tests/unit/test_import_by_step.py",)
TRACE = "importers/trace"

MUTANTS = (
    Mutant(f"{TRACE}/surrogates.py", '{aten.ge: (">=", 1), aten.gt: (">", 1), aten.le: (">=", -1), aten.lt: (">", -1)}', '{aten.ge: (">=", 1), aten.gt: (">", 1), aten.le: (">=", -1), aten.lt: (">", 1)}', "a threshold on the left side turns the sign"),
    Mutant(f"{TRACE}/surrogates.py", '{aten.ge: (">=", 1), aten.gt: (">", 1), aten.le: (">=", -1), aten.lt: (">", -1)}', '{aten.ge: (">=", 1), aten.gt: (">=", 1), aten.le: (">=", -1), aten.lt: (">", -1)}', "a comparison that is strict fires at the threshold"),
    Mutant(f"{TRACE}/surrogates.py", "func is aten._to_copy.default", "False", "currents are rounded as the spikes are"),
    Mutant(f"{TRACE}/surrogates.py", "args[0].numel() == self.size", "True", "a comparison of a parameter counts"),
    Mutant(f"{TRACE}/measured.py", "dict.fromkeys((surrogate(exact), None))", "(surrogate(exact),)", "a child that is not in use hides the comparison"),
    Mutant(f"{TRACE}/measured.py", "product((True, False), (0, 1), names)", "product((True, False), (0,), names)", "steps behind the samples are not seen"),
    Mutant(f"{TRACE}/measured.py", "len(asked.compares) != 1", "not asked.compares", "the last of two comparisons is the neuron's"),
    Mutant(f"{TRACE}/measured.py", "bool(torch.equal(fired, spikes.to(fired.dtype)))", "True", "what it makes of its spikes is not looked at"),
    Mutant(f"{TRACE}/measured.py", "bool(close.all())", "True", "a map that is bent counts as straight"),
    Mutant(f"{TRACE}/measured.py", "not bool((found[1] == found[1][0]).all())", "False", "offsets of steps are those of the first"),
    Mutant(f"{TRACE}/measured.py", "not (np.abs(powers - weight) <= tiny * np.abs(weight)).all()", "False", "any long memory is a leak"),
    Mutant(f"{TRACE}/measured.py", "weight[1, 0] / gain", "weight[1, 0]", "a leak takes the gain along"),
    Mutant(f"{TRACE}/own_parallel.py", "call.neurons(neuron, does.gain)", "call.neurons(neuron)", "a leak's gain is lost"),
    Mutant(f"{TRACE}/own_parallel.py", "(call.compare or parallel.compare)", '(call.compare or ">=")', "all fire at the threshold"),
    Mutant(f"{TRACE}/own_parallel.py", "not torch.equal(some[1:], others[1:])", "True", "neurons without memory count as such that remember"),
    Mutant(f"{TRACE}/own_parallel.py", "torch.equal(some[:-1], same[:-1])", "True", "what looks forward counts as a membrane"),
    Mutant(f"{TRACE}/own_parallel.py", 'len(kinds) == 1 and kinds <= {0, 1}', "kinds & {0, 1}", "a class counts by one of its objects"),
    Mutant(f"{TRACE}/calls.py", "is_learned(type(module))", "False", "one step is taken for all"),
    Mutant(f"{TRACE}/calls.py", "several and samples_first(type(module))", "False", "samples are taken for steps"),
    Mutant("importers/torch_modules.py", "own and (not several or any(samples_first(kind) for kind in own))", "False", "plain layers take a step at a time"),
    Mutant(f"{TRACE}/by_step.py", "(each == each[:, :, :1]).all()", "True", "numbers of samples are those of the first", tests=STEPS),
    Mutant(f"{TRACE}/by_step.py", "(rows == rows[:, :, :1]).all()", "True", "numbers of pixels are those of the first", tests=STEPS),
    Mutant(f"{TRACE}/by_step.py", "np.eye(len(numbers))[step]", "np.ones(len(numbers))", "a step's numbers are added in all", tests=STEPS),
    Mutant(f"{TRACE}/arithmetic.py", "by_step(item, sign * number.tensor.numpy())", "by_step(item, number.tensor.numpy())", "what is taken off is added", tests=STEPS),
    Mutant("compiler/time_channels.py", "blocks * source.levels[:, None]", "blocks", "a constant sends 1 in each step", tests=STEPS),
    Mutant("compiler/time_channels.py", "found |= {p.name: len(p.levels) for p in net.populations if p.levels is not None}", "pass", "numbers of other steps are not told", tests=STEPS),
    Mutant("importers/constants.py", "p.constant and p.levels is None", "p.constant", "what differs from step to step is a bias", tests=STEPS),
    Mutant(f"{TRACE}/layouts.py", "n not in (1, steps, batch)", "False", "a forward with a number for each step is not tried with them", tests=STEPS),
    Mutant(f"{TRACE}/layouts.py", "self.steps_at == 2", "False", "rows of several channels are no steps", tests=STEPS),
)  # fmt: skip

PART = Part(
    name="parallel",
    folder="sw/spikeplane",
    gateware=False,
    tests={"*": ("tests/unit/test_import_own_spikes.py", "tests/unit/test_import_own_parallel.py")},
    mutants=MUTANTS,
)
