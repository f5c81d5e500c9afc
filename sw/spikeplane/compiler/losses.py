"""What rounding to integers does to a network beyond a little error: refused where nothing is left,
told where something changes."""

import math

import numpy as np

from spikeplane.compiler.leaks import MOVED, leak
from spikeplane.compiler.quantise import Quantised
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import Assumption, FloatNetwork, FloatPopulation
from spikeplane.network import LEAK_ONE, Network, Population


def check_losses(net: FloatNetwork, rows: list[Quantised], config: ChipConfig) -> None:
    """Raise SpikeplaneError for a layer whose weights are all smaller than half a step, or far
    below a 1-bit weight."""
    for row in rows:
        if row.error >= 1:
            largest = max(float(np.abs(p.weight).max()) for p in net.incoming(row.population))
            raise SpikeplaneError(
                f"layer '{row.population}': its weights of up to {largest:.3g} vanish beside its "
                "threshold, reset, bias or the range of "
                f"its inputs in {config.membrane_bits}-bit membranes and {config.acc_bits}-bit "
                "accumulators; use a chip with wider ones, "
                "or check the layer's scale and dt"
            )


def told_losses(
    net: FloatNetwork, network: Network, rows: list[Quantised], config: ChipConfig
) -> list[Assumption]:
    """Where integers behave otherwise than the trained model: time constants and soft resets."""
    found = []
    for row in rows:
        name = row.population
        real, made = net.population(name), network.population(name)
        found += _leak(real, config) + _reset(real, made, row.scale_high * 2.0**-row.guard)
    return found


def _leak(real: FloatPopulation, config: ChipConfig) -> list[Assumption]:
    assert real.neuron is not None
    moved = leak(real.neuron.decay, strict=real.neuron.strict, layer=real.name, config=config)
    if moved.moved <= MOVED:
        return []
    steps = LEAK_ONE >> config.leak_bits if config.leak_multiplier else 1
    why = f"a decay of {real.neuron.decay:g} in steps of {steps}/65536"
    if moved.kind != "multiply":
        return [
            Assumption(layer=real.name, what="leak", value="none" if moved.kind == "none" else "all", why=why)
        ]
    real_tau, tau = (-1 / math.log(kept) for kept in (real.neuron.decay, moved.value / LEAK_ONE))
    return [
        Assumption(
            layer=real.name, what="time constant", value=f"{tau:.4g} steps for {real_tau:.4g}", why=why
        )
    ]


def _reset(real: FloatPopulation, made: Population, scale: float) -> list[Assumption]:
    neuron = real.neuron
    assert neuron is not None
    subtracted = neuron.threshold if neuron.amount is None else neuron.amount
    if made.neuron is None or made.neuron.reset != "soft" or subtracted is None or made.amount is None:
        return []
    wanted = np.broadcast_to(subtracted, made.amount.shape)
    few = int(((made.amount == 1) & (wanted > 0) & (wanted < scale / 2)).sum())
    if not few:
        return []
    why = f"{few} of {len(made.amount)} channels; their weights are larger than their thresholds"
    return [Assumption(layer=real.name, what="soft reset", value="1 step", why=why)]
