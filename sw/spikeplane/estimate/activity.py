"""How much a network fires: per population and step of a sample the mean spikes and packets, per projection the pixels a spike reaches.

Three sources, told apart by `source`: what `compile --calibrate` recorded in the program, a run of the integer network on given
samples, or a rate that somebody assumes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikeplane.compiler.synapses import axis_reach
from spikeplane.config import ChipConfig
from spikeplane.network import Network, Population, Projection

TABLE = "activity"  #: of `Program.tables`


@dataclass(frozen=True)
class Activity:
    """Means over samples.

    spikes, packets   per population (T,): set bits, and masks that are not zero (a packet each), in all bit planes
    reach             per projection, in the network's order: target pixels that a spike meets
    source            where it comes from, for people
    """

    spikes: dict[str, np.ndarray]
    packets: dict[str, np.ndarray]
    reach: list[float]
    source: str

    def rows(self) -> list[dict[str, Any]]:
        """As a table of a program: a row a population, with the reach of the projections that leave it."""
        return [
            {"population": name, "spikes": _plain(spikes), "packets": _plain(self.packets[name])}
            for name, spikes in self.spikes.items()
        ] + [{"reach": [round(float(value), 4) for value in self.reach]}]


def recorded(network: Network, rows: list[dict[str, Any]], samples: int) -> Activity | None:
    """What a program's table says; None if it says nothing or fits another network."""
    spikes = {row["population"]: np.array(row["spikes"], float) for row in rows if "population" in row}
    packets = {row["population"]: np.array(row["packets"], float) for row in rows if "population" in row}
    reach = [value for row in rows for value in row.get("reach", [])]
    wanted = {p.name for p in network.populations}
    whole = all(len(values) == network.steps for values in (*spikes.values(), *packets.values()))
    if set(spikes) != wanted or len(reach) != len(network.projections) or not whole:
        return None
    return Activity(spikes, packets, reach, f"measured when compiling, on {samples} calibration samples")


def measured(network: Network, config: ChipConfig, outputs: Mapping[str, Any], source: str) -> Activity:
    """From the outputs of every population, inputs too: integers (N, T, C, H, W). A population that is absent is silent."""
    spikes, packets, maps = {}, {}, {}
    for population in network.populations:
        values = np.asarray(outputs[population.name])
        counts = _bits(values, _width(population, config))
        spikes[population.name] = counts.sum((2, 3, 4)).mean(0)
        packets[population.name] = _masks(values, _width(population, config), config.lanes).mean(0)
        maps[population.name] = counts.sum((0, 1, 2))
    reach = [reached(p, network, maps[p.source]) for p in network.projections]
    return Activity(spikes, packets, reach, source)


def assumed(network: Network, config: ChipConfig, rate: float) -> Activity:
    """Every bit is set with the probability `rate`, independently; membrane outputs and direct-coded pixels set half of their bits."""
    spikes, packets = {}, {}
    for population in network.populations:
        channels, height, width = population.shape
        bits = _width(population, config)
        chance = rate if bits == 1 else 0.5
        full, rest = divmod(channels, config.lanes)
        groups = full * (1 - (1 - chance) ** config.lanes) + (1 - (1 - chance) ** rest if rest else 0)
        spikes[population.name] = np.full(network.steps, bits * channels * height * width * chance)
        packets[population.name] = np.full(network.steps, bits * height * width * groups)
    reach = [reached(p, network, np.ones(network.population(p.source).shape[1:])) for p in network.projections]
    return Activity(spikes, packets, reach, f"an assumption: {rate:g} spikes a neuron and step")


def reached(projection: Projection, network: Network, spikes: np.ndarray) -> float:
    """Target pixels that a spike meets, on average over spikes (H, W) at the source's pixels; over all pixels if there are none."""
    _, height, width = network.population(projection.target).current_shape
    shape = network.population(projection.source).shape
    kernel, pool = projection.weight.shape[-2:], projection.pool
    (sy, sx), (py, px) = projection.stride, projection.padding
    rows = np.array(axis_reach(shape[1], pool[0], kernel[0], sy, py, height))
    columns = np.array(axis_reach(shape[2], pool[1], kernel[1], sx, px, width))
    weight = spikes if spikes.sum() else np.ones(shape[1:])
    return float((weight * rows[:, None] * columns).sum() / weight.sum())


def _width(population: Population, config: ChipConfig) -> int:
    """Bit planes of one value."""
    if population.neuron is not None:
        return config.membrane_bits if population.neuron.membrane_out else 1
    return population.value_bits


def _bits(values: np.ndarray, width: int) -> np.ndarray:
    return sum(((values >> bit & 1) for bit in range(width)), np.zeros(values.shape, np.int64))


def _masks(values: np.ndarray, width: int, lanes: int) -> np.ndarray:
    """Masks that are not zero, (N, T)."""
    samples, steps, channels, height, pixels = values.shape
    groups = -(-channels // lanes)
    padded = np.zeros((samples, steps, groups * lanes, height, pixels), values.dtype)
    padded[:, :, :channels] = values
    grouped = padded.reshape(samples, steps, groups, lanes, height, pixels)
    return sum(((grouped >> bit & 1).any(3).sum((2, 3, 4)) for bit in range(width)), np.zeros((samples, steps), np.int64))


def _plain(values: np.ndarray) -> list[float]:
    return [round(float(value), 3) for value in values]
