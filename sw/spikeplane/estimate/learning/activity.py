"""How much a network that learns fires: by population the spikes and open windows of a sample at each pixel, and the
masks that they travel in; measured, or assumed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spikeplane.errors import SpikeplaneError, number
from spikeplane.train.network import LearningNetwork, LearningPopulation

LANES = 8  #: channels of a mask


@dataclass(frozen=True)
class Plane:
    """Means of a sample, summed over steps and bit planes, (H, W): set bits of all channels; masks that are not 0."""

    bits: np.ndarray
    masks: np.ndarray


@dataclass(frozen=True)
class Densities:
    """Assumed shares of set bits a neuron and step: of inputs, of hidden spikes, of open windows."""

    inputs: float = 0.29
    spikes: float = 0.25
    windows: float = 0.15

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise SpikeplaneError(f"the density of {name} must be from 0 to 1, not {number(value)}")


@dataclass(frozen=True)
class LearningActivity:
    """By population its spikes, and of hidden ones the windows. `source`: where they come from, for people."""

    steps: int
    spikes: dict[str, Plane]
    windows: dict[str, Plane]
    source: str


def assumed(network: LearningNetwork, steps: int, densities: Densities) -> LearningActivity:
    """Every bit is set by itself, with the same probability everywhere."""
    spikes, windows = {}, {}
    for p in network.populations:
        if p.constant:
            spikes[p.name] = Plane(*[np.full(p.shape[1:], float(steps * p.shape[0]))] * 2)
        elif p.theta is not None:
            spikes[p.name] = _even(p, steps, densities.spikes)
            windows[p.name] = _even(p, steps, densities.windows)
        elif p.name != network.output:
            spikes[p.name] = _even(p, steps, densities.inputs)
    told = ", ".join(f"{value:g} of {name}" for name, value in vars(densities).items())
    return LearningActivity(steps, spikes, windows, f"assumed densities: {told}")


def _even(p: LearningPopulation, steps: int, density: float) -> Plane:
    channels, height, width = p.shape
    planes = steps * p.value_bits
    full, rest = divmod(channels, LANES)
    masks = full * (1 - (1 - density) ** LANES) + (1 - (1 - density) ** rest)
    return Plane(*(np.full((height, width), planes * each) for each in (density * channels, masks)))


def measured(
    network: LearningNetwork, spikes: Mapping[str, np.ndarray], windows: Mapping[str, np.ndarray], source: str
) -> LearningActivity:
    """Of a tape: whole numbers (N, T, C, H, W) that each population but the readout sent, and open windows of hidden ones."""
    steps = next(iter(spikes.values())).shape[1]
    bits = {p.name: p.value_bits for p in network.populations}
    return LearningActivity(
        steps,
        {name: _counted(values, bits[name]) for name, values in spikes.items()},
        {name: _counted(values, 1) for name, values in windows.items()},
        source,
    )


def _counted(values: np.ndarray, planes: int) -> Plane:
    samples, _, channels, height, width = values.shape
    padded = np.zeros((*values.shape[:2], -(-channels // LANES) * LANES, height, width), np.uint8)
    padded[:, :, :channels] = values
    grouped = padded.reshape(*values.shape[:2], -1, LANES, height, width)
    bits, masks = np.zeros((2, height, width))
    for plane in range(planes):
        each = (grouped >> plane & 1).sum(3, dtype=np.int64)
        bits += each.sum((0, 1, 2))
        masks += (each > 0).sum((0, 1, 2))
    return Plane(bits / samples, masks / samples)


def dense(network: LearningNetwork, steps: int) -> LearningActivity:
    """Everything counts, as where no zero is skipped: every neuron in every step, a value of several bits once."""
    single = {
        p.name: np.full(p.shape[1:], float(steps * p.shape[0]))
        for p in network.populations
        if p.name != network.output
    }
    groups = {p.name: -(-p.shape[0] // LANES) * steps for p in network.populations}
    planes = {name: Plane(bits, np.full(bits.shape, float(groups[name]))) for name, bits in single.items()}
    return LearningActivity(steps, planes, planes, "every neuron in every step")
