"""The estimate of training: what an op meets, what it takes in energy, cycles and traffic."""

from mutants.catalogue import Mutant, Part

PART = Part(
    name="training-estimate",
    folder="sw/spikeplane/estimate/learning",
    gateware=False,
    tests={"*": ("tests/unit/test_learning_estimate.py", "tests/unit/test_learning_estimate_command.py")},
    mutants=(
        Mutant("activity.py", "grouped >> plane & 1", "grouped & 1", "all planes of a value are its lowest"),
        Mutant("activity.py", "1 - (1 - density) ** rest", "1 - (1 - density) ** LANES", "the last mask has eight channels"),
        Mutant("counts.py", "np.arange(size)[:, None] // p.pool[axis]", "np.arange(size)[:, None]", "pooled pixels are met like others"),
        Mutant("counts.py", "(rest == 0) & (target >= 0) & (target < most)", "(rest == 0) & (target >= 0)", "pixels are met beyond the edge"),
        Mutant("counts.py", "2 * channels * met(windows.bits)", "channels * met(windows.bits)", "a product and its addition are one operation"),
        Mutant("counts.py", "masks * (1 + p.trained)", "masks * 2", "spikes are sent again to layers that do not learn"),
        Mutant("energy.py", "walk.add_masks if core.combined else walk.add", "walk.add", "X is read for each spike of a mask"),
        Mutant("energy.py", "min(words, self.bank // bits)", "self.bank // bits", "an access pays for more than its memory"),
        Mutant("energy.py", "walk.weights / walk.groups", "walk.weights", "a column is read for each of its words"),
        Mutant("energy.py", "counts.groups * 3", "counts.groups", "a group has its thresholds alone"),
        Mutant("energy.py", "counts.taped * 2 * tape + counts.backward * tape", "counts.taped * 2 * tape", "the backward does not read the tape"),
        Mutant("time.py", 'counts.total("gather") + counts.partials', 'counts.total("gather")', "partial sums take no cycle"),
        Mutant("traffic.py", "size * bits", "size", "values of several bits are sent as one", within="size * bits for size"),
        Mutant("traffic.py", "2 * NUMBER", "NUMBER", "deltas that wait are never read"),
        Mutant("whole.py", "everything.performed = everything.equivalent", "", "dense training performs what ours does"),
        Mutant("whole.py", "bits >= proved", "bits > 0", "words are shown that are too narrow"),
    ),
)  # fmt: skip
