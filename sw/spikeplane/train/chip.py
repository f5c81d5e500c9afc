"""The chip that a network learns on where none is given: one core that holds it; and who shares it on a larger one."""

from dataclasses import replace
from typing import Any

from spikeplane.config import RANGES, ChipConfig
from spikeplane.train.image import build_training_image
from spikeplane.train.network import LearningNetwork, Optimiser
from spikeplane.train.plan import exact_bits
from spikeplane.train.routes import BackRoutes, Core, Cores
from spikeplane.training import RANGES as TRAINING_RANGES
from spikeplane.training import WEIGHT_BITS, TrainingConfig

#: Sizes of a core, by what an image counts of them.
_DEPTHS = {
    "weight": "weight_depth", "acc": "acc_depth", "parameter": "parameter_depth", "row": "row_depth", "column": "column_depth",
    "group": "group_depth", "egress": "egress_depth",
}  # fmt: skip
_TRAINING = {"tape": "tape_depth", "partial": "partial_depth"}


def chip_for(
    network: LearningNetwork, batch: int, steps: int, optimiser: Optimiser | None = None
) -> ChipConfig:
    """A chip of one core on which the network learns in batches of `batch` samples of `steps`, its sizes powers of two.
    Raises SpikeplaneError for a network that no core holds."""
    momentum = optimiser is not None and optimiser.momentum > 0
    routes, bits = BackRoutes(network), exact_bits(network, batch, steps)
    sides = [size for p in network.populations for size in p.shape[1:]]
    coordinate = max(1, (max(sides) - 1).bit_length())
    groups = max(-(-p.shape[0] // 8) for p in network.populations)
    most: dict[str, Any] = {name: RANGES[name][1] for name in _DEPTHS.values()}
    training = TrainingConfig(
        exact_bits=bits, momentum=momentum, **{name: most for name, (_, most) in TRAINING_RANGES.items()}
    )
    largest = ChipConfig(
        rows=1, cols=1, lanes=8, weight_bits=WEIGHT_BITS, training=training, populations=max(1, len(routes.placed)),
        projections=routes.tags, coord_bits=coordinate, group_bits=max(1, (groups - 1).bit_length()),
        **most,
    )  # fmt: skip
    used = build_training_image(network, largest, steps, optimiser=optimiser).used[0, 0]
    sizes: dict[str, Any] = {name: _power(used[what], *RANGES[name]) for what, name in _DEPTHS.items()}
    own = {name: _power(used[what], *TRAINING_RANGES[name]) for what, name in _TRAINING.items()}
    return replace(largest, training=replace(training, **own), **sizes)


def _power(words: int, least: int, most: int) -> int:
    """The next power of two within a range."""
    return min(most, max(1 << max(0, words - 1).bit_length(), 1 << (least - 1).bit_length()))


def spread(network: LearningNetwork, config: ChipConfig) -> Cores:
    """The populations shared evenly by all cores, one after the other: each by as many as it has groups of channels."""
    cores = [(x, y) for y in range(config.rows) for x in range(config.cols)]
    found: dict[str, list[Core]] = {}
    first = 0
    for name in BackRoutes(network).placed:
        several = min(len(cores), -(-network.population(name).shape[0] // config.lanes))
        found[name] = [cores[(first + i) % len(cores)] for i in range(several)]
        first += several
    return found
