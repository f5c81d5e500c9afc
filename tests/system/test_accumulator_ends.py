"""A network whose currents get to both ends of the accumulators, on the chip: weights that would not fit if those of both signs
added up, and sums that pass through the ends on their way to small ones."""

import numpy as np
import pytest
from test_random import CHIPS

import spikeplane
from spikeplane import Encoding
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import MEMBRANE
from spikeplane_sim.golden import GoldenModel

EACH, PIXEL, BIAS = 136, 15, 7


@pytest.mark.cosim
def test_the_chip_is_the_golden_model_at_the_ends() -> None:
    """136 weights of +1 and as many of -1 behind 4-bit pixels, and a bias of 7: from -2047 to 2047 in 12 bits."""
    chip = CHIPS["core-32"]
    signs = np.repeat([1, -1], EACH)
    weight, bias = np.array([signs, -signs]) / 8, np.array([BIAS, -BIAS]) / 8 / PIXEL
    integrates = FloatNeuron(kind=MEMBRANE, reset="none", decay=0.0)
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(2 * EACH, 1, 1)),
            FloatPopulation(name="sums", shape=(2, 1, 1), neuron=integrates, bias=bias),
        ),
        projections=(FloatProjection(source="in", target="sums", weight=weight[:, :, None, None]),),
        output="sums",
    )
    program = spikeplane.compile(
        net, chip=chip, encoding=Encoding(kind="direct", steps=2, value_bits=4), guard=0, progress=False
    )
    (bound,) = program.tables["bounds"]
    assert (bound["low"], bound["high"], 1 << (chip.acc_bits - 1)) == (-2047, 2047, 2048)
    pixels = np.random.default_rng(0).integers(0, PIXEL + 1, (8, 2 * EACH, 1, 1))
    pixels[:3] = PIXEL
    pixels[0, EACH:] = pixels[1, :EACH] = 0
    given = pixels.astype(np.uint8)
    golden = GoldenModel(program.network, membrane_bits=chip.membrane_bits, acc_bits=chip.acc_bits)
    sent = golden.run(program.planes(given))["sums"][:3, 0].reshape(3, 2)
    assert sent.tolist() == [
        [127, -128],
        [-128, 127],
        [7, -7],
    ]  # membranes of 8 bits end before the accumulators
    result = program.run(given, board="sim", lockstep=True, progress=False)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0
    assert result.comparison.values > 20
