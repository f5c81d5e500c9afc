"""Currents as projections: the kernel of each draft."""

from spikeplane.float_network import FloatProjection
from spikeplane.importers.flow import Currents
from spikeplane.importers.regular import regular
from spikeplane.network import ALIGNED, DENSE


def projections(layer: str, currents: Currents) -> list[FloatProjection] | None:
    """The drafts as projections into `layer`; None if a border or a window makes them differ from
    pixel to pixel."""
    if currents.bias.ndim > 1:
        return None
    made = []
    for draft in currents.drafts:
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
