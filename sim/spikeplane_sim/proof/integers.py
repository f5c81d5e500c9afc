"""The integer network beside the float network: left alone, and layer by layer on the float
network's spikes."""

from dataclasses import replace
from typing import Any

import numpy as np

from spikeplane.network import Network, Population
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
        sources = dict.fromkeys(p.source for p in network.incoming(population.name))
        layer = _one_layer(network, population, list(sources))
        driven = [one for one in map(network.population, sources) if not one.constant]
        given = {one.name + _GIVEN: _sent(one, planes, real, values) for one in driven}
        given = given or {_GIVEN: np.zeros((*next(iter(planes.values())).shape[:2], 1, 1, 1), np.uint8)}
        made = GoldenModel(layer, **widths).run(given)[population.name]
        found[population.name] = values[population.name] = made
    return found


def _one_layer(network: Network, population: Population, sources: list[str]) -> Network:
    """The population with its sources as inputs."""
    inputs = []
    for name in sources:
        source = network.population(name)
        wide = 32 if source.sends_values else 1
        bits = source.value_bits if source.neuron is None else wide
        inputs.append(
            Population(
                name=name + _GIVEN,
                shape=source.shape,
                value_bits=bits,
                signed=source.signed,
                constant=source.constant,
            )
        )
    if not inputs:
        inputs = [Population(name=_GIVEN, shape=(1, 1, 1))]
    return Network(
        populations=(*inputs, population),
        output=population.name,
        steps=network.steps,
        projections=tuple(replace(p, source=p.source + _GIVEN) for p in network.incoming(population.name)),
    )


def _sent(
    source: Population,
    planes: dict[str, np.ndarray],
    real: dict[str, np.ndarray],
    values: dict[str, np.ndarray],
) -> np.ndarray:
    if source.neuron is None:
        return planes[source.name]
    return values[source.name] if source.sends_values else real[source.name]
