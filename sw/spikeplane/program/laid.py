"""The network as a chip has it: a dynamic projection Q -> A (`network.pair`) with the pair population that counts its weights,
a gated one with the rows of its gate (`program.laid_gates`).

```
 the network     K  V  Q ──dynamic──▶ A
 as it is laid   K ─▶ pair ◀─ V      K's and V's words of a token side by side, without memory, threshold 1
                      pair ┈▶ Q      tokens only: Q waits
                      pair ▶ D       its sweep writes the dynamic memory of the core where A is
                 Q ──dynamic──▶ A    reads it as weights
```
The golden model runs the network; placement, tables of a chip and estimates are of what is laid. Tags of the network's own
projections stay.
"""

from dataclasses import replace
from math import isqrt, lcm, prod

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import ALIGNED, Network, Neuron, Pair, Projection, on_lanes
from spikeplane.program.laid_gates import with_gates
from spikeplane.program.laid_parts import IntoPair, Order, PairPopulation, Writer
from spikeplane.program.placement import Placement


def laid_out(network: Network, config: ChipConfig) -> Network:
    """What a chip has of a network; the network itself if nothing of it is dynamic. Raises SpikeplaneError for heads and
    tokens that the chip's lanes and coordinates do not hold."""
    if all(p.dynamic is None for p in network.projections):
        return network
    dynamic = [
        (tag, p, p.dynamic) for tag, p in enumerate(network.projections) if isinstance(p.dynamic, Pair)
    ]
    names = [p.name for p in network.populations]
    pairs: list[PairPopulation] = []
    added: list[Projection] = []
    for tag, projection, pair in dynamic:
        made = _pair(network, config, tag, projection, pair, names)
        names.append(made.name)
        pairs.append(made)
        added += _around(made, projection, pair, network.population(projection.source).shape[0])
    whole = (*network.populations, *pairs), (*network.projections, *added)
    return with_gates(replace(network, populations=whole[0], projections=whole[1]), config)


def meets(channels: int, pair: Pair, lanes: int) -> bool:
    """Whether the heads of so many channels in all lie on the lanes of a core; one may have any number."""
    return pair.heads == 1 or on_lanes(channels // pair.heads, lanes)


def _pair(
    network: Network, config: ChipConfig, tag: int, projection: Projection, pair: Pair, taken: list[str]
) -> PairPopulation:
    channels, height, width = network.population(projection.source).shape
    size, lanes = channels // pair.heads, config.lanes
    what = f"projection '{projection.source}' to '{projection.target}'"
    if not meets(channels, pair, lanes):
        raise SpikeplaneError(
            f"{what}: heads of {size} channels do not meet the chip's {lanes} lanes; a head must be a part of {lanes}, or a "
            "multiple"
        )
    words = -(-size // lanes)
    name = f"{projection.target}.pair"
    while name in taken:
        name += "'"
    groups = -(-channels // lanes) // words
    plane = _plane(height * width * 2 * words, config, what)
    made = groups * lanes if words > 1 else channels
    return PairPopulation(
        name=name,
        shape=(made, *plane),
        neuron=Neuron(leak="memoryless", reset="none"),
        theta=np.ones(made, dtype=np.int64),
        reader=tag,
        words=words,
        head=((size if pair.heads > 1 and words == 1 else lanes) - 1).bit_length(),
    )


def _plane(words: int, config: ChipConfig, what: str) -> tuple[int, int]:
    """Rows and columns of so many words: the sweep goes through them in one order, whatever their shape."""
    side = 1 << config.coord_bits
    rows = next((n for n in range(isqrt(words), 0, -1) if words % n == 0), 1)
    if words // rows > side:
        raise SpikeplaneError(
            f"{what}: the {words} words of keys and values of a head are no rectangle of at most {side}x{side}; use a chip "
            "with more coord_bits"
        )
    return rows, words // rows


def _around(made: PairPopulation, p: Projection, pair: Pair, channels: int) -> list[Projection]:
    """K and V into the pair, and its tokens to Q."""
    one = np.ones((channels, 1, 1), dtype=np.int64)
    into = [
        IntoPair(source=name, target=made.name, weight=one, kind=ALIGNED, pair=made, offset=offset)
        for name, offset in zip(pair.names, (0, made.words), strict=True)
    ]
    return [*into, Order(source=made.name, target=p.source, weight=one, kind=ALIGNED)]


def units_of(network: Network, name: str) -> int:
    """Channel groups of a population that a core holds together: of one that reads dynamic memory those of its heads."""
    return lcm(*(pair.words for pair in pairs_of(network, name)))


def pairs_of(network: Network, name: str) -> list[Writer]:
    """The populations that write the dynamic memory for a population of a network that is laid out: on its cores, with its
    channels."""
    return [
        p
        for p in network.populations
        if isinstance(p, Writer) and network.projections[p.reader].target == name
    ]


def dynamic_rows(pair: Writer, groups: int, lanes: int) -> int:
    """Rows of dynamic memory of so many of its groups, in whole blocks of `lanes` rows."""
    if isinstance(pair, PairPopulation):
        return groups * pair.words * pair.words * lanes
    return -(-groups * prod(pair.shape[1:]) // lanes) * lanes


def check_together(pair: Writer, reader: str, placement: Placement) -> None:
    """Raise SpikeplaneError unless heads are whole on a core, and the pair's groups lie beside those of its reader."""
    ours = {
        (part.core, part.first * pair.words, part.groups * pair.words) for part in placement.of(pair.name)
    }
    theirs = {(part.core, part.first, part.groups) for part in placement.of(reader)}
    if ours != theirs:
        raise SpikeplaneError(
            f"population '{pair.name}' does not lie on the cores of '{reader}', with the same heads on each"
        )
