"""Normalised inputs: the network that takes pixels does what the model does with normalised ones, borders
included."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.float_network import FloatNetwork
from spikeplane.importers import import_model
from spikeplane.normalise import normalised
from spikeplane_sim.golden import FloatModel

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
RNG = np.random.default_rng(2)


def lif(*, tau: float = 2.0) -> nn.Module:
    return neuron.LIFNode(tau=tau, v_reset=None, v_threshold=0.5)


def seeded(layer: nn.Conv2d) -> nn.Module:
    layer.weight.data.mul_(4)
    return layer


def stems() -> list[nn.Module]:
    torch.manual_seed(4)
    return [
        nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), lif()),
        nn.Sequential(
            nn.Conv2d(3, 5, 3, padding=1, stride=2, bias=False), nn.BatchNorm2d(5), nn.MaxPool2d(2), lif()
        ),
        nn.Sequential(nn.Conv2d(3, 3, 3, padding=1, groups=3), lif()),
        nn.Sequential(nn.AvgPool2d(2), seeded(nn.Conv2d(3, 4, 3, padding=1)), lif()),
        nn.Sequential(nn.Conv2d(3, 5, 3), lif()),
        nn.Sequential(lif(), nn.Conv2d(3, 4, 3, padding=1), lif()),
        nn.Sequential(nn.Flatten(), nn.Linear(3 * 36, 7), lif()),
    ]


def run(net: FloatNetwork, images: np.ndarray) -> dict[str, np.ndarray]:
    return FloatModel(net).run({"input": np.repeat(images[:, None], 5, 1)})


@pytest.mark.parametrize("number", range(7))
def test_the_same_spikes(number: int) -> None:
    net = import_model(stems()[number].eval(), input_shape=(3, 6, 6))
    gain, offset = 1 / np.array(STD), -np.array(MEAN) / np.array(STD)
    folded = normalised(net, "input", gain, offset)
    images = RNG.random((8, 3, 6, 6))
    real = run(net, images * gain.reshape(-1, 1, 1) + offset.reshape(-1, 1, 1))
    found = run(folded, images)
    for name in real:
        if name != "input":
            np.testing.assert_array_equal(found[name], real[name])
            assert 0.01 < real[name].mean() < 0.99
    padded = number in (0, 1, 2, 3)  # elsewhere the offset is a bias
    assert any(p.constant for p in folded.populations) == padded


class Normalised(nn.Module):
    """The model normalises by itself."""

    def __init__(self, first: nn.Module) -> None:
        super().__init__()
        self.first, self.rest = (
            first,
            nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), lif(), nn.Conv2d(6, 4, 3), lif()),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rest(self.first(x))


def test_batch_norm_in_front() -> None:
    torch.manual_seed(1)
    norm = nn.BatchNorm2d(3)
    norm.running_mean, norm.running_var = torch.tensor(MEAN), torch.tensor(STD) ** 2
    model = Normalised(norm).eval()
    net = import_model(model, input_shape=(3, 6, 6))
    assert [p.name for p in net.populations if p.constant] == ["constant 6x6"]
    program = spikeplane.compile(model, chip="small", input_shape=(3, 6, 6))
    assert all(row["differences"] == 0 for row in program.tables["agreement"])
    assert any(row["what"] == "offset in front of padding" for row in program.tables["assumptions"])


def test_offsets_in_the_middle() -> None:
    """A convolution with a bias in front of one that pads, deep in a network."""
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        lif(),
        nn.Conv2d(4, 4, 1),
        nn.Conv2d(4, 5, 3, padding=1),
        nn.BatchNorm2d(5),
        lif(),
    ).eval()
    program = spikeplane.compile(
        model, chip="small", input_shape=(2, 5, 5), encoding=Encoding(kind="planes", steps=6)
    )
    assert all(row["differences"] == 0 for row in program.tables["agreement"])
    assert [p.shape for p in program.network.populations if p.constant] == [(1, 5, 5)]


def test_integers_agree() -> None:
    """The constant has a power of two and, where that is too little, channels of its own: weights keep
    their bits."""
    torch.manual_seed(7)
    model = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), lif(), nn.Flatten(), nn.Linear(16 * 64, 5)).eval()
    images = RNG.integers(0, 256, (64, 3, 8, 8), dtype=np.uint8)
    encoding = Encoding(mean=MEAN, std=STD)
    program = spikeplane.compile(model, input_shape=(3, 8, 8), encoding=encoding, calibration=images)
    first = program.tables["agreement"][0]
    assert first["differences"] == 0
    assert 0.05 < first["rate_float"] < 0.95
    assert first["given"] > 98.0
    (constant,) = (p for p in program.network.populations if p.constant)
    assert constant.shape[0] > 1
    assert all(p.hold for p in program.network.populations if p.name == "1")
    assert program.planes(images[:2]).keys() == {"input"}


@pytest.mark.parametrize(("fields", "message"), [
    ({"mean": (0.1, 0.2)}, "mean has 2 numbers for an input of 3 channels; give one a channel, or one for all"),
    ({"std": 0.0}, "std must be above 0, not 0.0"),
    ({"std": "x"}, "std must be a number, or one a channel, not x"),
    ({"mean": float("nan")}, "mean must be a number, or one a channel, not nan"),
])  # fmt: skip
def test_refusals(fields: dict, message: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        spikeplane.compile(stems()[0], input_shape=(3, 6, 6), encoding=Encoding(**fields))
    assert str(error.value) == f"encoding: {message}"
