"""What pair populations and gates (`program.laid`) take: packets of K and V, of gates and relays, and the cycles in which
the outer engine clears and writes rows of dynamic memory."""

from dataclasses import replace
from math import prod

import numpy as np

from spikeplane.estimate.activity import Activity
from spikeplane.network import Pair
from spikeplane.program import Program
from spikeplane.program.laid import dynamic_rows
from spikeplane.program.laid_parts import Order, PairPopulation, Writer
from spikeplane.program.placement import Part, groups_of


def with_pairs(program: Program, activity: Activity) -> Activity:
    """The activity of the network as it is laid: pair populations and rows of gates send nothing, relays what is gated, and
    what comes in meets one word."""
    network, own = program.laid, program.network
    silent = {p.name: np.zeros(network.steps) for p in network.populations if isinstance(p, Writer)}
    copied = {
        laid.source: given.source
        for laid, given in zip(network.projections, own.projections, strict=False)
        if laid.source != given.source
    }
    spikes, packets = (
        given | silent | {relay: given[source] for relay, source in copied.items()}
        for given in (activity.spikes, activity.packets)
    )
    added = network.projections[len(own.projections) :]
    reach = [*activity.reach, *(float(not isinstance(p, Order)) for p in added)]
    return replace(activity, spikes=spikes, packets=packets, reach=reach)


def outer_cycles(program: Program, activity: Activity, part: Part) -> int:
    """Cycles of the outer engine in a sweep of a pair population: its rows cleared, and one for each set bit of a token's
    keys and each word of its values that is not 0, on average over the steps. 0 for other populations."""
    network, config = program.laid, program.config
    pair = network.population(part.population)
    if not isinstance(pair, PairPopulation):
        return 0
    dynamic = network.projections[pair.reader].dynamic
    assert isinstance(dynamic, Pair)
    tokens = prod(network.population(dynamic.v).shape[1:])
    words = groups_of(network.population(dynamic.v), config)
    there = np.minimum(activity.packets[dynamic.v] / (tokens * words), 1.0)
    share = part.groups / groups_of(pair, config)
    writes = activity.spikes[dynamic.k] * share * pair.words * there
    return dynamic_rows(pair, part.groups, config.lanes) + round(float(writes.mean()))
