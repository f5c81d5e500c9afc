"""Gates of spikes: truth tables, the thresholds and sums of ANDs that make them, values of several shapes, neurons that
keep nothing."""

from mutants.catalogue import Mutant, Part

MUTANTS = (
    Mutant("truth.py", "least > most", "least >= most", "a threshold that does not tell fires and silences apart"),
    Mutant("truth.py", "set(other) < set(axes)", "set(other) <= set(axes) and len(other) == 1", "an AND is counted again inside a larger one"),
    Mutant("truth.py", "int(least[best])", "int(least[best]) - 1", "a gate fires a spike too early"),
    Mutant("gates.py", "gate.values.flat[0]", "False", "a gate that fires of nothing is taken for one behind a padding"),
    Mutant("gates.py", "input_bits == 1", "True", "an input of several bits is taken for spikes"),
    Mutant("gates.py", "total.bias + (1 - theta)", "total.bias * 1", "NOR never fires"),
    Mutant("gates.py", "plain.picks()", "True", "a sum over pixels is taken for spikes"),
    Mutant("gates.py", "abs(factor) in (1.0, 2.0, 4.0)", "True", "a sum of ANDs with a factor of 3, which few bits do not hold"),
    Mutant("memoryless.py", "(numbers[-1] >= theta).all()", "True", "a neuron that one spike does not fire keeps nothing", tests=("tests/unit/test_import_attention.py::test_what_any_spike_fires_keeps_nothing",)),
    Mutant("memoryless.py", 'neuron.reset != "hard"', "False", "a neuron with a soft reset keeps nothing", tests=("tests/unit/test_memoryless.py",)),
    Mutant("trace/broadcast.py", "place // atom.stride % atom.size * other.stride", "place // atom.stride % atom.size", "a head's gate goes to other channels", tests=("tests/unit/test_broadcast.py",)),
    Mutant("trace/broadcast.py", "_kinds(whole) != _kinds(part)", "False", "rows meet columns", tests=("tests/unit/test_import_gates.py::test_refusals",)),
    Mutant("trace/windows.py", "np.abs(at[:, None] - at) <= reach", "np.abs(at[:, None] - at) < reach", "a maximum misses the farthest channel", tests=("tests/unit/test_import_windows.py",)),
    Mutant("trace/windows.py", "(rest[:, None] == rest)", "(rest[:, None] >= rest)", "a maximum sees other heads' channels", tests=("tests/unit/test_import_windows.py",)),
    Mutant("trace/windows.py", "divmod(at + step, width)", "(0, (at + step) % width)", "the neighbour of a row's last pixel is its own first one", tests=("tests/unit/test_import_windows.py",)),
    Mutant("trace/importing.py", "wanted.input_steps and _repeats(made)", "False", "steps of samples are handed as one image", tests=("tests/unit/test_import_windows.py",)),
    Mutant("trace/stacks.py", "type(first) not in (Item, Held)", "False", "a mean and something else are taken for a list of steps", tests=("tests/unit/test_import_windows.py",)),
)  # fmt: skip

PART = Part(
    name="gates",
    folder="sw/spikeplane/importers",
    gateware=False,
    tests={"*": ("tests/unit/test_truth.py", "tests/unit/test_gates.py", "tests/unit/test_memoryless.py")},
    mutants=MUTANTS,
)
