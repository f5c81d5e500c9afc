"""What the counters of every core must say after a run, worked out from the outputs and the geometry alone.

```
    outputs of all populations, placement --> per core: words accumulated, set bits taken in, populations swept, packets sent
```
Samples that are presented several times stand behind one another, each presentation with its own outputs.
"""

from dataclasses import dataclass, replace

import numpy as np
from reference import reference

from spikeplane.config import ChipConfig
from spikeplane.network import ALIGNED, DENSE, Network, Population, Projection
from spikeplane.program.laid import laid_out
from spikeplane.program.laid_parts import IntoPair, Order, Writer
from spikeplane.program.placement import Part, Placement, rectangles

Core = tuple[int, int]


@dataclass
class Counts:
    """Of one core and run."""

    operations: int = 0
    spikes: int = 0
    sweeps: int = 0
    packets: int = 0


def expected_counts(
    network: Network,
    outputs: dict[str, np.ndarray],
    placement: Placement,
    config: ChipConfig,
    probes: list[str],
) -> dict[Core, Counts]:
    """`outputs`: inputs and populations, int (N, T, C, H, W), of all presentations. Cores without a part count nothing."""
    found = {(x, y): Counts() for y in range(config.rows) for x in range(config.cols)}
    own, network = network, laid_out(network, config)
    relays = zip(network.projections, own.projections, strict=False)
    outputs = {**{laid.source: outputs[given.source] for laid, given in relays}, **outputs}
    outputs |= {p.name: _with_spare_lane(network, p, outputs, config) for p in _sent(network)}
    for part in placement.parts:
        population = network.population(part.population)
        if isinstance(population, Writer):
            samples, steps = next(iter(outputs.values())).shape[:2]
            found[part.core].sweeps += samples * steps
            continue
        planes = outputs[population.name]
        core = found[part.core]
        core.sweeps += planes.shape[0] * planes.shape[1]
        core.packets += _packets(network, population, part, planes, placement, config, probes)
    for projection in network.projections:
        source = network.population(projection.source)
        if isinstance(projection, Order):
            continue
        bits = _bits(source, _delivered(network, projection, outputs[source.name]), config)
        for part in placement.of(projection.target):
            spikes, operations = _met(network, projection, part, bits, config)
            found[part.core].spikes += spikes
            found[part.core].operations += operations
    return found


def _delivered(network: Network, projection: Projection, planes: np.ndarray) -> np.ndarray:
    """The steps whose spikes are sent on: of a held input the first, of a recurrent projection all
    but the last."""
    if projection.delay:
        return planes[:, :-1]
    if network.population(projection.target).hold:
        return planes[:, :1]
    return planes


def _bits(population: Population, planes: np.ndarray, config: ChipConfig) -> np.ndarray:
    """Bit planes 0 or 1: (planes, N * T, C, H, W); a membrane's are all those of its two's complement."""
    sends_values = population.sends_values
    width = population.value_bits
    if population.neuron is not None and sends_values:
        width = (population.neuron.planes or config.membrane_bits) - population.neuron.low
    elif population.neuron is not None:
        width = population.neuron.values(config.membrane_bits)[1].bit_length()
    flat = planes.reshape(-1, *planes.shape[2:])
    return np.stack([flat >> bit & 1 for bit in range(width)])


def _sent(network: Network) -> list[Population]:
    """The populations of neurons that send packets."""
    return [p for p in network.populations if p.neuron is not None and not isinstance(p, Writer)]


