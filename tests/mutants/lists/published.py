"""What published files need of the importers: maxima of sums, pools used again, changes in place, neurons as one
operator, stand-ins for old libraries."""

from mutants.catalogue import Mutant, Part

MAXIMA = ("tests/unit/test_import_maxima.py",)
REUSED = ("tests/unit/test_import_reused.py",)
IN_PLACE = ("tests/unit/test_import_in_place.py",)
NAMES = ("tests/unit/test_published_names.py",)
OLD = ("tests/unit/test_published.py",)
REFUSED = ("tests/unit/test_import_refusals.py",)

MUTANTS = (
    Mutant("maxima.py", "table.values >= level", "table.values > level", "an OR misses the value that it is for", tests=MAXIMA),
    Mutant("maxima.py", "not values.flat[0]", "True", "a gate that fires of nothing is taken for an OR", tests=MAXIMA),
    Mutant("maxima.py", "float(levels[0])", "0.0", "the least value of a sum is left out", tests=MAXIMA),
    Mutant("ors.py", "maps[1:]", "maps[2:]", "an OR misses the pixels of a neighbouring row", tests=("tests/unit/test_import_windows.py",)),
    Mutant("reused.py", "use + 1", "use", "two uses of a pooling have one name", tests=REUSED),
    Mutant("trace/in_place.py", "all(_fresh(user) for user in before)", "True", "another name of a changed value keeps the old one", tests=IN_PLACE),
    Mutant("trace/in_place.py", "order[user] > at", "True", "what was computed before a change sees it", tests=IN_PLACE),
    Mutant("trace/in_place.py", "not _fresh(changed)", "False", "a change by a view is lost", tests=IN_PLACE),
    Mutant("trace/in_place.py", "(made.dtype, made.shape) == (args[0].dtype, args[0].shape)", "True", "numbers become truth values", tests=IN_PLACE),
    Mutant("trace/in_place.py", "len(same) == 1", "True", "a layer's spikes under two names", equivalent="a trace makes one getitem of each thing that a layer's operator returns"),
    Mutant("trace/settled.py", "_check(roots, after, plain, changes, (trace, model))", "None", "a change lasts into the next step", tests=IN_PLACE),
    Mutant("trace/settled.py", "_check(node.all_input_nodes, after, plain, changes, (trace, model))", "None", "a parameter is used while it is changed", tests=IN_PLACE),
    Mutant("trace/settled.py", "(differ or pairs)[0]", "pairs[0]", "a change that is none is named", tests=IN_PLACE),
    Mutant("pointwise.py", "[-1e30, *_SIGNED, *_FINE, 1e30]", "_FINE[2:-2]", "a function that leaves small values alone is none", tests=IN_PLACE),
    Mutant("trace/stubs.py", "stubbed.calls[path] = call + 1", "stubbed.calls[path] = 1", "a layer's calls are not counted", tests=REFUSED),
    Mutant("trace/stubs.py", "name is None or before is None", "True", "one state that is started is all of them", tests=REFUSED),
    Mutant("trace/stubs.py", "kinds[0] is not type(module)", "True", "a memory module of the framework's own is looked into", equivalent="a MemoryModule that nobody inherits from has no forward: it is refused either way"),
    Mutant("published/layers.py", "self.gain * self.scale", "self.scale * torch.ones_like(self.gain)", "the gain of a standardised convolution is lost", tests=NAMES),
    Mutant("published/spiking.py", 'options.pop(name) != "torch"', "False", "an ignored option is not told", tests=OLD),
    Mutant("published/axes.py", "[before.index(n) for n in after if n in before]", "range(len(before))", "axes stay in their order", tests=OLD),
    Mutant("published/load.py", "sys.path.remove(folder)", "None", "a model's folder stays on the path", tests=OLD),
)  # fmt: skip

PART = Part(
    name="published",
    folder="sw/spikeplane/importers",
    gateware=False,
    tests={"*": NAMES},
    mutants=MUTANTS,
)
