"""Self-attention on its way in: who is who in two products, what is repeated, what is refused."""

from mutants.catalogue import Mutant, Part

MODELS = ("tests/unit/test_import_self_attention.py",)
MUTANTS = (
    Mutant("trace/matrices.py", "(matrix.columns, matrix.rows) if of_columns else (matrix.rows, matrix.columns)", "(matrix.rows, matrix.columns) if of_columns else (matrix.columns, matrix.rows)", "keys and what is left of a matrix are exchanged"),
    Mutant("trace/matrices.py", "(rest, third) if matrix.over == HEAD else (third, rest)", "(third, rest) if matrix.over == HEAD else (rest, third)", "queries and values are exchanged"),
    Mutant("trace/matrices.py", "items[n].dims[d] if n == 0 else _named(items[n].dims[d])", "_named(items[n].dims[d]) if n == 0 else items[n].dims[d]", "a matrix's columns are called its rows"),
    Mutant("trace/matrices.py", "axes & {STEPS, SAMPLES}", "axes & {SAMPLES}", "steps are summed up as tokens"),
    Mutant("trace/matrices.py", "any(a.axis in (ROWS, COLUMNS) for a in sides.met(which))", "False", "attention within a row is taken for one over all pixels"),
    Mutant("trace/matrices.py", "one[a] != other[b]", "False", "heads meet others"),
    Mutant("trace/matrices.py", "inner not in ([], [Atom(CHANNELS, own)])", "False", "heads may stand inside of channels"),
    Mutant("attention.py", "factor * float(np.prod([high for _, high in spikes]))", "float(np.prod([high for _, high in spikes]))", "the factor between the products is lost"),
    Mutant("attention.py", "[high for _, high in spikes]", "[1.0 for _ in spikes]", "factors of spikes are lost"),
    Mutant("attention.py", "first.population not in _before(made, behind)", "True", "queries are keys, which wait for each other"),
    Mutant("attention.py", "p.target == target and not p.delay", "p.target == target", "queries that keys come from a step later are repeated"),
    Mutant("attention.py", "p.source == target", "False", "queries wait for keys that wait for them"),
    Mutant("attention.py", "1 / high", "1.0", "repeated spikes times a factor are silent"),
    Mutant("attention.py", "len(value.sources) == 1 and factored is not None and factored[1] is None", "len(value.sources) == 1 and factored is not None", "a part of a layer's channels is taken for all"),
    Mutant("attention.py", "_population(made, *query, behind=(k, v))", "_population(made, *query, behind=(k,))", "queries that values come from are not repeated"),
    Mutant("attention.py", "Pair(k, v, heads)", "Pair(v, k, heads)", "keys and values are exchanged"),
    Mutant("attention.py", "not made.has_input(value)", "True", "an input is keys without a population that waits"),
    Mutant("attention.py", "sources(p)[1:]", "()", "queries wait for keys that wait for them through another attention"),
    Mutant("trace/channels.py", "slice(start, start + count)", "slice(0, count)", "queries, keys and values are the first third", within="replace(value, flat=False), slice(start, start + count)", tests=("tests/unit/test_import_traced.py",)),
    Mutant("trace/channels.py", "(along >= start) & (along < start + count)", "along < count", "queries, keys and values of a split are its first"),
    Mutant("trace/channels.py", "atom.stride // cut.size * count", "atom.stride", "heads of a part are as far apart as in the whole"),
    Mutant("kernels.py", "gain[:, None] * heads", "gain[None] * heads", "factors of channels are those of other channels"),
    Mutant("kernels.py", "np.eye(draft.dynamic.heads)", "np.ones((draft.dynamic.heads,) * 2)", "heads meet one another"),
    Mutant("kernels.py", "(gain <= 0).any()", "(gain < 0).any()", "an attention times 0 is taken", within="assert isinstance(draft.dynamic, Pair) gain = draft.map.weight[:, 0, 0] if (gain <= 0).any()"),
    Mutant("memoryless.py", "{name for p in made.projections for name in sources(p)}", "{p.source for p in made.projections}", "keys that are a gate are left out as driving nothing"),
    Mutant("reused.py", "p.dynamic and p.dynamic.renamed(other)", "p.dynamic", "keys of an OR that is used twice are called as before"),
    Mutant("gates.py", "value.attends", "False", "an attention is taken for its queries in a gate"),
    Mutant("sums.py", "value.attends", "False", "a layer behind an attention meets its queries"),
    Mutant("trace/likeness.py", "(a.source, a.delay, a.dynamic) == (b.source, b.delay, b.dynamic)", "(a.source, a.delay) == (b.source, b.delay)", "other keys in another step are not noticed"),
    Mutant("trace/arithmetic.py", "thing.factor * one", "one", "a second factor takes the place of the first"),
    Mutant("trace/calls.py", "self.one_a_call = True", "self.one_a_call = False", "samples of a call are taken for steps, and nobody says so"),
    Mutant("trace/behind_steps.py", "isinstance(t, Item | Matrix)", "isinstance(t, Item)", "queries' mean over the steps meets keys and values of each"),
)  # fmt: skip

PART = Part(
    name="attention",
    folder="sw/spikeplane/importers",
    gateware=False,
    tests={"*": ("tests/unit/test_matrices.py", "tests/unit/test_import_fused.py", *MODELS)},
    mutants=MUTANTS,
)
