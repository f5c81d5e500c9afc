"""Sorts what a chip sends to the host: spikes and tokens of each probed population into steps.

Between one core and the host packets keep their order, but cores overtake each other. A core sends
a population's spikes of a step and then its token, so the step of a spike is the number of tokens
of the same part that came before it.
"""

from dataclasses import dataclass, field

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.host.packets import add_planes, unpack_many

_SPIKE = ("mask", "negate", "shift", "group", "y", "x")


@dataclass
class Part:
    """A population's channel groups on one core, as the host sees them."""

    first: int
    groups: int
    core: tuple[int, int]
    tokens: int = 0


@dataclass
class Probe:
    """One probed population: its shape, its parts, and the output of each step received, int32 (C, H, W)."""

    name: str
    shape: tuple[int, int, int]
    parts: list[Part]
    steps: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def complete(self) -> int:
        """Steps whose tokens have all arrived."""
        return min(part.tokens for part in self.parts)


class Collector:
    """Feeds packets to probes. `probes`: by tag."""

    def __init__(self, config: ChipConfig, probes: dict[int, Probe]) -> None:
        self.config, self.form, self.probes = config, packet_format(config), probes
        self.unknown: list[int] = []  #: tags of spikes and tokens that are no probe's

    @property
    def complete(self) -> int:
        """Steps that every probe has in full."""
        return min(probe.complete for probe in self.probes.values())

    @property
    def missing(self) -> str:
        """What is behind: the first population, and its part, that has not ended the first step
        that is not complete."""
        probe = min(self.probes.values(), key=lambda probe: probe.complete)
        part = min(probe.parts, key=lambda part: part.tokens)
        return f"step {part.tokens} of population '{probe.name}' on core {part.core} has not ended"

    def beyond(self, steps: int) -> str | None:
        """What came that nobody is owed: a tag that is no probe's, or something after step `steps`
        - 1; None: nothing."""
        if self.unknown:
            return f"packets of tag {self.unknown[0]}, which is no probe's"
        for probe in self.probes.values():
            for part in probe.parts:
                if part.tokens > steps:
                    return f"a token of population '{probe.name}' from core {part.core} after its last step"
            if max(probe.steps, default=-1) >= steps:
                return f"spikes of population '{probe.name}' after its last step"
        return None

    def take(self, packets: np.ndarray) -> np.ndarray:
        """Sort packets uint8 (n, size); returns those that are neither spikes nor tokens (replies)."""
        kinds = unpack_many(self.form, packets, Kind.CREDIT, ("kind", "tag"))
        flow = (kinds["kind"] == Kind.SPIKE) | (kinds["kind"] == Kind.TOKEN)
        for tag, probe in self.probes.items():
            mine = flow & (kinds["tag"] == tag)
            if mine.any():
                self._sort(probe, packets[mine], kinds["kind"][mine] == Kind.TOKEN)
        strange = flow & ~np.isin(kinds["tag"], list(self.probes))
        self.unknown += kinds["tag"][strange].tolist()
        return packets[~flow]

    def _sort(self, probe: Probe, packets: np.ndarray, token: np.ndarray) -> None:
        spikes = unpack_many(self.form, packets, Kind.SPIKE, _SPIKE)
        tokens = unpack_many(self.form, packets, Kind.TOKEN, ("source_x", "source_y"))
        for part in probe.parts:
            inside = (spikes["group"] >= part.first) & (spikes["group"] < part.first + part.groups)
            here = (tokens["source_x"] == part.core[0]) & (tokens["source_y"] == part.core[1])
            mine = np.where(token, here, inside)
            step = part.tokens + np.cumsum(token & mine)
            fires = mine & ~token
            if fires.any():
                self._add(probe, step[fires], {name: spikes[name][fires] for name in _SPIKE})
            part.tokens += int((token & mine).sum())

    def _add(self, probe: Probe, step: np.ndarray, spikes: dict[str, np.ndarray]) -> None:
        """Add what has arrived to the outputs of its steps."""
        first, last = int(step.min()), int(step.max())
        values = np.zeros((last - first + 1, *probe.shape), dtype=np.int64)
        add_planes(self.config, values, step - first, spikes)
        for t in np.unique(step).tolist():
            probe.steps[t] = probe.steps[t] + values[t - first] if t in probe.steps else values[t - first]
