"""What a sample takes in operations, whatever their time: synaptic operations, words accumulated
and swept, packets on the link."""

from dataclasses import dataclass

from spikeplane.estimate.activity import Activity
from spikeplane.estimate.work import Plan, Target
from spikeplane.program import Program


@dataclass(frozen=True)
class Counts:
    """Means of one sample.

    synaptic   additions of a weight to a neuron's sum: a spike times the neurons that it reaches,
               bit planes counted each
    words      accumulator words read, added to and written: `synaptic` in words of `lanes`
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


def count(program: Program, activity: Activity, plan: Plan) -> Counts:
    """The counts of `program` at this activity."""
    network, steps = program.network, program.network.steps
    synaptic = words = hops = sent = 0.0
    for number, projection in enumerate(network.projections):
        total = float(activity.spikes[projection.source][network.taken(projection)].sum())
        reached = projection.pairs // network.population(projection.source).shape[0]
        synaptic += total * activity.reach[number] * reached
    for source in plan.inputs:
        for target in (target for route in source.routes for target in route.targets):
            words += _words(activity, source.name, target)
    for work in plan.parts:
        name = work.part.population
        words += sum(_words(activity, name, target) * work.share for target in work.targets)
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
    found = (synaptic, words, swept, hops, received + steps, sent)
    return Counts(*(network.presentations * one for one in found))


def _words(activity: Activity, source: str, target: Target) -> float:
    spikes, packets = activity.spikes[source], activity.packets[source]
    if target.by_packet:
        return float(packets[target.taken].sum()) * target.share * target.words
    return float(spikes[target.taken].sum()) * target.words


def _distance(a: tuple[int, int], b: tuple[int, int]) -> int:
    return 1 + abs(a[0] - b[0]) + abs(a[1] - b[1])
