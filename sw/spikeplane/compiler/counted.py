"""Layers behind dynamic projections in integers: a weight is 1, of the real value that its target channel has in floats,
and what it is counted to is the chip's. So there is nothing to round, and no coarser unit."""

import numpy as np

from spikeplane.compiler.layers import Layer
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork
from spikeplane.network import Gate, Pair, times

_CLOSE = 1e-9  #: of a factor: what powers of two and folding leave


def refuse_signs(net: FloatNetwork, config: ChipConfig) -> None:
    """Raise SpikeplaneError for attention on a chip of signs: its weights are 0 outside heads."""
    found = [p for p in net.projections if p.dynamic is not None]
    if found and config.weight_bits == 1:
        raise SpikeplaneError(
            f"layer '{found[0].target}' counts its weights from spikes, which a chip with 1-bit weights does not; use a chip "
            "with weight_bits = 2"
        )


def check_counted(layer: Layer, unit: np.ndarray, above: list[int], config: ChipConfig) -> None:
    """Raise SpikeplaneError where an integer is not one count: unit (C,), of which the projections' steps are the powers of
    two `above`."""
    for p, real, power in zip(layer.incoming, layer.real, above, strict=True):
        if isinstance(p.dynamic, Gate):
            _check_gated(layer, p.dynamic, np.abs(real).reshape(-1), unit * 2.0**power, config)
    for p, source, power in zip(layer.incoming, layer.sources, above, strict=True):
        if not isinstance(p.dynamic, Pair):
            continue
        factor = np.asarray(p.weight, np.float64).reshape(len(unit), -1).max(1)
        if (np.abs(unit * 2.0**power - factor) <= _CLOSE * factor).all():
            continue
        most = source.shape[0] // p.dynamic.heads * times(p, source.shape)
        raise SpikeplaneError(
            f"layer '{layer.population.name}': sums of up to {most:,} keys, values and queries have no room beside its "
            f"threshold, reset and bias in {config.membrane_bits}-bit membranes and {config.acc_bits}-bit accumulators, or its "
            "channels have factors of several sizes; use a chip with wider ones, or one factor"
        )


def _check_gated(layer: Layer, gate: Gate, factor: np.ndarray, one: np.ndarray, config: ChipConfig) -> None:
    """Raise SpikeplaneError where 1 of a gated value (C,) is not 1 of the currents (C,)."""
    if (np.abs(one - factor) <= _CLOSE * factor).all():
        return
    raise SpikeplaneError(
        f"layer '{layer.population.name}': its values times those of '{gate.g}', up to {gate.top}, have no room beside its "
        f"threshold, bias and other inputs in {config.membrane_bits}-bit membranes and {config.acc_bits}-bit accumulators, or its "
        "gates have factors of several sizes; use a chip with wider ones, or one factor"
    )
