"""Fused words at the ends of their numbers, on the chip: sums that leave the membrane's range on the way and come back, words that are
the accumulator's first and last number, thresholds, resets and leaks at the membrane's, negative membranes, samples back to back."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from test_random import CHIPS, compared

from spikeplane.config import ChipConfig
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection
from spikeplane.program.bounds import prove
from spikeplane_sim.golden import GoldenModel

CHIP = replace(CHIPS["core-8"], acc_bits=12, membrane_bits=8, fused=True)
LOW, HIGH = -128, 127
EACH = 15  #: weights of a sign
NEURONS = {
    "none": Neuron(reset="none", kind=MEMBRANE),
    "values": Neuron(leak="multiply", leak_value=65535, leak_round="up", reset="none", kind=MEMBRANE),
    "odd": Neuron(leak="multiply", leak_value=1, leak_round="odd", reset="none", kind=MEMBRANE),
    "hard": Neuron(reset="hard", v_reset=LOW),
    "soft": Neuron(leak="multiply", leak_value=65535, leak_round="down", reset="soft"),
    "strict": Neuron(reset="hard", v_reset=HIGH, strict=True),
    "floor": Neuron(leak="multiply", leak_value=32768, leak_round="up", reset="soft", floor=True),
}
THETA = {"hard": HIGH, "soft": LOW + 1, "strict": HIGH - 1, "floor": 1}


def ends(config: ChipConfig) -> tuple[Network, dict[str, np.ndarray]]:
    """15 inputs of the least weight and 15 of the largest, in turn: any of them at a time, many at once, none."""
    rng = np.random.default_rng(0)
    weight = np.tile([LOW, HIGH], (6, EACH))
    weight[1, 1::2] = weight[2, ::2] = 0  # to either end alone
    weight[3:] //= [[1], [2], [64]]
    bias = np.array([0, 0, 15, 0, -7, 7])
    populations = [Population(name="in", shape=(2 * EACH, 1, 1))]
    for name, neuron in NEURONS.items():
        theta = np.full(6, THETA[name]) if name in THETA else None
        amount = (
            np.full(6, 0 if theta is None or THETA[name] < 0 else THETA[name])
            if neuron.reset == "soft"
            else None
        )
        populations.append(
            Population(name=name, shape=(6, 1, 1), neuron=neuron, theta=theta, amount=amount, bias=bias)
        )
    network = Network(
        populations=tuple(populations),
        projections=tuple(
            Projection(source="in", target=name, weight=weight[:, :, None, None]) for name in NEURONS
        ),
        output="floor",
        steps=12,
    )
    planes = rng.random((4, network.steps, 2 * EACH, 1, 1)) < rng.choice([0.05, 0.5, 0.95], (4, 12, 1, 1, 1))
    planes[0, :3] = 1
    planes[1, :4, ::2], planes[1, :4, 1::2] = 1, 0
    planes[2, :4, ::2], planes[2, :4, 1::2] = 0, 1
    planes[:, 8:10] = 0
    assert config.populations >= len(NEURONS)
    return network, {"in": planes.astype(np.uint8)}


@pytest.mark.cosim
def test_the_chip_is_the_golden_model_at_the_ends() -> None:
    chip = replace(CHIP, populations=8)
    network, inputs = ends(chip)
    bounds = prove(network, chip)
    assert (min(b.low for b in bounds), max(b.high for b in bounds)) == (-2048, 2047)
    golden = GoldenModel(network, membrane_bits=8, acc_bits=12).run(inputs)
    values = np.concatenate([golden[name].ravel() for name in ("none", "values", "odd")])
    assert min((values == LOW).sum(), (values == HIGH).sum(), (abs(values) < 20).sum()) > 50
    assert all(0.1 < golden[name].mean() < 0.9 for name in THETA)
    seen: Counter[str] = Counter()
    compared(chip, [(0, network, inputs)], seen)
    assert seen["networks"] == 1


@pytest.mark.cosim
def test_without_multipliers() -> None:
    chip = replace(CHIP, populations=8, leak_multiplier=False)
    network, inputs = ends(chip)
    swap = {65535: 65536 - 256, 1: 256}
    populations = []
    for p in network.populations:
        if p.neuron is not None:
            value = swap.get(p.neuron.leak_value, p.neuron.leak_value)
            p = replace(p, neuron=replace(p.neuron, leak_value=value))
        populations.append(p)
    seen: Counter[str] = Counter()
    compared(chip, [(0, replace(network, populations=tuple(populations)), inputs)], seen)
    assert seen["spikes"] > 100
