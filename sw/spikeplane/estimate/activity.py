"""How much a network fires: per population and step of a sample the mean spikes and packets, per
projection the pixels a spike reaches.

Three sources, told apart by `source`: what `compile --calibrate` recorded in the program, a run of
the integer network on given samples, or a rate that somebody assumes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spikeplane.compiler.synapses import axis_reach
from spikeplane.config import ChipConfig
from spikeplane.network import Network, Population, Projection
from spikeplane.program.tables import ACTIVITY

TABLE = ACTIVITY  #: of `Program.tables`


@dataclass(frozen=True)
class Activity:
    """Means over samples.

    spikes, packets   per population (T,): set bits, and masks that are not zero (a packet each), in
                      all bit planes
    reach             per projection, in the network's order: target pixels that a spike meets
    source            where it comes from, for people
    """

    spikes: dict[str, np.ndarray]
    packets: dict[str, np.ndarray]
    reach: list[float]
    source: str

    def rows(self, lanes: int) -> list[dict[str, Any]]:
        """As a table of a program: a row a population, and one with the reach of all projections
        and the `lanes` of a packet."""
        return [
            {"population": name, "spikes": _plain(spikes), "packets": _plain(self.packets[name])}
            for name, spikes in self.spikes.items()
        ] + [{"lanes": lanes, "reach": [round(float(value), 4) for value in self.reach]}]


def recorded(
    network: Network, config: ChipConfig, rows: list[dict[str, Any]], samples: int
) -> Activity | None:
    """What a program's table says; None if it says nothing or fits another network. Of a program
    that has been placed on a chip of other lanes the packets are those of spikes that are spread
    evenly."""
    spikes = {row["population"]: np.array(row["spikes"], float) for row in rows if "population" in row}
    packets = {row["population"]: np.array(row["packets"], float) for row in rows if "population" in row}
    reach = [value for row in rows for value in row.get("reach", [])]
    wanted = {p.name for p in network.populations}
    whole = all(len(values) == network.steps for values in (*spikes.values(), *packets.values()))
    if set(spikes) != wanted or len(reach) != len(network.projections) or not whole:
        return None
    if rows[-1].get("lanes") != config.lanes:
        packets = {p.name: _packets(p, config, spikes[p.name]) for p in network.populations}
    return Activity(spikes, packets, reach, f"measured when compiling, on {samples} calibration samples")


def measured(network: Network, config: ChipConfig, outputs: Mapping[str, Any], source: str) -> Activity:
    """From the outputs of every population, inputs too: integers (N, T, C, H, W). A population that
    is absent is silent."""
    spikes, packets, maps = {}, {}, {}
    for population in network.populations:
        name, width = population.name, population.bits(config.membrane_bits)
        # a sample at a time: memory
        counted = [_counted(np.asarray(sample), population, width, config.lanes) for sample in outputs[name]]
        spikes[name] = np.mean([fired for fired, _, _ in counted], 0)
        packets[name] = np.mean([masks for _, masks, _ in counted], 0)
        maps[name] = np.sum([pixels for _, _, pixels in counted], 0)
    reach = [reached(p, network, maps[p.source]) for p in network.projections]
    return Activity(spikes, packets, reach, source)


def assumed(network: Network, config: ChipConfig, rate: float) -> Activity:
    """Every bit is set with the probability `rate`, independently; membrane outputs and
    direct-coded pixels set half of their bits."""
    spikes, packets = {}, {}
    for population in network.populations:
        bits = population.bits(config.membrane_bits)
        chance = rate if bits == 1 else 0.5
        spikes[population.name] = np.full(network.steps, bits * np.prod(population.shape) * chance)
        packets[population.name] = _packets(population, config, spikes[population.name])
    reach = [
        reached(p, network, np.ones(network.population(p.source).shape[1:])) for p in network.projections
    ]
    return Activity(spikes, packets, reach, f"an assumption: {rate:g} spikes a neuron and step")


def _packets(population: Population, config: ChipConfig, spikes: np.ndarray) -> np.ndarray:
    """Masks that are not zero where so many bits (T,) are set anywhere, independently."""
    channels, height, width = population.shape
    places = population.bits(config.membrane_bits) * height * width
    silent = 1 - np.minimum(1, spikes / (places * channels))
    full, rest = divmod(channels, config.lanes)
    return places * (full * (1 - silent**config.lanes) + (1 - silent**rest))


def reached(projection: Projection, network: Network, spikes: np.ndarray) -> float:
    """Target pixels that a spike meets, on average over spikes (H, W) at the source's pixels; over
    all pixels if there are none."""
    shape = network.population(projection.source).shape
    rows, columns = (np.array(axis_reach(projection, network, axis)) for axis in (0, 1))
    weight = spikes if spikes.sum() else np.ones(shape[1:])
    return float((weight * rows[:, None] * columns).sum() / weight.sum())


def _counted(
    values: np.ndarray, population: Population, width: int, lanes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `_count`; the host sends the magnitudes of signed values, positive and negative apart."""
    if not population.signed:
        return _count(values, width, lanes)
    values = values.astype(np.int64)
    above, below = (_count(np.maximum(part, 0), width, lanes) for part in (values, -values))
    return above[0] + below[0], above[1] + below[1], above[2] + below[2]


def _count(values: np.ndarray, width: int, lanes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of one sample (T, C, H, W): set bits (T,), masks that are not zero (T,), set bits at each
    pixel (H, W)."""
    steps, channels, height, pixels = values.shape
    groups = -(-channels // lanes)
    padded = np.zeros((steps, groups * lanes, height, pixels), values.dtype)
    padded[:, :channels] = values
    grouped = padded.reshape(steps, groups, lanes, height, pixels)
    fired, masks, places = np.zeros(steps), np.zeros(steps), np.zeros((height, pixels))
    for bit in range(width):
        counts = (grouped >> bit & 1).sum(2)
        fired += counts.sum((1, 2, 3))
        masks += np.count_nonzero(counts, (1, 2, 3))
        places += counts.sum((0, 1))
    return fired, masks, places


def _plain(values: np.ndarray) -> list[float]:
    return [round(float(value), 3) for value in values]
