"""Currents as projections: the kernel of each draft."""

import numpy as np

from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatProjection
from spikeplane.importers.flow import Currents, Draft
from spikeplane.importers.regular import regular
from spikeplane.network import ALIGNED, DENSE, Gate, Pair


def projections(layer: str, currents: Currents) -> list[FloatProjection] | None:
    """The drafts as projections into `layer`; None if a border or a window makes them differ from
    pixel to pixel."""
    if currents.bias.ndim > 1:
        return None
    made = []
    for draft in currents.drafts:
        if draft.dynamic is not None:
            made.append(_gated(layer, draft) if isinstance(draft.dynamic, Gate) else _counted(layer, draft))
            continue
        kernel = regular(draft.map)
        if kernel is None:
            return None
        made.append(
            FloatProjection(
                source=draft.source,
                target=layer,
                weight=kernel.weight,
                stride=kernel.stride,
                padding=kernel.padding,
                pool=kernel.pool,
                kind=ALIGNED if kernel.weight.ndim == 3 else DENSE,
                delay=draft.delay,
                layer=draft.layer,
                up=kernel.up,
            )
        )
    return made


def sources(projection: FloatProjection) -> tuple[str, ...]:
    """The populations that a projection takes spikes of."""
    return projection.source, *(projection.dynamic.names if projection.dynamic else ())


def _gated(layer: str, draft: Draft) -> FloatProjection:
    """A draft that a gate multiplies as a projection into `layer`. Raises SpikeplaneError for factors of 0 or less."""
    gain = draft.map.weight[:, 0, 0]
    if (gain <= 0).any():
        raise SpikeplaneError(
            f"layer '{layer}' gets a product with a gate times {gain.min():g}, which Spikeplane cannot represent: its factor "
            "must be above 0"
        )
    return FloatProjection(
        source=draft.source,
        target=layer,
        weight=gain[:, None, None],
        layer=draft.layer,
        dynamic=draft.dynamic,
        kind=ALIGNED,
    )


def _counted(layer: str, draft: Draft) -> FloatProjection:
    """A draft whose weights are counted as a projection into `layer`. Raises SpikeplaneError for factors of 0 or less."""
    assert isinstance(draft.dynamic, Pair)
    gain = draft.map.weight[:, 0, 0]
    if (gain <= 0).any():
        raise SpikeplaneError(
            f"layer '{layer}' gets an attention times {gain.min():g}, which Spikeplane cannot represent: its factor must be "
            "above 0"
        )
    heads = np.kron(np.eye(draft.dynamic.heads), np.ones((len(gain) // draft.dynamic.heads,) * 2))
    weight = (gain[:, None] * heads)[:, :, None, None]
    return FloatProjection(
        source=draft.source, target=layer, weight=weight, layer=draft.layer, dynamic=draft.dynamic
    )
