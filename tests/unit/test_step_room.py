"""Numbers of each step that have room beside those of the others, and the words that a chip has of them."""

from typing import Any

import numpy as np
import pytest
from test_step_index import CHIP, STEPS, by_step, integers, sent

from spikeplane import compile
from spikeplane.compiler.images import build_image
from spikeplane.compiler.place import place
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.network import ALIGNED, MEMBRANE, Neuron
from spikeplane_sim.golden import GoldenModel


def small(*, bias: Any = None, threshold: Any = None) -> FloatNetwork:
    """A layer of two channels with one weight, of values without a threshold, and what reads it."""
    shape, values = (2, 1, 1), FloatNeuron(decay=0.0, kind=MEMBRANE)
    gate = values if threshold is None else FloatNeuron(decay=0.0, threshold=threshold, reset="none")
    return FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(1, 1, 1)),
            FloatPopulation(name="v", shape=shape, neuron=gate, bias=bias),
            FloatPopulation(name="out", shape=shape, neuron=values),
        ),
        projections=(
            FloatProjection(source="in", target="v", weight=np.ones((2, 1, 1, 1))),
            FloatProjection(source="v", target="out", weight=np.ones((2, 1, 1)), kind=ALIGNED),
        ),
        output="out",
        readout="last",
    )


def test_numbers_of_a_later_step_have_room() -> None:
    """Biases that are larger than all weights, in the planes of a stream; a threshold, in the membrane."""
    encoding, ones = Encoding(kind="planes", steps=STEPS), np.ones((1, STEPS, 1, 1, 1), np.uint8)
    program = compile(small(bias=by_step(0, 8, -40) * 1.0), chip=CHIP, encoding=encoding, calibration=ones)
    model = GoldenModel(program.network, membrane_bits=16, acc_bits=24)
    assert model.run({"in": ones})["v"][0, :, :, 0, 0].tolist() == [[1, 1], [9, 9], [-39, -39]]
    net = small(threshold=by_step(10, 10, 60_000) * 1.0)
    theta = compile(net, chip=CHIP, encoding=encoding, calibration=ones).network.population("v").theta
    assert theta is not None
    assert 20_000 < theta[2, 0] < 1 << 15
    assert 6000 * theta[0, 0] == pytest.approx(theta[2, 0], rel=0.2)


def test_more_steps_than_there_are_numbers_for_are_refused() -> None:
    soft, weight = Neuron(leak="none", reset="soft"), np.ones((STEPS, 2, 1, 1, 1), int)
    amounts = integers(amount=by_step(1, 2, 3), neuron=soft)
    for network in (integers(bias=by_step(1, 2, 3)), integers(weight=weight), amounts):
        sent(network, [1, 1])
        with pytest.raises(
            SpikeplaneError, match="weights or thresholds for 3 steps of a sample, not for more"
        ):
            sent(network, [1, 1, 1, 1])


def test_the_words_of_each_step_are_its_own() -> None:
    """GROUP leads to the step's weights, parameter_step to its -theta, -amount and bias."""
    weight, theta = np.arange(1, 7).reshape(STEPS, 2, 1, 1, 1), by_step(3, 5, 9) + [0, 1]
    net = integers(weight=weight, theta=theta, bias=by_step(7, 0, -9))
    image, tables = build_image(net, place(net, CHIP), CHIP, ["a"]), core_tables(CHIP)
    words = {(memory, address): word for memory, address, word in image.words[0, 0]}
    projection = tables.projection.unpack(words[Memory.PROJECTION, 0])
    population = tables.population.unpack(words[Memory.POPULATION, 0])

    def lanes(memory: Memory, address: int, bits: int) -> list[int]:
        found = [words[memory, address] >> bits * lane & (1 << bits) - 1 for lane in range(2)]
        return [value - (value >> bits - 1 << bits) for value in found]

    for step in range(STEPS):
        entry = tables.coordinate.unpack(words[Memory.GROUP, projection["group_base"] + step])
        assert lanes(Memory.WEIGHT, entry["weight"], CHIP.weight_bits) == weight[step].ravel().tolist()
        at = population["parameter_base"] + step * population["parameter_step"]
        found = [lanes(Memory.PARAMETER, at + i, CHIP.lane_bits) for i in (0, 2)]
        assert found == [(-theta[step]).tolist(), [[7, 7], [0, 0], [-9, -9]][step]]
