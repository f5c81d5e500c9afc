"""A residual network of membrane values, six blocks deep: one population of values a block, on the chip as in the
golden model."""

import numpy as np
from residual import membrane_network

import spikeplane
from spikeplane import Encoding


def test_six_blocks_on_the_chip() -> None:
    program = spikeplane.compile(
        membrane_network(6, channels=8, pixels=16),
        chip="small",
        input_shape=(2, 4, 4),
        encoding=Encoding(kind="planes", steps=4),
        probes=["add", "add_4", "lif"],
    )
    values = [
        p.name for p in program.network.populations if p.sends_values and program.network.outgoing(p.name)
    ]
    assert values == ["add", "add_1", "add_2", "add_3", "add_4"]
    print("weights:", sum(p.weight.size for p in program.network.projections))
    samples = (np.random.default_rng(2).random((3, 4, 2, 4, 4)) < 0.4).astype(np.uint8)
    with spikeplane.open_board("sim", program) as board:
        result = spikeplane.execute(program, board, samples, lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0
    assert result.comparison.spikes > 200
