"""What the testbench waits for is what the golden model's values are as packets: read again by the driver's reader."""

from dataclasses import replace

import numpy as np
import pytest

from spikeplane import Encoding, Program
from spikeplane import compile as compile_model
from spikeplane.config import PRESETS
from spikeplane.export.testbench import _spikes
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import LEVELS, MEMBRANE
from spikeplane_sim.golden.board import GoldenBoard

SHAPE = (10, 2, 3)  #: two groups of 8 lanes
NEURONS = {
    "spikes": FloatNeuron(threshold=np.full(10, 0.5), reset="soft"),
    "levels": FloatNeuron(threshold=np.full(10, 0.3), reset="soft", kind=LEVELS[4]),
    "three levels": FloatNeuron(threshold=np.full(10, 0.3), reset="none", kind=LEVELS[3]),
    "values": FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE),
}


def program_of(neuron: FloatNeuron) -> tuple[Program, np.ndarray]:
    rng = np.random.default_rng(2)
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(2, 2, 3)),
            FloatPopulation(name="out", shape=SHAPE, neuron=neuron),
        ),
        projections=(FloatProjection(source="in", target="out", weight=rng.normal(0.2, 0.5, (10, 2, 1, 1))),),
        output="out",
        readout="last" if neuron.threshold is None else "count",
    )
    planes = rng.integers(0, 2, (3, 4, 2, 2, 3)).astype(np.uint8)
    chip = replace(PRESETS["tiny"], levels=True, max_shift=15)
    encoding = Encoding(kind="planes", steps=4)
    return compile_model(net, chip=chip, encoding=encoding, calibration=planes, progress=False), planes


@pytest.mark.parametrize("name", NEURONS)
def test_packets_are_the_values(name: str) -> None:
    """Of each step: masks of lanes, times the plane's power of two."""
    program, planes = program_of(NEURONS[name])
    (sent,) = GoldenBoard(program).run(program.planes(planes[:1])).values()
    (part,) = program.placement.of("out")
    for plane in sent[0]:
        found = np.zeros((16, *SHAPE[1:]), np.int64)
        for each in _spikes(program, "out", part, plane):
            lanes = each["mask"] >> np.arange(8) & 1
            group = slice(8 * each["group"], 8 * each["group"] + 8)
            found[group, each["y"], each["x"]] += lanes * (-1 if each["negate"] else 1) << each["shift"]
        assert np.array_equal(found[:10], plane)
        assert not found[10:].any()
    assert len(np.unique(sent)) >= {"spikes": 2, "levels": 5, "three levels": 4, "values": 6}[name]
    assert (sent.min() < 0) == (name == "values")
