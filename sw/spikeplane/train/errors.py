"""What a host tells the readout at the end of a sample: its errors, or the targets of which the chip makes them.

```
    cross-entropy: ERROR of every neuron            d = value
    squared:       PARTIAL of every limb but 0      X -= target; the chip has put mul16(1/T, r) there
```
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Kind, packet_format
from spikeplane.formats.training import FRACTION_BITS, MAX_LIMBS, VALUE_BITS, Phase, TrainingKind
from spikeplane.host.channel import rect_fields
from spikeplane.host.packets import pack_many
from spikeplane.train.losses import targets16
from spikeplane.train.network import Optimiser
from spikeplane.train.routes import BackRoutes
from spikeplane.train.softmax import softmax16


def told(optimiser: Optimiser, readout: np.ndarray, labels: np.ndarray, steps: int) -> np.ndarray:
    """What the readout is told, float16 (N, classes), of what it was (N, classes) and labels (N,): errors, or targets."""
    if optimiser.squared:
        return targets16(labels, readout.shape[1])
    return softmax16(readout, labels, steps)


def error_packets(
    config: ChipConfig, routes: BackRoutes, numbers: np.ndarray, *, squared: bool
) -> np.ndarray:
    """The packets of `numbers`, float16 (readout neurons,): errors, or with `squared` targets; a TOKEN behind them."""
    form, found = packet_format(config), []
    network, lanes = routes.network, config.lanes
    channel, y, x = (axis.ravel() for axis in np.indices(network.population(network.output).shape))
    group = channel // lanes
    places = {"group": group, "lane": channel % lanes, "y": y, "x": x}
    for part in routes.parts[network.output]:
        here = {"tag": routes.error_tag, **rect_fields((*part.core, *part.core))}
        mine = (group >= part.first) & (group < part.first + part.groups)
        for kind, which, fields in _limbs(numbers) if squared else _whole(numbers):
            told = mine & which
            values = {name: value[told] for name, value in (places | fields).items()}
            found.append(pack_many(form, kind, int(told.sum()), {**here, **values}))
        found.append(pack_many(form, Kind.TOKEN, 1, {**here, "phase": Phase.BACK}))
    return np.concatenate(found)


def _whole(errors: np.ndarray) -> Iterator[tuple[TrainingKind, np.ndarray, dict[str, Any]]]:
    yield TrainingKind.ERROR, np.ones(len(errors), dtype=bool), {"value": errors.view(np.uint16)}


def _limbs(targets: np.ndarray) -> Iterator[tuple[TrainingKind, np.ndarray, dict[str, Any]]]:
    """The negative targets in units, in signed limbs."""
    rest = -(targets.astype(np.float64) * 2.0**FRACTION_BITS).astype(np.int64)
    for limb in range(MAX_LIMBS):
        low = rest.astype(np.int16).astype(np.int64)
        rest = (rest - low) >> VALUE_BITS
        value = low & ((1 << VALUE_BITS) - 1)
        yield TrainingKind.PARTIAL, low != 0, {"value": value, "limb": np.full(len(targets), limb)}
