"""What a sample takes in operations, whatever their time: synaptic operations, words accumulated
and swept, packets on the link."""

from dataclasses import dataclass

import numpy as np

from spikeplane.estimate.activity import Activity
from spikeplane.estimate.walks import walks
from spikeplane.estimate.work import Plan, Target
from spikeplane.program import Program


@dataclass(frozen=True)
class Counts:
    """Means of one sample.

    synaptic   additions of a weight to a neuron's sum: a spike times the neurons that it reaches,
               bit planes counted each
    words      accumulator words read, added to and written: `synaptic` in words of `lanes`, half of it where two spikes meet
    read       words of weights read: one for each of those, or two
    swept      words of neurons updated
    hops       packets times routers they pass
    sent       packets from the host, to it: spikes and tokens
    """

    synaptic: float
    words: float
    swept: float
    hops: float
    received: float
    sent: float
    read: float


def count(program: Program, activity: Activity, plan: Plan) -> Counts:
    """The counts of `program` at this activity."""
    network, steps = program.network, program.network.steps
    synaptic = words = read = hops = sent = 0.0
    visits = walks(program.laid, program.config, activity)
    for number, projection in enumerate(network.projections):
        total = float(activity.spikes[projection.source][network.taken(projection)].sum())
        reached = projection.pairs // network.population(projection.source).shape[0]
        synaptic += total * activity.reach[number] * reached
    for source in plan.inputs:
        for target in (target for route in source.routes for target in route.targets):
            words += _words(activity, visits, source.name, target)
            read += _words(activity, activity.spikes, source.name, target)
    for work in plan.parts:
        name = work.part.population
        words += sum(_words(activity, visits, name, target) * work.share for target in work.targets)
        read += sum(_words(activity, activity.spikes, name, target) * work.share for target in work.targets)
        packets = float(activity.packets[name].sum()) * work.share
        hops += packets * sum(_distance(work.core, target.core) for target in work.targets)
        hops += packets * work.probes * (1 + sum(work.core))
        sent += (packets + steps) * work.probes
    received = 0.0
    for source in plan.inputs:
        packets = activity.packets[source.name]
        for route in source.routes:
            copies = float(packets[route.taken].sum())
            received += copies + steps
            hops += copies * sum(1 + sum(target.core) for target in route.targets)
    swept = float(sum(work.port for work in plan.parts) * steps)
    found = (synaptic, words, swept, hops, received + steps, sent, read)
    return Counts(*(network.presentations * one for one in found))


def _words(activity: Activity, visits: dict[str, np.ndarray], source: str, target: Target) -> float:
    if target.by_packet:
        return float(activity.packets[source][target.taken].sum()) * target.share * target.words
    walked = activity.spikes if target.alone else visits
    return float(walked[source][target.taken].sum()) * target.words


def _distance(a: tuple[int, int], b: tuple[int, int]) -> int:
    return 1 + abs(a[0] - b[0]) + abs(a[1] - b[1])
