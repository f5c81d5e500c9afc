"""Masks of the largest, and values times spikes."""

from mutants.catalogue import Mutant, Part

RANKED = ("tests/unit/test_import_ranked.py",)

MUTANTS = (
    Mutant("ranked.py", "apart[places, first], apart[places, second] = -1.0, 1.0", "apart[places, first], apart[places, second] = 1.0, -1.0", "the later of equal values goes first"),
    Mutant("ranked.py", "FloatNeuron(decay=0.0, threshold=np.zeros(len(first)), reset=\"none\", strict=True)", "FloatNeuron(decay=0.0, threshold=np.zeros(len(first)), reset=\"none\")", "equal values are each larger than the other"),
    Mutant("ranked.py", "sign * apart", "apart", "the smallest are the largest"),
    Mutant("ranked.py", "count - np.arange(size)", "count - np.arange(size) + 1.0", "a mask has one too many"),
    Mutant("ranked.py", "count - np.arange(size)", "np.full(size, float(count))", "those in front count none of the pairs that do not fire"),
    Mutant("ranked.py", "combinations(range(size), 2)", "[(i, i + 1) for i in range(size - 1)]", "neighbours alone are compared"),
    Mutant("trace/ranked.py", "place.transpose(0, 2, 1)", "place", "the first places of all groups are compared", within="return place.transpose(0, 2, 1).reshape(-1, atom.size)"),
    Mutant("trace/ranked.py", "affine(made, operation.layer, mask, low, high - low)", "affine(made, operation.layer, mask, 0.0, 1.0)", "a mask is 0 and 1, whatever is scattered"),
    Mutant("trace/ranked.py", "args[\"dim\"] % len(operation.shape) != places.dim", "False", "a scatter along another dimension is taken"),
    Mutant("trace/ranked.py", "len(found) == 1", "True", "numbers that differ are taken for the first"),
    Mutant("trace/ranked.py", "bool(args.get(\"largest\", True))", "True", "topk of the smallest is of the largest"),
    Mutant("trace/ranked.py", "atoms[0].size > _MOST", "False", "any number of values is compared"),
    Mutant("trace/products.py", "not gates and len(spikes) == 1", "False", "spikes gate no values"),
    Mutant("trace/products.py", "in_its_step(operation, replace(one, dims=own), dims, spikes=spiking(operation, one))", "in_its_step(operation, replace(one, dims=own), dims)", "a mask of its step is values"),
    Mutant("by_step.py", "np.ones(parts[0].shape[0])", "np.zeros(parts[0].shape[0])", "spikes of their step always fire"),
)  # fmt: skip

PART = Part(
    name="ranked", folder="sw/spikeplane/importers", gateware=False, tests={"*": RANKED}, mutants=MUTANTS
)
