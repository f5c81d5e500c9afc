"""What a gated projection must be (`network.gate`), in floats or in integers: one weight a channel, a gate of as many
channels and pixels as what it gates, or of one, and of values that the chip's dynamic memory holds."""

from dataclasses import replace

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatProjection
from spikeplane.network import Gate, Network, Population, Projection
from spikeplane.program.dynamic import check_alone, check_read
from spikeplane.program.values import check_shift
from spikeplane.shapes import shape_text


def check_gate(p: FloatProjection | Projection, gate: Gate, net: FloatNetwork | Network) -> None:
    """Raise SpikeplaneError for the first thing that is wrong. Shapes of `p` itself meet."""
    what = said(p, gate)
    check_read(p, gate.names, net, what)
    check_alone(p, what)
    shape, size = net.population(p.source).shape, net.population(gate.g).shape
    if not (size[0] in (1, shape[0]) and tuple(size[1:]) in ((1, 1), tuple(shape[1:]))):
        raise SpikeplaneError(
            f"{what}: '{gate.g}' has {shape_text(size)} neurons, '{p.source}' {shape_text(shape)}; a gate has as many channels "
            "or 1, and as many pixels or 1"
        )
    if np.shape(p.weight) != (shape[0], 1, 1):
        raise SpikeplaneError(
            f"{what}: its weights must be {shape[0]}x1x1, aligned, not {shape_text(np.shape(p.weight))}"
        )
    weight = np.asarray(p.weight)
    if isinstance(p, FloatProjection) and not (np.isfinite(weight) & (weight > 0)).all():
        raise SpikeplaneError(f"{what}: its weights must be factors above 0")
    if isinstance(p, Projection) and not (weight == 1).all():
        raise SpikeplaneError(f"{what}: its weights must be 1")


def check_gate_size(p: Projection, gate: Gate, network: Network, config: ChipConfig) -> None:
    """Raise SpikeplaneError unless the chip has gates, and holds what the gate and its copies send."""
    what = said(p, gate)
    if not (config.gates and config.dynamic_depth):
        raise SpikeplaneError(
            f"{what} needs a chip with gates = true, dynamic_depth and dynamic_bits; the chip 'auto' has what a network needs"
        )
    low, high = network.population(gate.g).values(config.membrane_bits)
    most = (1 << min(config.dynamic_bits, config.membrane_bits - 1)) - 1
    if low < 0 or high > most:
        raise SpikeplaneError(
            f"{what}: '{gate.g}' sends values from {low} to {high}, a gate's are from 0 to {most} on this chip; give it relu "
            "and planes, or a table, of such values, or use a chip with more dynamic_bits"
        )
    if high > gate.top:
        raise SpikeplaneError(f"{what}: '{gate.g}' sends up to {high}, its gate says up to {gate.top}")
    check_shift(replace(p, source=gate.g, pre_shift=0), network.population(gate.g), config)
    _check_copied(network.population(p.source), config, what)


def _check_copied(source: Population, config: ChipConfig, what: str) -> None:
    """What is gated may be copied, by neurons (`program.laid`)."""
    low, high = source.values(config.membrane_bits)
    top = 1 << (config.membrane_bits - 1)
    if low < -top or high >= top:
        raise SpikeplaneError(
            f"{what}: '{source.name}' sends values from {low} to {high}, beyond the chip's {config.membrane_bits}-bit "
            "membranes; use a chip with more membrane_bits"
        )


def said(p: FloatProjection | Projection, gate: Gate) -> str:
    """How messages name a gated projection."""
    return f"projection '{p.source}' to '{p.target}', gated by '{gate.g}'"
