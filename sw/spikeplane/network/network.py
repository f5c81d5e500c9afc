"""Populations and the projections between them."""

from dataclasses import dataclass, field
from typing import Any

from spikeplane.errors import SpikeplaneError
from spikeplane.later import LATER
from spikeplane.network.populations import Population
from spikeplane.network.projection import Projection


@dataclass(frozen=True, kw_only=True)
class Network:
    """Populations in topological order (inputs first) and projections. `output` names the
    population that is read out.

    presentations: so many times a sample is given to the network, as a whole; what the last one gives counts.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    output: str
    steps: int = 1
    presentations: int = field(default=1, metadata=LATER)
    meta: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def inputs(self) -> tuple[Population, ...]:
        """The input populations that samples drive."""
        return tuple(p for p in self.populations if p.neuron is None and not p.constant)

    def population(self, name: str) -> Population:
        """The population of that name; SpikeplaneError if there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        raise SpikeplaneError(f"the network has no population '{name}'")

    def incoming(self, name: str) -> tuple[Projection, ...]:
        """The projections that end in `name`."""
        return tuple(self.projections[tag] for tag in self.tags_into(name))

    def outgoing(self, name: str) -> tuple[Projection, ...]:
        """The projections that start in `name`."""
        return tuple(self.projections[tag] for tag in self.tags_from(name))

    def sends(self, name: str) -> bool:
        """Whether anything takes what `name` sends: a projection, or one that counts its weights from it."""
        return any(name == p.source or p.dynamic and name in p.dynamic.names for p in self.projections)

    def taken(self, projection: Projection) -> slice:
        """Of a sample's steps those whose spikes the target takes: the first where it holds its
        current; all but the last through a delay."""
        return slice(0, 1) if self.population(projection.target).hold else slice(0, -projection.delay or None)

    def tags_into(self, name: str) -> tuple[int, ...]:
        """The tags, which are places in `projections`, of those that end in `name`."""
        return tuple(tag for tag, p in enumerate(self.projections) if p.target == name)

    def tags_from(self, name: str) -> tuple[int, ...]:
        """The tags of those that start in `name`."""
        return tuple(tag for tag, p in enumerate(self.projections) if p.source == name)
