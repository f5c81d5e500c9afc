"""The shape of a model's input where only the calibration says it."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.compiler.model import shape_of

SHAPE = (2, 6, 4)
IMAGES = np.random.default_rng(0).integers(0, 256, (4, *SHAPE), dtype=np.uint8)
FRAMES = torch.from_numpy(np.random.default_rng(0).integers(0, 2, (4, 3, *SHAPE))).float()
DIRECT, PLANES = Encoding(kind="direct"), Encoding(kind="planes", steps=3)


class Net(torch.nn.Module):
    """A convolution comes first: of the input it says the channels only."""

    def __init__(self) -> None:
        from spikingjelly.activation_based import layer, neuron

        super().__init__()
        self.conv1 = layer.Conv2d(2, 4, 3, bias=False)
        self.sn1 = neuron.IFNode()
        self.fc = layer.Linear(32, 3)
        self.sn2 = neuron.IFNode()

    def forward(self, x):
        return self.sn2(self.fc(self.sn1(self.conv1(x)).flatten(1)))


def test_a_program_of_a_model_that_does_not_say_it() -> None:
    program = spikeplane.compile(
        Net(), chip="tiny", encoding=DIRECT, calibration=torch.from_numpy(IMAGES) / 255
    )
    assert program.input.shape == SHAPE
    assert program.run(IMAGES, lockstep=True).spikes["conv1"].shape == (4, 4, 4, 4, 2)
    alone = TensorDataset(torch.from_numpy(IMAGES))
    for source in (alone, DataLoader(alone, batch_size=3)):
        assert np.array_equal(program.run(source).inputs["input"], program.planes(IMAGES)["input"])
    with pytest.raises(SpikeplaneError) as error:
        spikeplane.compile(Net(), chip="tiny", encoding=DIRECT)
    assert str(error.value) == (
        "the model does not say its input's shape (channels, height, width); give it, such as "
        "--input-shape 1x28x28 (input_shape=(1, 28, 28))"
    )


@pytest.mark.parametrize(("given", "encoding", "shape"), [
    (IMAGES, DIRECT, SHAPE),
    (torch.from_numpy(IMAGES), Encoding(kind="rate"), SHAPE),
    (IMAGES[:, 0], DIRECT, (1, 6, 4)),
    (IMAGES.reshape(4, -1), DIRECT, (48, 1, 1)),
    (list(IMAGES), DIRECT, SHAPE),
    (DataLoader(TensorDataset(torch.from_numpy(IMAGES), torch.zeros(4)), batch_size=2, shuffle=True), DIRECT, SHAPE),
    (TensorDataset(torch.from_numpy(IMAGES)), DIRECT, SHAPE),
    (TensorDataset(torch.from_numpy(IMAGES), torch.zeros(4)), DIRECT, SHAPE),
    (FRAMES, PLANES, SHAPE),
    (FRAMES.reshape(4, 3, -1), Encoding(kind="frames", steps=3), (48, 1, 1)),
    (DataLoader(TensorDataset(FRAMES, torch.zeros(4)), batch_size=3), Encoding(kind="events"), SHAPE),
    (FRAMES[:, 0], PLANES, None),
    ([np.zeros(2, [("t", int), ("x", int), ("y", int), ("p", int)])], Encoding(kind="events"), None),
    (iter(IMAGES), DIRECT, None),
    ({"a": IMAGES, "b": IMAGES}, {"a": DIRECT, "b": DIRECT}, None),
    (None, DIRECT, None),
    (3, DIRECT, None),
])  # fmt: skip
def test_shapes(given, encoding, shape) -> None:
    assert shape_of(given, encoding) == shape
