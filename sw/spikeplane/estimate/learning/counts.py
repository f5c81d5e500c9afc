"""What training a sample takes in operations, by the walk of docs/developer/training.md: for each spike, pixel that it
reaches and group of channels one op, of as many lanes as a group has channels.

    add     a spike            X[acc]    += w          on every projection
    outer   a spike, again     D[weight] += d[acc]     where the projection is trained
    gather  an open window     p         += w * d[acc] where somebody before it needs deltas
"""

from dataclasses import dataclass, field

import numpy as np

from spikeplane.estimate.learning.activity import LANES, LearningActivity, Plane
from spikeplane.train.network import LearningNetwork, LearningProjection

#: Limbs of 16 bits that a gathered sum takes: deltas below 2^7 have two, and a limb of 0 is not sent.
LIMBS = 2


@dataclass
class Walks:
    """Of one projection and sample: ops by verb; `add_masks`, `outer_masks`: as they would be with an op a mask,
    not a spike of it. `weights`: words of its weights, each an op of the update."""

    name: str
    add: float = 0.0
    add_masks: float = 0.0
    outer: float = 0.0
    outer_masks: float = 0.0
    gather: float = 0.0
    weights: int = 0
    trained: bool = True
    dense: bool = False  #: it has one position, so its gradients may be streamed
    groups: int = 0  #: of the target's channels


@dataclass
class LearningCounts:
    """Means of a sample, updates aside.

    walks        by projection, see `Walks`
    forward, backward    words swept
    carries      words of them that add a leak, or a readout's own sum, to the next step's
    taped        words written to the tape, and read by the replay and by the backward's sweep each
    groups       openings of a group, three words of parameters each
    partials     limbs of gathered sums
    packets      that go through the mesh: spikes, replays, windows, partials, errors, values, tokens
    performed    operations: an addition of a spike's weight or delta is one, a product with its addition two
    equivalent   operations of the same training where no zero is skipped: two for each weight and position
    """

    walks: list[Walks] = field(default_factory=list)
    forward: float = 0.0
    backward: float = 0.0
    carries: float = 0.0
    taped: float = 0.0
    groups: float = 0.0
    partials: float = 0.0
    packets: float = 0.0
    performed: float = 0.0
    equivalent: float = 0.0

    def total(self, name: str) -> float:
        """Of all projections."""
        return float(sum(getattr(walk, name) for walk in self.walks))


def groups_of(channels: int) -> int:
    """Words that hold so many channels."""
    return -(-channels // LANES)


def reach(network: LearningNetwork, p: LearningProjection, axis: int) -> np.ndarray:
    """For each row (axis 0) or column (1) of the source how many of the target's meet it."""
    size = network.population(p.source).shape[1 + axis]
    most = network.population(p.target).shape[1 + axis]
    at = np.arange(size)[:, None] // p.pool[axis] + p.padding[axis] - np.arange(p.weight.shape[2 + axis])
    target, rest = np.divmod(at, p.stride[axis])
    return ((rest == 0) & (target >= 0) & (target < most)).sum(1)


def sweeps(network: LearningNetwork) -> frozenset[str]:
    """Populations whose deltas are gathered from their targets."""
    hosted = {p.name for p in network.populations if not network.tags_into(p.name)}
    return frozenset(network.with_delta - hosted - {network.output})


def count(network: LearningNetwork, activity: LearningActivity) -> LearningCounts:
    """The counts of a sample at this activity."""
    found, gathered = LearningCounts(), sweeps(network)
    for p in network.projections:
        _walk(network, p, activity, p.source in gathered, found)
    for population in network.populations:
        if network.tags_into(population.name):
            _swept(network, population.name, activity.steps, population.name in gathered, found)
    _sent(network, activity, gathered, found)
    return found


def _walk(
    network: LearningNetwork,
    p: LearningProjection,
    activity: LearningActivity,
    gathers: bool,
    found: LearningCounts,
) -> None:
    rows, columns = (reach(network, p, axis) for axis in (0, 1))
    channels, height, width = network.population(p.target).shape
    groups, spikes = groups_of(channels), activity.spikes[p.source]

    def met(pixels: np.ndarray) -> float:
        return float(rows @ pixels @ columns)

    walk = Walks(p.name, add=groups * met(spikes.bits), add_masks=groups * met(spikes.masks), groups=groups)
    walk.weights = groups * int(np.prod(p.weight.shape[1:]))
    walk.trained, walk.dense = p.trained, height * width == 1
    found.performed += channels * met(spikes.bits)
    products = p.weight.size * height * width * activity.steps
    found.equivalent += 2 * products
    if p.trained:
        walk.outer, walk.outer_masks = walk.add, walk.add_masks
        found.performed += channels * met(spikes.bits)
        found.equivalent += 2 * products
    if gathers:
        windows = activity.windows[p.source]
        walk.gather = groups * met(windows.bits)
        found.performed += 2 * channels * met(windows.bits)
        found.equivalent += 2 * products
        found.partials += LIMBS * _total(windows)[0]
    found.walks.append(walk)


def _swept(network: LearningNetwork, name: str, steps: int, backward: bool, found: LearningCounts) -> None:
    channels, height, width = network.population(name).shape
    words = groups_of(channels) * height * width
    found.forward += steps * words
    found.carries += (steps - 1) * words
    if name != network.output:
        found.taped += steps * words
        found.groups += steps * groups_of(channels)
    if backward:
        found.backward += steps * words
        found.carries += (steps - 1) * words


def _sent(
    network: LearningNetwork, activity: LearningActivity, gathered: frozenset[str], found: LearningCounts
) -> None:
    """Packets: a mask each to every projection, a TOKEN a step and phase; the readout's values and its errors."""
    for p in network.projections:
        masks = _total(activity.spikes[p.source])[1]
        goes_back = p.trained or p.source in gathered
        found.packets += masks * (1 + p.trained) + activity.steps * (1 + goes_back)
        if p.source in gathered:
            found.packets += _total(activity.windows[p.source])[1] + activity.steps
    found.packets += found.partials + 2 * float(np.prod(network.population(network.output).shape)) + 2


def _total(plane: Plane) -> tuple[float, float]:
    return float(plane.bits.sum()), float(plane.masks.sum())
