"""Constant populations as wide as their weights need.

One spike of 1 beside a pixel of up to 255 steps takes a weight that may be hundreds of times as large as
the pixel's. The packet's shift gives a projection a power of two of its own; what it does not reach,
several channels do, each with its part of the weight.
"""

from dataclasses import replace

import numpy as np

from spikeplane.compiler.steps import REACH
from spikeplane.config import ChipConfig
from spikeplane.encodings import Encodings, by_input
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatProjection

_MOST = 32  #: channels of a constant population


def widened(net: FloatNetwork, config: ChipConfig, encodings: Encodings) -> FloatNetwork:
    """The same network, its constant populations of as many channels as the chip's shifter asks for."""
    driven = by_input(encodings, [p.name for p in net.inputs])
    found = {p.name: 1 for p in net.populations if p.constant}

    def size(p: FloatProjection) -> float:
        return float(np.abs(p.weight).max(initial=0.0)) * (
            driven[p.source].value if p.source in driven else 1.0
        )

    for p in net.projections:
        beside = [size(one) for one in net.incoming(p.target) if one.source not in found]
        if p.source in found and max(beside, default=0.0) > 0:
            least = size(p) / max(beside) / 2.0 ** min(config.max_shift, REACH)
            found[p.source] = max(found[p.source], min(_MOST, int(np.ceil(least))))
    populations = [
        replace(p, shape=(found.get(p.name, 1), *p.shape[1:])) if p.constant else p for p in net.populations
    ]
    projections = [_split(p, found[p.source]) if p.source in found else p for p in net.projections]
    return replace(net, populations=tuple(populations), projections=tuple(projections))


def refuse_one_size(net: FloatNetwork) -> None:
    """Raise SpikeplaneError for the first constant population, where the chip has one sign for each weight."""
    for p in net.projections:
        if net.population(p.source).constant:
            raise SpikeplaneError(
                f"layer '{p.target}' pads what a bias, a batch-norm or a normalisation has moved from 0, which takes "
                "weights of several sizes; use a chip with weight_bits = 2 or more, or with more projections, or padding 0"
            )


def _split(p: FloatProjection, channels: int) -> FloatProjection:
    return replace(p, weight=np.repeat(np.asarray(p.weight) / channels, channels, axis=-3))
