"""What is told of a training: profiles of its epochs, the survey of its weights, cycles by phase."""

from mutants.catalogue import Mutant, Part

PART = Part(
    name="training-report",
    folder="sw/spikeplane/train",
    gateware=False,
    tests={
        "*": (
            "tests/unit/test_training_report.py",
            "tests/unit/test_training_metered.py",
            "tests/unit/test_training_course.py",
        )
    },
    mutants=(
        Mutant("profile.py", "np.frexp(values)[1] - 1", "np.frexp(values)[1]", "gradients look twice as large"),
        Mutant("profile.py", "values > 0", "values >= 0", "zeros are the smallest gradients"),
        Mutant("survey.py", "(size > 0) & (size < NORMAL)", "size < NORMAL", "zeros are subnormal"),
        Mutant("survey.py", "size >= 2.0**p.limit", "size > 2.0**p.limit", "no weight is at its limit"),
        Mutant("metered.py", "self._asked_in != self.iterations", "False", "updates are measured without their samples"),
        Mutant("metered.py", "self._asked_in + EVERY", "self._asked_in + 1", "every iteration is measured"),
        Mutant("metered.py", "total / samples / len(chip.image.routes.cores)", "total / samples", "cores' cycles add up"),
        Mutant("file.py", "(found.loss / found.samples, found.right / found.samples)", "(found.loss, found.right)", "the curve grows with the batch"),
        Mutant("course.py", "min(self.batch, self.samples - place)", "self.batch", "an epoch's last batch is full"),
        Mutant("activity.py", "channel.query(Counter.FLAGS, core)", "", "counters of before START are read"),
        Mutant("report/page.py", "np.arange(1, len(parts) + 1)", "np.arange(0, len(parts))", "the curve begins before the training"),
    ),
)  # fmt: skip