def _with_spare_lane(
    network: Network, population: Population, outputs: dict[str, np.ndarray], config: ChipConfig
) -> np.ndarray:
    """The outputs with one channel more where lanes beyond the channels send too: what a table has for their membranes, and
    membranes on a chip whose weights of 0 are +1.

    All are equal: there each spike that meets the last channel adds 1, of aligned and dynamic projections none, and they never
    fire. Elsewhere their membranes are 0.
    """
    planes, neuron = outputs[population.name], population.neuron
    assert neuron is not None
    if not population.sends_values or population.shape[0] % config.lanes == 0:
        return planes
    if config.weight_bits > 1:
        at_rest = neuron.table.values[len(neuron.table.values) // 2] if neuron.table else 0
        return np.concatenate((planes, np.full_like(planes[:, :, :1], at_rest)), axis=2)
    assert not population.kept, "what these lanes keep is not worked out"
    dense = [p for p in network.incoming(population.name) if p.kind is DENSE and p.dynamic is None]
    if not dense:
        assert neuron.table is None, "what a table has for what nobody sends"
        return planes
    spare = replace(
        population,
        shape=(1, *population.shape[1:]),
        neuron=replace(neuron, reset="none"),
        theta=None,
        amount=None,
        bias=None,
        leaks=None if population.leaks is None else population.leaks[..., :1] * 0,
        kept=False,
    )
    sources = dict.fromkeys(p.source for p in dense)
    alone = Network(
        populations=(
            *(Population(name=name, shape=network.population(name).shape) for name in sources),
            spare,
        ),
        output=spare.name,
        projections=tuple(replace(p, weight=abs(p.weight[..., -1:, :, :, :])) for p in dense),
    )
    made = reference(
        alone,
        {name: outputs[name][:, :, : network.population(name).shape[0]] for name in sources},
        membrane_bits=config.membrane_bits,
        acc_bits=config.acc_bits,
    )
    return np.concatenate((planes, made.outputs[spare.name]), axis=2)


def _masks(bits: np.ndarray, config: ChipConfig) -> np.ndarray:
    """Which groups have any bit: (planes, N * T, groups, H, W)."""
    planes, steps, channels, height, width = bits.shape
    groups = -(-channels // config.lanes)
    padded = np.zeros((planes, steps, groups * config.lanes, height, width), dtype=bool)
    padded[:, :, :channels] = bits
    return np.asarray(padded.reshape(planes, steps, groups, config.lanes, height, width).any(3))


def _packets(
    network: Network,
    population: Population,
    part: Part,
    planes: np.ndarray,
    placement: Placement,
    config: ChipConfig,
    probes: list[str],
) -> int:
    """One per non-zero mask and destination: a rectangle of cores for each projection, and the host."""
    groups = slice(part.first, part.first + part.groups)
    total = 0
    for projection in network.projections:
        if projection.source == population.name:
            sent = planes[:, :-1] if projection.delay else planes
            cores = [target.core for target in placement.of(projection.target)]
            total += int(_masks(_bits(population, sent, config), config)[:, :, groups].sum()) * len(
                rectangles(cores)
            )
    if population.name in probes:
        total += int(_masks(_bits(population, planes, config), config)[:, :, groups].sum())
    return total


def _met(
    network: Network, projection: Projection, part: Part, bits: np.ndarray, config: ChipConfig
) -> tuple[int, int]:
    """Set bits (of an aligned projection: masks) that meet a neuron of the part, and the words that
    they are added to."""
    source, shape = network.population(projection.source), network.population(projection.target).current_shape
    if isinstance(projection, IntoPair):
        words = projection.pair.words
        groups = slice(part.first * words, (part.first + part.groups) * words)
        taken = int(_masks(bits, config)[:, :, groups].sum())
        return taken, taken
    rows, columns = (
        np.array([_outputs(at, axis, projection, shape) for at in range(source.shape[axis])])
        for axis in (1, 2)
    )
    reached = rows[:, None] * columns[None]
    if projection.kind is ALIGNED:
        taken = _masks(bits, config)[:, :, part.first : part.first + part.groups].sum((0, 1, 2))
        return int((taken * (reached > 0)).sum()), int((taken * reached).sum())
    weight = projection.weight
    if weight.ndim == 5:  # by step: what any step meets
        weight = abs(weight).sum(0)
    channels = bits.shape[2]
    met = _groups_met(weight, part, config.lanes)[:channels, None, None]
    alike = np.ones((channels, 1, 1), dtype=np.int64)  # lanes that send the same
    alike[source.shape[0] :] = config.lanes - source.shape[0] % config.lanes
    taken = bits.sum((0, 1)) * reached * alike
    return int((bits.sum((0, 1)) * (reached > 0) * (met > 0) * alike).sum()), int((taken * met).sum())


def _groups_met(weight: np.ndarray, part: Part, lanes: int) -> np.ndarray:
    """By source channel how many groups of the part lie from the first to the last that its group has weights into."""
    found = []
    for source in range(0, weight.shape[1], lanes):
        blocks = [
            weight[target * lanes : (target + 1) * lanes, source : source + lanes].any()
            for target in range(part.first, part.first + part.groups)
        ]
        some = np.flatnonzero(blocks)
        found += [int(some[-1] - some[0]) + 1 if len(some) else 0] * lanes
    return np.array(found)


def _outputs(at: int, axis: int, projection: Projection, shape: tuple[int, int, int]) -> int:
    """How many output rows (axis 1) or columns (2) a spike in source row or column `at` reaches."""
    block, kernel = (
        at // projection.pool[axis - 1] * projection.up[axis - 1],
        projection.weight.shape[axis - 3],
    )
    stride, padding = projection.stride[axis - 1], projection.padding[axis - 1]
    return sum(0 <= block - (out * stride - padding) < kernel for out in range(shape[axis]))
