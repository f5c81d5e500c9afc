"""The rules of the kinds of projections, by the tags of `spikeplane.network.KINDS`."""

from spikeplane_sim.golden.projections.aligned import Aligned
from spikeplane_sim.golden.projections.dense import Dense
from spikeplane_sim.golden.projections.rule import Rule

RULES: dict[str, Rule] = {"dense": Dense(), "aligned": Aligned()}
