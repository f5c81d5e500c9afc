"""Networks whose weights, thresholds or biases differ from step to step: what is made of them, and what is asked of them,
before they are quantised.

```
 constant with levels ─▶ constant, weights by step      by step ─▶ checked: as many steps as a sample has
                                                        units of streams: chosen for the step of the largest weights, channel by channel
```
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import is_stepped, steps_of


def levelled(net: FloatNetwork) -> FloatNetwork:
    """Constant populations that send something else in each step send 1, and their weights differ."""
    levels = {p.name: p.levels for p in net.populations if p.levels is not None}
    if not levels:
        return net
    return replace(
        net,
        populations=tuple(replace(p, levels=None) for p in net.populations),
        projections=tuple(
            _of_levels(p, levels[p.source]) if p.source in levels else p for p in net.projections
        ),
    )


def _of_levels(p: FloatProjection, levels: np.ndarray) -> FloatProjection:
    weight = np.asarray(p.weight, np.float64)
    each = np.asarray(levels, np.float64).reshape(-1, *[1] * p.kind.rank)
    return replace(p, weight=each * weight)


def stepped(net: FloatNetwork) -> dict[str, int]:
    """By layer for how many steps it has numbers."""
    found: dict[str, int] = {}
    for p in net.projections:
        if is_stepped(p):
            found[p.target] = len(p.weight)
    for p in net.populations:
        own = steps_of(p.bias, *((p.neuron.threshold, p.neuron.amount, p.neuron.decay) if p.neuron else ()))
        if own is not None:
            found[p.name] = own
    return found


def check_by_step(net: FloatNetwork, encodings: Mapping[str, Encoding], chip: ChipConfig) -> None:
    """Raise SpikeplaneError for another number of steps than a sample has, and for weights of 1 bit."""
    steps = next(iter(encodings.values())).steps
    for name, own in stepped(net).items():
        if own != steps:
            raise SpikeplaneError(
                f"layer '{name}' has weights, thresholds or biases for {own} steps, a sample has {steps}; encode it with "
                f"steps = {own} (--steps {own})"
            )
        if chip.weight_bits == 1:
            raise SpikeplaneError(
                f"layer '{name}' has numbers of its own for each step, which a chip with 1-bit weights does not have; use "
                "weight_bits = 2 or more"
            )


def alike(net: FloatNetwork) -> FloatNetwork:
    """A network without steps in which each channel has the weights, threshold and bias of the step in which they are
    largest: for what is chosen by the size of values."""
    if not stepped(net):
        return net
    return replace(
        net,
        populations=tuple(_largest_numbers(p) for p in net.populations),
        projections=tuple(
            replace(p, weight=_largest_weights(p)) if is_stepped(p) else p for p in net.projections
        ),
    )


def _largest_weights(p: FloatProjection) -> np.ndarray:
    weight = np.asarray(p.weight, np.float64)
    size = np.abs(weight).reshape(*weight.shape[:2], -1).sum(2)
    return weight[size.argmax(0), np.arange(weight.shape[1])]


def _largest_numbers(p: FloatPopulation) -> FloatPopulation:
    neuron: FloatNeuron | None = p.neuron
    if neuron is not None:
        decay = neuron.decay if np.ndim(neuron.decay) < 2 else np.max(neuron.decay, 0)
        neuron = replace(
            neuron, threshold=largest(neuron.threshold), amount=largest(neuron.amount), decay=decay
        )
    return replace(p, bias=largest(p.bias), neuron=neuron)


def largest(values: np.ndarray | None) -> np.ndarray | None:
    """Of numbers by step (T, C) the largest in magnitude (C,); others as they are."""
    if values is None or np.ndim(values) < 2:
        return values
    return values[np.abs(values).argmax(0), np.arange(values.shape[1])]
