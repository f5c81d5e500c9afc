"""Boards refuse inputs that a program does not take, before a byte is sent."""

import numpy as np
import pytest

from spikeplane import Encoding, Program, SpikeplaneError
from spikeplane.compiler.compile import compile as compile_model
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.host.device import Device
from spikeplane.run.board import Board, DeviceBoard
from spikeplane_sim.golden.board import GoldenBoard


class Untouched(Device):
    """Nothing may be sent to it."""

    def exchange(self, data: bytes) -> bytes:
        raise AssertionError(f"{len(data)} bytes were sent")

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def program() -> Program:
    neuron = FloatNeuron(threshold=np.ones(2))
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(4, 1, 1)),
            FloatPopulation(name="out", shape=(2, 1, 1), neuron=neuron),
        ),
        projections=(FloatProjection(source="in", target="out", weight=np.ones((2, 4, 1, 1))),),
        output="out",
    )
    return compile_model(net, chip="tiny", encoding=Encoding(kind="planes", steps=3))


@pytest.fixture(params=["golden", "device"])
def board(request, program) -> Board:
    return GoldenBoard(program) if request.param == "golden" else DeviceBoard(Untouched(), program)


ONES = np.ones((2, 3, 4, 1, 1), np.uint8)
EXPECTED = "input 'in' expects integers from 0 to 1 of shape (N, 3, 4, 1, 1)"


@pytest.mark.parametrize(("inputs", "message"), [
    ({"in": ONES * 9}, f"{EXPECTED}, not uint8 (2, 3, 4, 1, 1) from 9 to 9; use program.planes(samples)"),
    ({"in": -ONES.astype(int)}, f"{EXPECTED}, not int64 (2, 3, 4, 1, 1) from -1 to -1; use program.planes(samples)"),
    ({"in": ONES[:, :2]}, f"{EXPECTED}, not uint8 (2, 2, 4, 1, 1) from 1 to 1; use program.planes(samples)"),
    ({"in": ONES[:0]}, "input 'in' holds no samples; give at least one"),
    ({"out": ONES}, "the program's input is 'in', given was 'out'; use program.planes(samples)"),
    ({}, "the program's input is 'in', given was nothing; use program.planes(samples)"),
])  # fmt: skip
def test_inputs_that_are_none(board, inputs, message):
    with pytest.raises(SpikeplaneError) as refused:
        board.run(inputs)
    assert str(refused.value) == message
