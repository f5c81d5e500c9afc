"""Gates, attention over steps, cells of one's own and videos on their way in."""

from mutants.catalogue import Mutant, Part

PIECES = ("tests/unit/test_gated_imports.py",)
CELLS = ("tests/unit/test_own_cells.py",)
ATTENDED = ("tests/unit/test_import_idioms.py -k attended",)
VIDEOS = ("tests/unit/test_import_videos.py",)
APART = ("tests/unit/test_import_steps_apart.py",)

MUTANTS = (
    Mutant("gated.py", 'Found("hard_sigmoid", 6.0, -3.0)', 'Found("hard_sigmoid", 6.0, 0.0)', "a clamp to 0..1 is a hard sigmoid with its middle elsewhere"),
    Mutant("gated.py", "made.neuron(name, value, neuron, function.gain, function.offset)", "made.neuron(name, value, neuron, 1.0, 0.0)", "a clamp to 0..1 is the hard sigmoid of the same argument"),
    Mutant("gated.py", "factor * other", "factor", "a gate's factor is lost"),
    Mutant("gated.py", "factor * other", "other", "the factor of what is gated is lost"),
    Mutant("gated.py", "range(side * side)", "range(count)", "a maximum of fewer channels than places is 0 or more"),
    Mutant("gated.py", "isqrt(count - 1) + 1", "isqrt(count)", "a maximum misses the channels beyond a square"),
    Mutant("gated.py", "FUNCTIONS[self.name].low >= 0", "True", "a gate goes below 0"),
    Mutant("gated.py", "FUNCTIONS[own].low >= 0", "True", "values below 0 gate others"),
    Mutant("gated.py", "source.delay", "False", "values of the step before are multiplied as if of this one", within="if source.delay: raise"),
    Mutant("gated.py", "same and all(np.array_equal(axis[0], np.eye(axis.shape[1])) for axis in (source.map.rows, source.map.columns))", "same", "pixels that are chosen are those of all"),
    Mutant("gated.py", "gains[0] > 0", "True", "a gate times a number below 0"),
    Mutant("presented.py", "1.0 - at", "np.ones_like(at)", "a latch adds each presentation to the one before"),
    Mutant("presented.py", "1.0 - at", "np.zeros_like(at)", "a latch keeps nothing"),
    Mutant("presented.py", "np.kron(at, currents.bias)", "np.kron(np.ones_like(at), currents.bias)", "a latch gathers its bias in every step"),
    Mutant("presented.py", "at[:, s, None, None, None, None]", "at[:, 0, None, None, None, None]", "channels of every step have the first step's values"),
    Mutant("presented.py", "FloatPopulation(name=name, shape=shape, neuron=neuron, bias=bias, kept=True)", "FloatPopulation(name=name, shape=shape, neuron=neuron, bias=bias)", "latches are cleared between presentations"),
    Mutant("presented.py", "1 + max(depth.values(), default=0)", "max(1, max(depth.values(), default=0))", "a presentation too few"),
    Mutant("presented.py", "max(before, default=0) + population.kept", "min(before, default=0) + population.kept", "the shortest way to a latch counts"),
    Mutant("presented.py", "[depth.get(s, 0) for p in synapses if p.target == population.name for s in sources(p)]", "[depth.get(p.source, 0) for p in synapses if p.target == population.name]", "latches behind a gate need no presentation of their own"),
    Mutant("presented.py", "np.eye(len(weight))[:, :, None, None] * weight[:, None]", "np.ones((len(weight),) * 2)[:, :, None, None] * weight[:, None]", "latches of single channels have all channels' values"),
    Mutant("trace/products.py", "found.update(_origin(o) for o in operands if o not in gates)", "", "what else is made of gated values is made of something else"),
    Mutant("trace/products.py", "(h, w) in ((1, 1), whole[1:])", "True", "a gate of some pixels is taken"),
    Mutant("trace/products.py", "c in (1, whole[0])", "True", "a gate of some channels is taken"),
    Mutant("trace/products.py", "own and own != whole", "False", "a gate's dimensions are whatever they are"),
    Mutant("trace/products.py", "((),) * (rank - len(i.dims)) + i.dims", "i.dims + ((),) * (rank - len(i.dims))", "a gate of fewer dimensions is of the first ones"),
    Mutant("trace/presented.py", "(steps if total.mean else 1)", "1", "a mean over the steps is a sum"),
    Mutant("trace/presented.py", "(steps if total.mean else 1)", "steps", "a sum over the steps is a mean"),
    Mutant("trace/presented.py", "Atom(CHANNELS, steps.size, channels)", "Atom(CHANNELS, steps.size, 1)", "steps are taken for neighbouring channels"),
    Mutant("trace/presented.py", "places // atom.stride % atom.size == step", "places % atom.size == step", "a step's channels are every so many"),
    Mutant("trace/presented.py", "a.stride > gone.stride", "False", "channels stay as far apart as with all steps between them"),
    Mutant("trace/largest.py", "np.arange(value.shape[0]).reshape(-1, atom.size, atom.stride)", "np.arange(value.shape[0]).reshape(-1, atom.stride, atom.size).transpose(0, 2, 1)", "a maximum is over neighbouring channels"),
    Mutant("trace/largest.py", "n if any(a.axis == axis for a in gone) else 1", "n", "a maximum over rows is one over columns too"),
    Mutant("trace/largest.py", "dim(*sorted(part, key=lambda a: -a.stride)) != dim(Atom(axis, n))", "False", "a maximum over some rows is one over all"),
    Mutant("trace/largest.py", "any(a.axis == SAMPLES for a in gone)", "False", "a maximum over samples is one over the rest"),
    Mutant("trace/largest.py", "any(shape[d] != 1 for d in changed)", "False", "several values are one"),
    Mutant("trace/largest.py", "u.target is operator.getitem and u.args[1] == 1 and u.users", "False", "which is the largest is taken for None"),
    Mutant("trace/mixed.py", "np.kron(weight, np.eye(atom.stride))", "np.kron(np.eye(atom.stride), weight)", "a layer along the steps is one along the channels"),
    Mutant("trace/mixed.py", "np.tile(np.repeat(bias, atom.stride), outer)", "np.tile(bias, atom.stride * outer)", "channels have other steps' biases"),
    Mutant("trace/mixed.py", "a.stride // atom.size * out", "a.stride", "channels stay as far apart as before a layer along the steps"),
    Mutant("trace/functions_sent.py", "found is None", "False", "a function that no chip has is sent"),
    Mutant("trace/own_cells.py", '("hard", _rounded(left[0]))', '("hard", 0.0)', "a reset goes to 0"),
    Mutant("trace/own_cells.py", '("soft", _rounded(kept[0]))', '("soft", _rounded(theta))', "a soft reset takes the threshold"),
    Mutant("trace/own_cells.py", 'cell.to if cell.reset == "hard" else 0.0', "0.0", "a reset that was measured is one to 0"),
    Mutant("trace/own_cells.py", 'np.full(1, cell.to) if cell.reset == "soft" else None', "None", "a soft reset that was measured takes the threshold"),
    Mutant("trace/own_cells.py", 'compare == ">"', "False", "a membrane at the threshold fires"),
    Mutant("trace/own_cells.py", "_is_so(run, cell)", "True", "what fires so once does so ever after"),
    Mutant("trace/own_cells.py", "kinds == {True}", "True in kinds", "one cell that is none is as the others of its class"),
    Mutant("trace/own_cells.py", "sorted({3, *own}, key=lambda n: (n != 3, n))", "[3]", "a cell of some channels is tried on 3"),
    Mutant("trace/own_cells.py", "(theta - float(b or 0)) / decay", "theta - float(b or 0)", "where a reset goes is what is left a step later"),
    Mutant("trace/own_cells.py", "near if abs(near - theta) < 1e-7 else round(theta, _DIGITS)", "round(theta, _DIGITS)", "a reset has what single precision left of it"),
    Mutant("trace/norms.py", "own.reshape(steps, -1)", "own.reshape(-1, steps).T", "a step's channels have every so many factors", tests=VIDEOS),
    Mutant("trace/by_step.py", "bias and bias.tensor.double() / many", "bias and bias.tensor.double()", "a readout over all steps has its bias in each", tests=VIDEOS),
    Mutant("trace/by_step.py", "steps.size if steps and second[1:] == channels else None", "steps.size if steps else None", "any dimension that begins with steps is one of all steps' channels", tests=PIECES),
    Mutant("trace/by_step.py", "weight.double().reshape(len(weight), -1, many, inner)", "weight.double().reshape(len(weight), -1, inner, many).transpose(2, 3)", "a layer along steps and features has another step's weights", tests=APART),
    Mutant("trace/layouts.py", "steps * wanted // came", "wanted", "a batch-norm of all steps names its channels as steps", tests=VIDEOS),
    Mutant("trace/output.py", "made.currents(\"\", value)", "value", "values of the last step are a readout's sum", tests=VIDEOS, within="value = made.currents(\"\", value) return made.finish(value)"),
    Mutant("trace/behind_steps.py", "moves and total.fixed and not total.mean", "False", "a bias behind a readout over all steps is refused", tests=VIDEOS),
    Mutant("trace/called_again.py", "sources(value) != sources(first)", "False", "a later step of other layers is one of other numbers", tests=("tests/unit/test_import_traced.py -k twice",)),
    Mutant("trace/called_again.py", "block = made.populations[since:]", "block = made.populations[since:][::-1]", "what a layer is made of stands the other way round", tests=APART),
)  # fmt: skip

PART = Part(
    name="gated imports",
    folder="sw/spikeplane/importers",
    gateware=False,
    tests={
        **dict.fromkeys(
            ("trace/norms.py", "trace/layouts.py", "trace/output.py", "trace/behind_steps.py"), VIDEOS
        ),
        **dict.fromkeys(("trace/by_step.py", "trace/called_again.py"), (*VIDEOS, *APART)),
        "trace/own_cells.py": (*CELLS, *ATTENDED),
        "*": (*PIECES, *ATTENDED),
    },
    mutants=MUTANTS,
)
