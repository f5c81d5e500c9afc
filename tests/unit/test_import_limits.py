"""Models that an importer cannot take as they are: one line each, never another network and never a
traceback."""

from typing import Any

import nir
import numpy as np
import pytest
import torch
from frameworks import compared, spread
from snntorch import Leaky
from spikingjelly.activation_based.neuron import IFNode
from torch import nn

import spikeplane
from spikeplane import Encoding, SpikeplaneError
from spikeplane.importers import import_model

THREE: Any = torch.ones(3)


class Made(nn.Module):
    """Two fully connected layers, a convolution and neurons, used as `forward` says."""

    def __init__(self, forward: Any) -> None:
        super().__init__()
        self.a, self.b, self.c, self.n = nn.Linear(4, 4), nn.Linear(4, 4), nn.Conv2d(1, 4, 3), IFNode()
        self.do = forward

    def forward(self, x: torch.Tensor) -> Any:
        return self.do(self, x)


def import_error(model: Any, shape: Any = None) -> str:
    with pytest.raises(SpikeplaneError) as refused:
        spikeplane.compile(model, chip="small", input_shape=shape, encoding=Encoding(kind="planes", steps=2))
    assert "\n" not in str(refused.value)
    return str(refused.value)


def represents(layer: str, what: str, why: str) -> str:
    return f"layer '{layer}' is {what}, which Spikeplane cannot represent: {why}"


@pytest.mark.parametrize("shape", [(1, 28), (1, 0, 5), "abc", (1, 8.5, 8), (1, 8, 8, 8), (True, 8, 8)])
def test_input_shapes(shape: Any) -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), IFNode())
    assert (
        import_error(model, shape)
        == f"input_shape must be (channels, height, width) of 1 or more, not {shape!r}"
    )


NO_SQUARE = (
    "a maximum of currents over {0} pixels with stride {0} that is no square, or has dilation or ceil_mode"
)
BEHIND = "use squares without either, or put the maximum behind the neurons, where it is an OR"


@pytest.mark.parametrize(("layers", "message"), [
    ([nn.MaxPool2d(9)], "layer '1' has a 9x9 kernel for 6x6 pixels: nothing is left"),
    ([nn.MaxPool2d(1, 2)], represents("1", "a maximum over 1 pixel with stride 2", "give the stride to the convolution")),
    ([nn.MaxPool2d(4, 4, ceil_mode=True)], represents("1", NO_SQUARE.format("4x4"), BEHIND)),
    ([nn.MaxPool2d(2, 2, dilation=2)], represents("1", NO_SQUARE.format("2x2"), BEHIND)),
    ([nn.MaxPool2d(3, 1, padding=2)],
     represents("1", "a maximum over 3x3 pixels with padding 2x2", "pad by half the size at most")),
    ([IFNode(), nn.Flatten(), nn.Conv2d(4, 4, 3)],
     represents("3", "a convolution behind a flatten", "flatten behind the convolutions")),
    ([Leaky(beta=0.9, threshold=THREE)],
     ("layer '1' has 3 values of threshold for 4x6x6 neurons, which PyTorch cannot broadcast; give " "one, or one a "
                                                                                                     "channel as Cx1x1")),
    ([Leaky(beta=float("nan"), init_hidden=True)], "layer '1': its decay are not all finite numbers; check the trained model"),
])  # fmt: skip
def test_layers(layers: list[nn.Module], message: str) -> None:
    assert import_error(nn.Sequential(nn.Conv2d(1, 4, 3), *layers, IFNode()), (1, 8, 8)) == message


@pytest.mark.parametrize("layer", [nn.MaxPool2d(1, 1), nn.MaxPool2d(2, 2, ceil_mode=True)])
def test_layers_that_change_nothing(layer: nn.Module) -> None:
    """A window of one pixel, and a rounding of what is whole."""
    net = import_model(nn.Sequential(nn.Conv2d(1, 4, 3), layer, IFNode()), input_shape=(1, 8, 8))
    assert net.populations[-1].shape in ((4, 6, 6), (4, 3, 3))


