"""The kinds of projections and neurons: what bounds, tables of synapses, estimates and files ask of them."""

from mutants.catalogue import Mutant, Part

MUTANTS = (
    Mutant("projections/aligned.py", "first <= group < first + groups", "first <= group <= first + groups", "an aligned group meets the next part's weights"),
    Mutant("projections/aligned.py", "channels == (target,) and source == target", "channels == (target,)", "an aligned projection connects different numbers of channels"),
    Mutant("projections/dense.py", "min(lanes, channels)", "lanes", "few channels take as many weight words as lanes"),
    Mutant("projections/dense.py", "Meeting(groups, 0, group)", "Meeting(groups, 0, 0)", "every source group has the weights of the first"),
    Mutant("populations.py", "(1 << self.value_bits) - 1", "1", "an input of several bits counts as a spike"),
    Mutant("neurons/membrane.py", "-(1 << (membrane_bits - 1))", "0", "membranes are taken for positive values in bounds"),
    Mutant("neurons/membrane.py", "return membrane_bits", "return 1", "membranes have one plane"),
    Mutant("network.py", "slice(0, -projection.delay or None)", "slice(0, None)", "what a delay brings too late is counted", tests=("tests/unit/test_estimate.py",)),
)  # fmt: skip

PART = Part(
    name="kinds",
    folder="sw/spikeplane/network",
    gateware=False,
    tests={
        "*": (
            "tests/unit/test_synapses.py",
            "tests/unit/test_bounds.py",
            "tests/unit/test_compile_checks.py",
            "tests/unit/test_compile_limits.py",
            "tests/system/test_kinds.py",
        )
    },
    mutants=MUTANTS,
)
