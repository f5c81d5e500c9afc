"""Self-attention on its way in: who is who in two products, what is repeated, what is refused."""

from mutants.catalogue import Mutant, Part

MODELS = ("tests/unit/test_import_self_attention.py",)
MUTANTS = (
    Mutant("trace/matrices.py", "if of_columns else (matrix.rows, matrix.columns)", "if not of_columns else (matrix.rows, matrix.columns)", "keys and what is left of a matrix are exchanged"),
    Mutant("trace/matrices.py", "(rest, third) if matrix.over == HEAD", "(third, rest) if matrix.over == HEAD", "queries and values are exchanged behind scores"),
    Mutant("trace/matrices.py", "if n == 0 else _named", "if n == 1 else _named", "a matrix's columns are called its rows"),
    Mutant("trace/matrices.py", "if axes & {STEPS, SAMPLES}", "if axes & {SAMPLES}", "steps are summed up as tokens"),
    Mutant("trace/matrices.py", "any(a.axis in (ROWS, COLUMNS) for a in sides.met(which))", "False", "attention within a row is taken for one over all pixels"),
    Mutant("trace/matrices.py", "over == matrix.over or heads", "heads", "two products over the same are an attention"),
    Mutant("trace/matrices.py", "one[a] != other[b]", "False", "heads meet others"),
    Mutant("attention.py", "factor * float", "float", "the factor between the products is lost"),
    Mutant("attention.py", "np.prod([high", "np.prod([1.0 or high", "factors of spikes are lost"),
    Mutant("attention.py", "first.population not in _before(made, behind)", "True", "queries are keys, which wait for each other"),
    Mutant("attention.py", "p.target == target and not p.delay", "p.target == target", "queries that keys come from a step later are repeated"),
    Mutant("attention.py", "for p in made.projections if p.source == target for s", "for p in made.projections if p.source == '' for s", "queries wait for keys that wait for them"),
    Mutant("attention.py", "1 / high", "1.0", "repeated spikes times a factor are silent"),
    Mutant("kernels.py", "(gain[:, None] * heads)", "(gain[None] * heads)", "factors of channels are those of other channels"),
    Mutant("kernels.py", "np.kron(np.eye(draft.dynamic.heads)", "np.kron(np.ones((draft.dynamic.heads,) * 2)", "heads meet one another"),
    Mutant("memoryless.py", "for name in sources(p)}", "for name in sources(p)[:1]}", "keys that are a gate are left out as driving nothing"),
    Mutant("trace/arithmetic.py", "factor=thing.factor * one", "factor=one", "a second factor takes the place of the first"),
    Mutant("trace/calls.py", "self.one_a_call = True", "self.one_a_call = False", "samples of a call are taken for steps, and nobody says so"),
    Mutant("trace/behind_steps.py", "Item | Matrix", "Item", "queries' mean over the steps meets keys and values of each"),
)  # fmt: skip

PART = Part(
    name="attention",
    folder="sw/spikeplane/importers",
    gateware=False,
    tests={"*": ("tests/unit/test_matrices.py", *MODELS)},
    mutants=MUTANTS,
)
