"""The integer network beside the float network: left alone, and layer by layer on the float
network's spikes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.network import Network, Population, Projection
from spikeplane_sim.golden import GoldenModel

_GIVEN = " as given"  #: sources of a layer on its own; no layer may be called so and still feed itself


def run_alone(
    network: Network, planes: dict[str, np.ndarray], widths: dict[str, Any]
) -> dict[str, np.ndarray]:
    """The integer network's outputs (N, T, C, H, W). widths: membrane_bits and what else the golden
    model wants of the chip."""
    return GoldenModel(network, **widths).run(planes)


def run_layers(
    network: Network,
    planes: dict[str, np.ndarray],
    real: dict[str, np.ndarray],
    alone: dict[str, np.ndarray],
    widths: dict[str, Any],
) -> dict[str, np.ndarray]:
    """Every layer's outputs (N, T, C, H, W) on the float network's spikes `real` instead of its
    sources' own. Sources that send membrane values, which in the float network are no integers, give those that they
    make of `real` themselves; those of the run `alone` where they come later in the network's order."""
    found: dict[str, np.ndarray] = {}
    values = dict(alone)
    for population in network.populations:
        if population.neuron is None:
            continue
        incoming = network.incoming(population.name)
        sources = [
            network.population(name) for name in dict.fromkeys(read for p in incoming for read in _read(p))
        ]
        given = {one.name: _sent(one, planes, real, values) for one in sources if not one.constant}
        samples, count = next(iter(planes.values())).shape[:2]
        made = run_layer(population, incoming, sources, given, (samples, count, network.steps), widths)
        found[population.name] = values[population.name] = made
    return found


def run_layer(
    population: Population,
    incoming: Iterable[Projection],
    sources: Sequence[Population],
    given: Mapping[str, np.ndarray],
    size: tuple[int, int, int],
    widths: Mapping[str, Any],
) -> np.ndarray:
    """One population's outputs (N, T, C, H, W) on what its sources send. given: that, (N, T, C, H, W), by source
    but constants; size: samples, steps, and the network's steps; widths: as for `run_alone`."""
    layer = _one_layer(population, incoming, sources, size[2])
    driven = {name + _GIVEN: sent for name, sent in given.items()}
    driven = driven or {_GIVEN: np.zeros((*size[:2], 1, 1, 1), np.uint8)}
    return GoldenModel(layer, **widths).run(driven)[population.name]


def _one_layer(
    population: Population, incoming: Iterable[Projection], sources: Sequence[Population], steps: int
) -> Network:
    """The population with its sources as inputs."""
    inputs = [
        Population(
            name=source.name + _GIVEN,
            shape=source.shape,
            value_bits=_bits(source),
            signed=source.signed,
            constant=source.constant,
        )
        for source in sources
    ]
    if all(one.constant for one in inputs):
        inputs.append(Population(name=_GIVEN, shape=(1, 1, 1)))
    return Network(
        populations=(*inputs, population),
        output=population.name,
        steps=steps,
        # what it has kept of a presentation like this one
        presentations=1 + population.kept,
        projections=tuple(_given(p) for p in incoming),
    )


def _read(p: Projection) -> tuple[str, ...]:
    """The populations that a projection reads."""
    return (p.source, *(p.dynamic.names if p.dynamic else ()))


def _given(p: Projection) -> Projection:
    read = p.dynamic and p.dynamic.renamed(lambda name: name + _GIVEN)
    return replace(p, source=p.source + _GIVEN, dynamic=read)


def _bits(source: Population) -> int:
    """Of what it sends."""
    if source.neuron is None:
        return source.value_bits
    return 32 if source.sends_values else source.neuron.kind.top.bit_length()


def _sent(
    source: Population,
    planes: dict[str, np.ndarray],
    real: dict[str, np.ndarray],
    values: dict[str, np.ndarray],
) -> np.ndarray:
    if source.neuron is None:
        return planes[source.name]
    return values[source.name] if source.sends_values else real[source.name]
