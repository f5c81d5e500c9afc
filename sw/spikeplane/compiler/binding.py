"""Chips of 1 bit on which currents are far from the real ones: which fields of the chip bind, and what would do.

all fields as large as may be ─▶ each back to what the chip has, while currents stay near ─▶ those that do not bind go
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spikeplane.compiler.rows import Quantised
from spikeplane.compiler.signs import PART, alike, connections, stored
from spikeplane.config import RANGES, ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Assumption, FloatNetwork
from spikeplane.network import Network

FAR = "1-bit weights"  #: what is told of currents that are far from the real ones
_FAR = 0.015  #: of the currents, in root mean squares: about 1 % of the spikes
_LESS = 0.7  #: of what there is: a chip that leaves less would do
_SAME = 0.02  #: relative difference of scales that are the same
_WIDEST = {"acc_bits": 24, "membrane_bits": 18, "projections": RANGES["projections"][1], "max_shift": 24}
_DEPTH = "weight_depth"

#: A network in integers, and its rows, for a chip.
Quantise = Callable[[ChipConfig], tuple[Network, list[Quantised]]]


def told_far(
    net: FloatNetwork, rows: list[Quantised], config: ChipConfig, probes: int, quantise: Quantise | None
) -> list[Assumption]:
    """The first layer whose currents are far from the real ones, on a chip of signs. quantise: None where nobody looks
    for a chip that would do; probes: how many populations are sent to the host."""
    far = [row for row in rows if row.off > _FAR]
    if config.weight_bits > 1 or not far:
        return []
    worst = max(row.off for row in far)
    why = _sizes(net, far[0].population)
    if why is None:
        cure = "" if quantise is None else _cure(config, worst, probes, quantise)
        why = f"branches of another size are sums of signs, and there are too few of these{cure}"
    return [
        Assumption(
            layer=far[0].population, what=FAR, value=f"currents of up to {100 * worst:.0f} % off", why=why
        )
    ]


def _sizes(net: FloatNetwork, name: str) -> str | None:
    """Why one step a channel does not hold a layer's weights; None where it does."""
    weights = [np.asarray(p.weight, np.float64) for p in net.incoming(name)]
    main = max(weights, key=np.size)
    if alike(main):
        return None
    each = "its weights are of several sizes in an output channel"
    if main.ndim == 4 and _by_source(main):
        each = "its weights have a scale of their own for each input channel, as a batch-norm in front gives them"
    return (
        f"{each}; weights of 1 bit have one size an output channel: take a chip with weight_bits = 2 or more"
    )


def _by_source(weight: np.ndarray) -> bool:
    """Whether the sizes are a number for each output channel times one for each input channel."""
    size = np.abs(weight).max((2, 3))
    product = size.sum(1, keepdims=True) * size.sum(0, keepdims=True) / size.sum()
    rows = np.where(weight == 0, size[..., None, None], np.abs(weight))
    even = np.abs(rows - size[..., None, None]).max() <= _SAME * size.max()
    return bool(even and (np.abs(size - product) <= _SAME * size.max()).all())


def _cure(config: ChipConfig, worst: float, probes: int, quantise: Quantise) -> str:
    """The fields that bind, and what they need."""

    def near(chip: ChipConfig) -> Network | None:
        try:
            network, rows = quantise(chip)
        except SpikeplaneError:
            return None
        return network if max(row.off for row in rows) <= least else None

    raised = {name: most for name, most in _WIDEST.items() if getattr(config, name) < most}
    raised[_DEPTH] = RANGES[_DEPTH][1]
    least = max(_FAR, _LESS * worst)
    found = near(replace(config, **raised))
    if found is None:
        return (
            f": a core counts {connections(config)[0]} connections into a population, and no field gives more"
        )
    least = max(_FAR, max(row.off for row in quantise(replace(config, **raised))[1]) * 1.1)
    for name in tuple(raised):
        fewer = {other: value for other, value in raised.items() if other != name}
        if (some := near(replace(config, **fewer))) is not None:
            raised, found = fewer, some
    needed = {
        "projections": len(found.projections) + probes,
        "max_shift": max(
            found.population(p.source).bits(raised.get("membrane_bits", config.membrane_bits))
            - 1
            + p.pre_shift
            for p in found.projections
        ),
        _DEPTH: -(-stored(found) * PART // (config.cores * config.lanes)),
    }
    fields = [
        f"{name} = {needed.get(name, value)} where it has {getattr(config, name)}"
        for name, value in raised.items()
    ]
    host = f" (the probes of {probes} populations are among them)" if "projections" in raised else ""
    return f"; a chip with {' and '.join(fields)} keeps more{host}" if fields else ""
