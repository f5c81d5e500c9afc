"""What the cores of a chip that learns have done, from their counters: cycles by phase, operations by verb.

```
    cycles of a core = phases + cycles in which it waits          utilisation of a phase = its operations / its cycles
```
"""

from collections.abc import Iterable
from dataclasses import dataclass

from spikeplane.formats.packet import Counter
from spikeplane.formats.training import TrainingCounter
from spikeplane.host.channel import Channel

#: By phase the counter of its cycles, and those of its operations: words of all lanes.
PHASES: dict[str, tuple[TrainingCounter, tuple[TrainingCounter, ...]]] = {
    "forward": (TrainingCounter.ADD_CYCLES, (TrainingCounter.ADDS,)),
    "gradient": (TrainingCounter.OUTER_CYCLES, (TrainingCounter.OUTERS,)),
    "backward": (TrainingCounter.GATHER_CYCLES, (TrainingCounter.GATHERS, TrainingCounter.NUMBERS)),
    "sweep": (TrainingCounter.SWEEP_CYCLES, ()),
    "send": (TrainingCounter.SEND_CYCLES, ()),
    "update": (TrainingCounter.UPDATE_CYCLES, ()),
}
WRAP = 1 << 32


@dataclass(frozen=True)
class Activity:
    """Counts by counter, summed over cores."""

    counts: dict[TrainingCounter, int]

    def since(self, before: "Activity") -> "Activity":
        """What was done since: less than 2^32 of everything."""
        return Activity({one: (count - before.counts[one]) % WRAP for one, count in self.counts.items()})

    def __add__(self, other: "Activity") -> "Activity":
        return Activity({one: count + other.counts[one] for one, count in self.counts.items()})

    @property
    def cycles(self) -> dict[str, int]:
        """By phase, and "wait": those of no phase."""
        found = {phase: self.counts[counter] for phase, (counter, _) in PHASES.items()}
        return {**found, "wait": self.counts[TrainingCounter.CYCLES] - sum(found.values())}

    @property
    def operations(self) -> dict[str, int]:
        """Words of all lanes, by phase that has some."""
        return {
            phase: sum(self.counts[one] for one in counters)
            for phase, (_, counters) in PHASES.items()
            if counters
        }

    @property
    def utilisation(self) -> dict[str, float]:
        """Operations over cycles, by phase that has both."""
        cycles = self.cycles
        return {phase: count / cycles[phase] for phase, count in self.operations.items() if cycles[phase]}


def activity(channel: Channel, cores: Iterable[tuple[int, int]]) -> Activity:
    """What these cores have done since START (`load`, `state` and `restore` of a driver start them), or since their
    counters wrapped: `since` tells what was done between two answers. The cores of a driver: `image.routes.cores`."""
    counts = dict.fromkeys(TrainingCounter, 0)
    for core in cores:
        channel.query(Counter.FLAGS, core)  # a question right behind START finds counters that are not 0 yet
        for one in TrainingCounter:
            counts[one] += channel.query(one, core)
    return Activity(counts)
