"""A chip that learns, and is asked now and then what its cycles went into."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikeplane.formats.training import WAYS
from spikeplane.train.activity import Activity, activity
from spikeplane.train.driver import Figures, TrainingDriver

EVERY = 8  #: iterations of which one is measured: asking takes time on a slow link


class Metered(TrainingDriver):
    """Measures the first iteration and every EVERYth after it: the cycles of its samples and of its update."""

    measured: Activity | None = None
    samples = 0  #: that were measured
    updates = 0
    _asked_in = -EVERY

    def accumulate(self, planes: Mapping[str, np.ndarray], labels: np.ndarray) -> Figures:
        """See `TrainingDriver`."""
        if not self._due():
            return super().accumulate(planes, labels)
        before = activity(self, self.image.routes.cores)
        found = super().accumulate(planes, labels)
        self._take_in(before)
        self.samples += len(labels)
        self._asked_in = self.iterations
        return found

    def update(self, samples: int, rate: float | None = None) -> int:
        """See `TrainingDriver`."""
        if self._asked_in != self.iterations:  # not that of the samples that were measured
            return super().update(samples, rate)
        before = activity(self, self.image.routes.cores)
        found = super().update(samples, rate)
        self._take_in(before)
        self.updates += 1
        return found

    def _due(self) -> bool:
        return self.measured is None or self.iterations >= self._asked_in + EVERY

    def _take_in(self, before: Activity) -> None:
        found = activity(self, self.image.routes.cores).since(before)
        self.measured = found if self.measured is None else self.measured + found


def cycles(learner: Any) -> dict[str, Any]:
    """What a chip's cycles went into, for people; {} of what has no clock, or has not learned yet.

    cycles_per_sample   of the chip, its share of the update in it
    phases              rows of phase; cycles: a sample, of all cores together; utilisation: of the phases that have
                        operations, words of all lanes over cycles, 0..1, else None
    utilisation         of all operations over all cycles
    bound               what operations, sweeps and updates take at least, one behind the other, over all cycles but those of
                        waiting: more than 1 where much of it goes on at a time
    """
    chip = getattr(learner, "driver", learner)
    if not isinstance(chip, Metered) or chip.measured is None:
        return {}
    found, samples = chip.measured, chip.samples
    rates, total = found.utilisation, sum(found.cycles.values())
    rows = [
        {"phase": phase, "cycles": count / samples, "utilisation": rates.get(phase)}
        for phase, count in found.cycles.items()
    ]
    return {
        "cycles_per_sample": total / samples / len(chip.image.routes.cores),
        "phases": rows,
        "utilisation": sum(found.operations.values()) / max(1, total),
        "bound": _least(chip, found) / max(1, total - found.cycles["wait"]),
    }


def _least(chip: Metered, found: Activity) -> float:
    """Cycles in which a core could do all this, if nothing waited and nothing went on beside it."""
    net, image = chip.network, chip.image
    swept = 0
    for name, places in image.places.items():
        ways = 1 + (image.routes.sweeps(name) or (name == net.output and chip.optimiser.squared))
        swept += ways * sum(place.part.groups for place in places) * math.prod(net.population(name).shape[1:])
    weights = sum(
        len(kept.order) for tag, parts in image.kept.items() if net.projections[tag].trained for kept in parts
    )
    passes = swept * chip.steps * chip.samples + 2 * weights * chip.updates
    return sum(found.operations.values()) + passes * chip.config.lanes / WAYS
