"""Imported modules, in float, spike for spike against the frameworks' own outputs."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from spikeplane.errors import SpikeplaneError
from spikeplane.importers import import_model
from spikeplane_sim.golden import FloatModel

neuron = pytest.importorskip("spikingjelly.activation_based.neuron")
functional = pytest.importorskip("spikingjelly.activation_based.functional")
snntorch = pytest.importorskip("snntorch")
STEPS = 6


def both(model: nn.Module, shape: tuple[int, int, int], last: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """(ours, theirs), (N, T, features): the last population's outputs, or (last) its value after
    the last step."""
    model = model.double().eval()
    generator = torch.Generator().manual_seed(1)
    inputs = (torch.rand((4, STEPS, *shape), generator=generator) < 0.4).double()
    with torch.no_grad():
        theirs = torch.stack([model(inputs[:, t]) for t in range(STEPS)], 1).flatten(2).numpy()
    net = import_model(model, input_shape=shape)
    ours = FloatModel(net).run({net.inputs[0].name: inputs.numpy()})[net.output]
    return ours.reshape(4, STEPS, -1), theirs


def spread(model: nn.Module) -> nn.Module:
    """Weights and statistics that make things happen."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.normal_(module.weight, 0.1, 0.5)
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features)
            module.running_var = torch.rand(module.num_features) + 0.5
            nn.init.normal_(module.weight, 1.0, 0.2)
            nn.init.normal_(module.bias, 0.0, 0.2)
    return model


NODES = {
    "IF hard": lambda: neuron.IFNode(),
    "IF soft": lambda: neuron.IFNode(v_reset=None),
    "IF rest": lambda: neuron.IFNode(v_reset=-0.5),
    "LIF": lambda: neuron.LIFNode(tau=2.0),
    "LIF soft": lambda: neuron.LIFNode(tau=3.0, v_reset=None),
    "LIF plain input": lambda: neuron.LIFNode(tau=4.0, decay_input=False, v_threshold=0.7),
    "LIF rest": lambda: neuron.LIFNode(tau=2.0, v_reset=0.25, decay_input=False),
    "PLIF": lambda: neuron.ParametricLIFNode(init_tau=2.5),
}


@pytest.mark.parametrize("node", NODES)
def test_spikingjelly_neurons(node: str) -> None:
    model = spread(
        nn.Sequential(nn.Flatten(), nn.Linear(12, 20), NODES[node](), nn.Linear(20, 9), NODES[node]())
    )
    ours, theirs = both(model, (3, 2, 2))
    assert 0.005 < theirs.mean() < 0.98
    np.testing.assert_array_equal(ours, theirs)


LAYERS = {
    "norm": lambda: [nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), neuron.IFNode()],
    "stride": lambda: [nn.Conv2d(2, 4, 3, stride=2, padding=1), neuron.IFNode()],
    "grouped": lambda: [nn.Conv2d(2, 4, 3, groups=2), neuron.IFNode()],
    "dilated": lambda: [nn.Conv2d(2, 4, 3, dilation=2), neuron.IFNode()],
    "depthwise": lambda: [nn.Conv2d(2, 2, 3, groups=2), neuron.IFNode()],
    "or": lambda: [
        nn.Conv2d(2, 4, 3, padding=1),
        neuron.IFNode(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 3, 2),
        neuron.IFNode(),
    ],
    "window": lambda: [
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.MaxPool2d(3, 2, 1),
        neuron.IFNode(),
    ],
    "average": lambda: [
        nn.Conv2d(2, 4, 3, padding=1),
        neuron.IFNode(),
        nn.AvgPool2d(2),
        nn.Dropout(0.5),
        nn.Conv2d(4, 3, 2),
        neuron.IFNode(),
    ],
}


@pytest.mark.parametrize("layers", LAYERS)
def test_layers(layers: str) -> None:
    ours, theirs = both(spread(nn.Sequential(*LAYERS[layers]())), (2, 8, 8))
    assert 0.01 < theirs.mean() < 0.99
    np.testing.assert_array_equal(ours, theirs)


class Residual(nn.Module):
    """Spikes of two layers added in front of a third."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.fire1 = nn.Conv2d(2, 4, 3, padding=1), neuron.IFNode()
        self.two, self.fire2 = nn.Conv2d(4, 4, 3, padding=1), neuron.IFNode()
        self.head = nn.Linear(4 * 36, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.fire1(self.one(x))
        return self.head(torch.flatten(self.fire2(self.two(a)) + a, 1))


def test_residual_and_readout() -> None:
    """A last layer without neurons integrates: its value after step t is the sum of the outputs so far."""
    ours, theirs = both(spread(Residual()), (2, 6, 6))
    np.testing.assert_allclose(ours, theirs.cumsum(1), rtol=0, atol=1e-9)


LEAKY = {
    "subtract": {"beta": 0.75},
    "zero": {"beta": 0.75, "reset_mechanism": "zero"},
    "none": {"beta": 0.5, "reset_mechanism": "none", "threshold": 0.6},
    "zero at once": {"beta": 0.75, "reset_mechanism": "zero", "reset_delay": False},
}


@pytest.mark.parametrize("leaky", LEAKY)
def test_snntorch(leaky: str) -> None:
    model = spread(
        nn.Sequential(nn.Flatten(), nn.Linear(12, 20), snntorch.Leaky(init_hidden=True, **LEAKY[leaky]))
    )
    ours, theirs = both(model, (3, 2, 2))
    assert 0.02 < theirs.mean() < 0.98
    np.testing.assert_array_equal(ours, theirs)


REFUSED = [
    (
        [nn.Conv2d(2, 4, 3), nn.AvgPool2d(3, 1, 1, count_include_pad=False), neuron.IFNode()],
        "layer '2' is behind '1', whose outputs are not made alike at every pixel (a border inside, or windows of "
        "several sizes), which Spikeplane cannot represent: put neurons in front of it, use windows of one size without "
        "padding, or flatten behind it",
    ),
    ([nn.Conv2d(3, 4, 3), neuron.IFNode()], "layer '0' expects 3 channels, it gets 2 (2x8x8)"),
    ([nn.Conv2d(2, 4, 3)], "the model has no spiking neurons; Spikeplane compiles spiking networks"),
]


@pytest.mark.parametrize(("layers", "message"), REFUSED[:2])
def test_refused(layers: list[nn.Module], message: str) -> None:
    with pytest.raises(SpikeplaneError) as refused:
        import_model(nn.Sequential(*layers), input_shape=(2, 8, 8))
    assert re.sub(r"^test_import_torch.py:\d+: ", "", str(refused.value)) == message