@pytest.mark.parametrize("forward", [
    lambda s, x: s.n(s.a(x) + 1.0),
    lambda s, x: s.n(torch.add(s.a(x), s.b(x), alpha=2)),
    lambda s, x: s.n(torch.add(input=s.a(x), other=s.b(x))),
    lambda s, x: s.n(s.a(input=x)),
    lambda s, x: s.n(torch.flatten(s.a(x)[:, :, None], 1)),
])  # fmt: skip
def test_forwards(forward: Any) -> None:
    compared(spread(Made(forward)), (4, 1, 1), rows=True)


@pytest.mark.parametrize(("change", "message"), [
    (lambda x: x.view(-1, 4, 4, 9), "layer 'view' is a view that mixes samples, steps, channels and pixels (to 11x4x4x9)"),
    (lambda x: x.reshape((2, -1, 6)), "layer 'reshape' is a reshape that mixes samples, steps, channels and pixels (to 2x132x6)"),
])  # fmt: skip
def test_reshapes_that_move_pixels(change: Any, message: str) -> None:
    model = Made(lambda s, x: s.n(change(s.c(x))))
    found = import_error(model, (1, 8, 8))
    assert found.startswith("test_import_limits.py:"), found
    assert found.partition(": ")[2] == (
        f"{message}, which Spikeplane cannot represent: flatten all that is behind the samples, or keep the "
        "dimensions apart"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.flatten(1),
        lambda x: torch.flatten(x, start_dim=1),
        lambda x: x.view(1, -1),
        lambda x: x.reshape((2, 144)),
    ],
)
def test_rows(change: Any) -> None:
    net = import_model(Made(lambda s, x: s.n(change(s.c(x)))), input_shape=(1, 8, 8))
    assert net.populations[-1].shape == (4, 6, 6)


def graph(node: Any, shape: Any, out: Any) -> nir.NIRGraph:
    """One layer in front of neurons."""
    one = np.ones(out)
    nodes = {
        "input": nir.Input({"input": np.array(shape)}),
        "layer": node,
        "fire": nir.IF(r=one, v_threshold=one),
        "output": nir.Output({"output": np.array(out)}),
    }
    return nir.NIRGraph(
        nodes=nodes, edges=[("input", "layer"), ("layer", "fire"), ("fire", "output")], type_check=False
    )


def convolution(**fields: Any) -> nir.Conv2d:
    plain = {
        "stride": 1,
        "padding": 0,
        "dilation": 1,
        "groups": 1,
        "bias": np.zeros(4),
        "weight": np.ones((4, 2, 3, 3)),
    }
    return nir.Conv2d(input_shape=(8, 8), **{**plain, **fields})


@pytest.mark.parametrize(("fields", "message"), [
    ({"padding": -1}, "has a padding of -1x-1; it must be 0 or more"),
    ({"groups": 2, "weight": np.ones((3, 1, 3, 3)), "bias": np.zeros(3)}, ("has 3 channels in 2 " "groups; groups must "
                                                                                                  "divide the channels")),
    ({"groups": 0}, "has 4 channels in 0 groups; groups must divide the channels"),
    ({"bias": np.zeros(3)}, "has 3 biases for 4 channels"),
    ({"weight": np.ones((4, 2, 9, 9))}, "has a 9x9 kernel for 8x8 pixels: nothing is left"),
])  # fmt: skip
def test_nir_convolutions(fields: dict, message: str) -> None:
    assert import_error(graph(convolution(**fields), (2, 8, 8), (4, 6, 6))) == f"layer 'layer' {message}"


@pytest.mark.parametrize("tau", [0.0, -1.0, float("nan")])
def test_nir_time_constants(tau: float) -> None:
    net = graph(nir.Linear(np.ones((4, 3))), (3,), (4,))
    net.nodes["fire"] = nir.LIF(tau=np.full(4, tau), r=np.ones(4), v_leak=np.zeros(4), v_threshold=np.ones(4))
    assert import_error(net) == f"layer 'fire': its tau must be more than 0 seconds, not {tau:g}"


def test_nir_edges() -> None:
    net = graph(nir.Linear(np.ones((4, 3))), (3,), (4,))
    net.nodes["more"] = nir.Output({"output": np.array([4])})
    assert import_error(net) == "NIR node 'more' has no input; check the graph's edges"
    del net.nodes["more"], net.nodes["layer"]
    assert (
        import_error(net) == "the NIR graph has an edge to 'layer' and no such node; check the graph's edges"
    )
