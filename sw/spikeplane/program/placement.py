"""Where a network lies on a chip: which channel groups of which population are on which core.

The compiler chooses (`compiler.place`); this is what it chose.
"""

from dataclasses import dataclass

from spikeplane.config import ChipConfig
from spikeplane.network import Population


@dataclass(frozen=True, kw_only=True)
class Part:
    """`groups` channel groups of a population from `first` on, at core (x, y), in that core's slot `slot`."""

    population: str
    core: tuple[int, int]
    slot: int
    first: int
    groups: int


@dataclass(frozen=True)
class Placement:
    """All parts, in the network's order; populations of the host have none."""

    parts: tuple[Part, ...]

    def of(self, population: str) -> tuple[Part, ...]:
        """The parts of one population, by first group."""
        return tuple(part for part in self.parts if part.population == population)

    def on(self, core: tuple[int, int]) -> tuple[Part, ...]:
        """The parts on one core, by slot."""
        return tuple(part for part in self.parts if part.core == core)


def groups_of(population: Population, config: ChipConfig) -> int:
    """Channel groups of a population."""
    return -(-population.shape[0] // config.lanes)


def rectangles(cores: list[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    """Disjoint rectangles (x0, y0, x1, y1) that cover exactly these cores: each packet goes once to each."""
    left = sorted(set(cores), key=lambda core: (core[1], core[0]))
    found: list[tuple[int, int, int, int]] = []
    while left:
        x0, y0 = left[0]
        x1, y1 = x0, y0
        while (x1 + 1, y0) in left:
            x1 += 1
        while all((x, y1 + 1) in left for x in range(x0, x1 + 1)):
            y1 += 1
        found.append((x0, y0, x1, y1))
        left = [core for core in left if not (x0 <= core[0] <= x1 and y0 <= core[1] <= y1)]
    return found
