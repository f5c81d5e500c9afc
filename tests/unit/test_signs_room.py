"""What a chip of signs has room for: tags, weights, connections, bits of the accumulator."""

from dataclasses import replace

import numpy as np
import torch
from networks_of_signs import calibrated, residual

from spikeplane import Encoding
from spikeplane.compiler.quantise import quantise
from spikeplane.compiler.signs import SEVERAL, affordable, connections, fewer_signs
from spikeplane.compiler.steps import common_unit
from spikeplane.config import preset
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers import import_model
from spikeplane.program.bounds import prove

ONE = replace(preset("small"), weight_bits=1)


def layer(*projections: FloatProjection) -> FloatNetwork:
    """Neurons behind one input."""
    shape = np.asarray(projections[0].weight).shape
    neuron = FloatNeuron(decay=0.5, threshold=np.full(shape[0], 0.7))
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(shape[1], 4, 4)),
            FloatPopulation(name="out", shape=(shape[0], 4, 4), neuron=neuron),
        ),
        projections=projections,
        output="out",
    )


def test_what_a_chip_has_room_for() -> None:
    """Tags, the host's among them; half of the weight memories; connections of a core."""
    torch.manual_seed(1)
    model, _ = calibrated(residual(shortcut=True, channels=8), 2)
    net = import_model(model, input_shape=(2, 8, 8), input_bits=1)
    network, _ = quantise(net, ONE, Encoding(kind="planes", steps=2))
    tags, weights = len(network.projections) + 6, sum(np.count_nonzero(p.weight) for p in network.projections)
    assert affordable(network, replace(ONE, projections=tags))
    assert not affordable(network, replace(ONE, projections=tags - 1))
    assert affordable(network, replace(ONE, projections=tags - 5), probes=1)
    words = int(-(-2 * weights // (ONE.cores * ONE.lanes)))
    assert affordable(network, replace(ONE, weight_depth=words))
    assert not affordable(network, replace(ONE, weight_depth=words - 1))
    into, out = connections(ONE)
    first = network.projections[0]
    for count, fits in ((into, True), (into + 1, False)):
        many = replace(network, projections=(first,) * count)
        assert affordable(many, replace(ONE, projections=256)) is fits
    stem = next(p for p in network.projections if network.population(p.source).neuron is not None)
    targets = [p.name for p in network.populations if p.neuron is not None]
    for count, fits in ((out, True), (out + 1, False)):
        spread = tuple(replace(stem, target=targets[n % len(targets)]) for n in range(count))
        assert affordable(replace(network, projections=spread), replace(ONE, projections=256)) is fits
    assert fewer_signs((1, -2, -8, 2, 8)) == (1, -2, -7, 2, 7)


def test_halves_of_signs_are_whole_without_guard_bits() -> None:
    rng = np.random.default_rng(5)
    own = np.kron(np.eye(8), np.ones((4, 4)))
    weight = own * rng.choice([-1.0, 1.0], own.shape) * rng.uniform(0.3, 1, (32, 1))
    net, chip = (
        layer(FloatProjection(source="in", target="out", weight=weight[..., None, None])),
        replace(ONE, lanes=8),
    )
    real = np.asarray(net.projections[0].weight)[..., 0, 0]
    network, _ = quantise(net, chip, Encoding(kind="planes", steps=2), guard=0)
    assert all(p.pre_shift >= 0 for p in network.projections)
    total = np.sum([p.weight << p.pre_shift for p in network.projections], axis=0)[..., 0, 0]
    assert np.array_equal(np.sign(total), np.sign(real))
    theta = network.population("out").theta
    assert theta is not None
    step = np.abs(real).max(1)
    assert (np.abs(theta * step / np.abs(total).max(1) - 0.7) <= step / 2).all()


def test_terms_that_reach_beyond_the_accumulator_are_fewer() -> None:
    """Of a branch of several sizes: each of its signs counts in the worst case, whatever the weight is."""
    rng = np.random.default_rng(0)
    wide, narrow = rng.choice([-0.02, 0.02], (8, 64, 3, 3)), rng.uniform(-0.3, 0.3, (8, 64, 1, 1))
    net = layer(
        FloatProjection(source="in", target="out", weight=wide, padding=(1, 1)),
        FloatProjection(source="in", target="out", weight=narrow),
    )
    counts = []
    for bits in (24, 16, 13):
        chip = replace(ONE, acc_bits=bits, weight_depth=8192)
        network, _ = quantise(net, chip, Encoding(kind="planes", steps=2))
        assert prove(network, chip)
        counts.append(len(network.projections))
    assert counts[0] == 1 + max(SEVERAL)
    assert counts[0] >= counts[1] > counts[2]


def test_steps_far_above_an_identity_of_values_are_reached() -> None:
    """Odd numbers of eight signs, 2^10 times the identity's 1: 255 of these are 2^18 but for one in 256."""
    weights = [np.ones((4, 1, 1)), np.full((4, 3, 1, 1), 2.0**18)]
    unit, _, above = common_unit(weights, (1, -8), [20, 20], uniform=False, exact=False)
    assert unit.tolist() == [1.0] * 4
    assert above == [0, 10]


def test_steps_as_far_above_a_step_of_one_as_shifts_reach() -> None:
    """Of values whose steps are 1 themselves: one of the eight signs' numbers is exact."""
    weights = [np.ones((4, 1, 1)), np.full((4, 3, 1, 1), 2.0**18)]
    _, _, above = common_unit(weights, (1, -8), [20, 20], uniform=False, exact=False, anchor=0)
    assert above == [0, 18]
