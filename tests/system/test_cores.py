"""One program on 1, 2, 4 and 9 cores: the same spikes in every population and step, and those of
the golden model."""

import numpy as np
import pytest
from chips import on_chip

from spikeplane.config import ChipConfig
from spikeplane.network import MEMBRANE, Network, Neuron, Population, Projection, Window
from spikeplane_sim.golden import GoldenModel

pytestmark = pytest.mark.cosim


def network() -> tuple[Network, dict[str, np.ndarray]]:
    """A convolution, a window, a recurrent layer and a readout: 72 channels are nine groups of
    eight lanes."""
    rng = np.random.default_rng(5)
    populations = (
        Population(name="in", shape=(2, 6, 6)),
        Population(
            name="conv",
            shape=(72, 3, 3),
            neuron=Neuron(leak="multiply", leak_value=49152, leak_round="up", reset="soft"),
            theta=np.full(72, 25),
            window=Window(size=2, stride=2),
            input_size=(6, 6),
        ),
        Population(
            name="loop",
            shape=(72, 1, 1),
            neuron=Neuron(leak="multiply", leak_value=51200),
            theta=rng.integers(60, 120, 72),
        ),
        Population(
            name="out",
            shape=(10, 1, 1),
            neuron=Neuron(reset="none", kind=MEMBRANE),
            bias=rng.integers(-3, 4, 10),
        ),
    )
    projections = (
        Projection(source="in", target="conv", weight=rng.integers(-20, 30, (72, 2, 3, 3)), padding=(1, 1)),
        Projection(source="conv", target="loop", weight=rng.integers(-20, 24, (72, 72, 3, 3))),
        Projection(source="loop", target="loop", weight=rng.integers(-20, 21, (72, 72, 1, 1)), delay=1),
        Projection(source="loop", target="out", weight=rng.integers(-99, 100, (10, 72, 1, 1))),
    )
    inputs = {"in": (rng.random((3, 5, 2, 6, 6)) < 0.3).astype(np.uint8)}
    return Network(populations=populations, projections=projections, output="out", steps=5), inputs


@pytest.mark.parametrize(
    ("rows", "cols"), [(1, 1), (1, 2), (2, 2), pytest.param(3, 3, marks=pytest.mark.slow)]
)
def test_any_number_of_cores(rows: int, cols: int) -> None:
    chip = ChipConfig(
        rows=rows,
        cols=cols,
        lanes=8,
        weight_depth=1 << 14,
        acc_depth=2048,
        membrane_depth=1024,
        egress_depth=128,
        coord_bits=4,
    )
    net, inputs = network()
    golden = GoldenModel(net, membrane_bits=chip.membrane_bits, acc_bits=chip.acc_bits).run(inputs)
    chipped = on_chip(net, inputs, chip)
    for name, values in chipped.items():
        assert golden[name].any(), name
        np.testing.assert_array_equal(values, golden[name], err_msg=name)
