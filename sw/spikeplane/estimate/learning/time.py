"""Cycles of training on one core, by the formula of the walk: an op a cycle in each verb, and words swept and updated."""

from dataclasses import dataclass

from spikeplane.estimate.learning.activity import LANES
from spikeplane.estimate.learning.counts import LearningCounts
from spikeplane.formats.training import WAYS

SWEEP = LANES / WAYS  #: cycles of a word swept
UPDATE = 2 * LANES / WAYS  #: of a word of weights


@dataclass(frozen=True)
class LearningCycles:
    """Of a sample, one part after the other; `update`: its share."""

    add: float
    outer: float
    gather: float
    sweeps: float
    update: float

    @property
    def total(self) -> float:
        """Of all parts."""
        return sum(vars(self).values())


def cycles(
    counts: LearningCounts, samples: int, *, sweep: float = SWEEP, update: float = UPDATE
) -> LearningCycles:
    """Of a sample in batches of `samples`."""
    trained = sum(walk.weights for walk in counts.walks if walk.trained)
    return LearningCycles(
        add=counts.total("add"),
        outer=counts.total("outer"),
        gather=counts.total("gather") + counts.partials,
        sweeps=(counts.forward + counts.backward) * sweep,
        update=trained * update / samples,
    )
