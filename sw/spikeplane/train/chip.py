"""The chip that a network learns on where none is given: one core that holds it; and who shares it on a larger one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spikeplane.config import RANGES, ChipConfig
from spikeplane.errors import SpikeplaneError
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
    wide: dict[str, Any] = {name: top for name, (_, top) in TRAINING_RANGES.items()}
    training = TrainingConfig(exact_bits=bits, momentum=momentum, **wide)
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


def placed(network: LearningNetwork, config: ChipConfig, steps: int) -> Cores:
    """The populations on cores that hold them: spread evenly, or else as their weights fill the memories evenly, split or
    whole. Raises SpikeplaneError, of the even spread, where none of these fits."""
    if config.training is None or config.cores == 1:
        return spread(network, config)
    first: SpikeplaneError | None = None
    for cores in (
        spread(network, config),
        _filled(network, config, split=True),
        _filled(network, config, split=False),
    ):
        try:
            build_training_image(network, config, steps, cores)
        except SpikeplaneError as error:
            first = first or error
        else:
            return cores
    assert first is not None
    raise SpikeplaneError(f"{first}; neither does it fit where the weights fill all cores evenly")


def _filled(network: LearningNetwork, config: ChipConfig, *, split: bool) -> Cores:
    """The heaviest population first, each on the cores that have the fewest weights; on as many as leave the fullest one the
    emptiest, or, not `split`, on one."""
    routes = BackRoutes(network)
    groups = {name: -(-network.population(name).shape[0] // config.lanes) for name in routes.placed}
    weights = {
        name: sum(network.projections[tag].weight.size for tag in network.tags_into(name))
        for name in routes.placed
    }
    full = {(x, y): 0.0 for y in range(config.rows) for x in range(config.cols)}
    found: dict[str, list[Core]] = {}
    for name in sorted(routes.placed, key=lambda name: -weights[name]):
        emptiest = sorted(full, key=full.__getitem__)
        most = min(len(full), groups[name]) if split else 1
        several = [_with(full, emptiest[:n][::-1], groups[name], weights[name]) for n in range(1, most + 1)]
        full, found[name] = min(several, key=lambda one: max(one[0].values()))
    return found


def _with(
    full: Mapping[Core, float], cores: list[Core], groups: int, weights: int
) -> tuple[dict[Core, float], list[Core]]:
    """The cores with a population on some of them, of which the last ones get more groups, if not all the same."""
    edges, after = [groups * i // len(cores) for i in range(len(cores) + 1)], dict(full)
    for core, begin, end in zip(cores, edges, edges[1:], strict=False):
        after[core] += weights * (end - begin) / groups
    return after, cores
