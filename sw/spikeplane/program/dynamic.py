"""What a dynamic projection must be (`network.pair`), in floats or in integers: keys, values and queries are spikes of
one shape, and the keys do not wait for the queries, which wait for them. Gates: see `program.gate`."""

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatPopulation, FloatProjection
from spikeplane.network import Network, Pair, Population, Projection
from spikeplane.shapes import shape_text

_PLAIN = ((1, 1), (0, 0), (1, 1), (1, 1))  #: stride, padding, pool, up


def check_dynamic(p: FloatProjection | Projection, pair: Pair, net: FloatNetwork | Network) -> None:
    """Raise SpikeplaneError for the first thing that is wrong. Shapes of `p` itself meet."""
    what = f"dynamic projection '{p.source}' to '{p.target}'"
    check_read(p, pair.names, net, what)
    for name in (*pair.names, p.source):
        _check_spikes(net.population(name), what)
    _check_shapes(p, pair, net, what)
    _check_weight(p, pair, net.population(p.source).shape[0], what)
    if net.population(p.source).neuron is None:
        raise SpikeplaneError(
            f"{what}: '{p.source}' is an input, which does not wait for keys and values; put a layer of neurons between"
        )
    waiting = _reached(p.source, net)
    for name in pair.names:
        if name == p.source or name in waiting:
            raise SpikeplaneError(
                f"{what}: '{name}' is made of '{p.source}' in the same step, and '{p.source}' waits for it; take "
                "keys, values and queries of their own layers"
            )


def check_read(
    p: FloatProjection | Projection, read: tuple[str, ...], net: FloatNetwork | Network, what: str
) -> None:
    """Raise SpikeplaneError unless what a projection reads besides its source is there, before its target."""
    names = [population.name for population in net.populations]
    for name in read:
        if name not in names:
            raise SpikeplaneError(
                f"{what} reads '{name}', which is no population; there are {', '.join(names)}"
            )
        if names.index(name) >= names.index(p.target):
            raise SpikeplaneError(f"{what} reads '{name}', which comes later; list it before '{p.target}'")


def check_alone(p: FloatProjection | Projection, what: str) -> None:
    """Raise SpikeplaneError unless pixels meet one by one in the step itself."""
    if p.delay or tuple(map(tuple, (p.stride, p.padding, p.pool, p.up))) != _PLAIN:
        raise SpikeplaneError(
            f"{what} meets pixels one by one in the step itself: stride, pool and up are 1, padding and delay 0"
        )


def heads_mask(channels: int, heads: int) -> np.ndarray:
    """Which target channel meets which source channel, (C, C): those of its head."""
    head = np.arange(channels) // (channels // heads)
    return head[:, None] == head


def _check_spikes(population: FloatPopulation | Population, what: str) -> None:
    bits, neuron = getattr(population, "value_bits", 1), population.neuron
    whole = neuron is not None and neuron.kind.whole
    if population.sends_values or whole or bits > 1 or getattr(population, "signed", False):
        raise SpikeplaneError(
            f"{what}: '{population.name}' sends values; keys, values and queries are spikes, 0 or 1"
        )


def _check_shapes(
    p: FloatProjection | Projection, pair: Pair, net: FloatNetwork | Network, what: str
) -> None:
    shape = net.population(p.source).shape
    for name in (*pair.names, p.target):
        population = net.population(name)
        other = population.current_shape if name == p.target else population.shape
        if tuple(other) != tuple(shape):
            raise SpikeplaneError(
                f"{what}: '{name}' has {shape_text(other)} neurons, '{p.source}' {shape_text(shape)}; keys, values, "
                "queries and target are of one shape"
            )
    if type(pair.heads) is not int or pair.heads < 1 or shape[0] % pair.heads:
        raise SpikeplaneError(
            f"{what}: its {shape[0]} channels do not divide into {pair.heads} heads of the same size"
        )
    check_alone(p, what)


def _check_weight(p: FloatProjection | Projection, pair: Pair, channels: int, what: str) -> None:
    """Of a float network a factor above 0 for each target channel, of integers 1; 0 outside heads."""
    if np.shape(p.weight) != (channels, channels, 1, 1):
        raise SpikeplaneError(
            f"{what}: its weights must be {channels}x{channels}x1x1, not {shape_text(np.shape(p.weight))}"
        )
    weight = np.asarray(p.weight)[..., 0, 0]
    factor = weight.max(1) if isinstance(p, FloatProjection) else np.ones(channels)
    if not ((factor > 0).all() and (weight == heads_mask(channels, pair.heads) * factor[:, None]).all()):
        wanted = "one factor above 0 a target channel" if isinstance(p, FloatProjection) else "1"
        raise SpikeplaneError(f"{what}: its weights must be {wanted} within heads and 0 outside")


def _reached(name: str, net: FloatNetwork | Network) -> set[str]:
    """The populations that need what `name` sends, in the same step."""
    edges = [(p.source, p.target) for p in net.projections if not p.delay]
    for p in net.projections:
        # keys and values also go before their queries; what a gate stops has a copy that waits
        ends = (p.source, p.target) if isinstance(p.dynamic, Pair) else (p.target,)
        edges += [(one, to) for one in (p.dynamic.names if p.dynamic else ()) for to in ends]
    found: set[str] = set()
    new = [name]
    while new:
        one = new.pop()
        added = {to for source, to in edges if source == one} - found
        found |= added
        new += added
    return found
