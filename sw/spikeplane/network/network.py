"""Populations and the projections between them."""

from dataclasses import dataclass, field

from spikeplane.errors import SpikeplaneError
from spikeplane.network.populations import Population
from spikeplane.network.projection import Projection


@dataclass(frozen=True, kw_only=True)
class Network:
    """Populations in topological order (inputs first) and projections. `output` names the
    population that is read out."""

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    output: str
    steps: int = 1
    meta: dict = field(default_factory=dict)

    def population(self, name: str) -> Population:
        """The population of that name; SpikeplaneError if there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        raise SpikeplaneError(f"the network has no population '{name}'")

    def incoming(self, name: str) -> tuple[Projection, ...]:
        """The projections that end in `name`."""
        return tuple(p for p in self.projections if p.target == name)

    def outgoing(self, name: str) -> tuple[Projection, ...]:
        """The projections that start in `name`."""
        return tuple(p for p in self.projections if p.source == name)
