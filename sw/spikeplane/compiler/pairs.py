"""Coordinate tables around a pair population (`program.laid`): K and V into it, and Q by what it counts; and by a gate.

```
 accumulators of the pair   group h: token 0: k_0 .. k_(G-1) v_0 .. v_(G-1), token 1: ...         G words of K a head
 rows of dynamic memory     head h, target word u, source word j, bit i: ((h * G + u) * G + j) * lanes + i
 rows of a gate             group, pixel: group * pixels + pixel; of one pixel for all: group
```
"""

from math import prod

from spikeplane.compiler.synapses import Synapses
from spikeplane.config import ChipConfig
from spikeplane.network import Network, Projection
from spikeplane.program.laid_parts import GatePopulation, IntoPair, PairPopulation, Writer
from spikeplane.program.placement import Part

_STEPS = ("acc_row", "acc_column", "acc_group", "weight_row", "weight_column", "weight_group")
Entries = list[dict[str, int]]


def pair_synapses(projection: IntoPair, network: Network, config: ChipConfig, part: Part) -> Synapses:
    """Of K or V into a part of the pair; one weight word, 1 in every lane."""
    pair, (channels, height, width) = projection.pair, network.population(projection.source).shape
    both, plane = 2 * pair.words, prod(pair.shape[1:])
    groups: Entries = []
    for source in range(-(-channels // config.lanes)):
        head, word = divmod(source, pair.words)
        here = part.first <= head < part.first + part.groups
        place = (head - part.first) * plane + projection.offset + word
        groups.append({"count": int(here), "acc": place if here else 0, "weight": 0})
    rows, columns = _places(height, width * both), _places(width, both)
    return Synapses([1], rows, columns, groups, dict.fromkeys(_STEPS, 0))


def dynamic_synapses(projection: Projection, network: Network, config: ChipConfig, part: Part) -> Synapses:
    """Of Q into a part of A, by rows of dynamic memory from the part's first on; no weights are stored."""
    pair = writer_of(network, projection)
    if isinstance(pair, GatePopulation):
        return _gate_synapses(pair, projection, network, config, part)
    assert isinstance(pair, PairPopulation)
    channels, height, width = network.population(projection.source).shape
    plane, lanes, words = height * width, config.lanes, pair.words
    groups: Entries = []
    for source in range(-(-channels // lanes)):
        head, word = divmod(source, words)
        here = part.first <= head * words < part.first + part.groups
        at = head - part.first // words
        entry = {"acc": at * words * plane, "weight": (at * words * words + word) * lanes}
        groups.append({"count": words, **entry} if here else {"count": 0, "acc": 0, "weight": 0})
    steps = {**dict.fromkeys(_STEPS, 0), "acc_group": plane, "weight_group": words * lanes}
    return Synapses([], _places(height, width), _places(width, 1), groups, steps)


def _gate_synapses(
    gate: GatePopulation, projection: Projection, network: Network, config: ChipConfig, part: Part
) -> Synapses:
    """Of X, or its relay, by the rows of its gate: each pixel by its own, or all by one."""
    channels, height, width = network.population(projection.source).shape
    rows, step = prod(gate.shape[1:]), int(tuple(gate.shape[1:]) == (height, width))
    groups: Entries = []
    for source in range(-(-channels // config.lanes)):
        at = source - part.first
        here = 0 <= at < part.groups
        groups.append(
            {"count": 1, "acc": at * height * width, "weight": at * rows}
            if here
            else {"count": 0, "acc": 0, "weight": 0}
        )
    down, across = (
        [{"count": 1, "acc": at * acc, "weight": at * acc * step} for at in range(count)]
        for count, acc in ((height, width), (width, 1))
    )
    return Synapses([], down, across, groups, dict.fromkeys(_STEPS, 0))


def writer_of(network: Network, projection: Projection) -> Writer:
    """The population that writes what a dynamic projection reads as weights."""
    return next(
        p
        for p in network.populations
        if isinstance(p, Writer) and network.projections[p.reader] is projection
    )


def _places(count: int, step: int) -> Entries:
    return [{"count": 1, "acc": at * step, "weight": 0} for at in range(count)]
