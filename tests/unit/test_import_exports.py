"""NIR graphs as SpikingJelly and snnTorch export them, against the models they were exported from."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportOperatorIssue=false, reportOptionalMemberAccess=false

from typing import Any

import nir
import numpy as np
import pytest
import snntorch
import torch
from frameworks import equal, framework, outputs, planes, spread
from spikingjelly.activation_based import layer, neuron
from torch import nn

from spikeplane.importers import import_model

DT = 1e-4
ROWS, MAPS = (12, 1, 1), (2, 6, 6)

NODES: dict[str, Any] = {
    "IF": lambda: neuron.IFNode(),
    "IF rest": lambda: neuron.IFNode(v_reset=-0.5),
    "LIF 2": lambda: neuron.LIFNode(tau=2.0, v_threshold=0.5),
    "LIF 3": lambda: neuron.LIFNode(tau=3.0, decay_input=False),
    "LIF 10/7 rest": lambda: neuron.LIFNode(tau=10 / 7, v_reset=0.25, v_threshold=0.75),
    "PLIF": lambda: neuron.ParametricLIFNode(init_tau=2.5, v_threshold=0.5, v_reset=-0.125),
}


def written(module: nn.Module, shape: tuple[int, ...]) -> nir.NIRNode:
    """One layer as the frameworks' exporters write it, with neurons of that shape."""
    if isinstance(module, nn.Linear):
        return nir.Affine(module.weight.detach().numpy(), module.bias.detach().numpy())
    if isinstance(module, nn.Conv2d):
        stride, padding, dilation = module.stride, module.padding, module.dilation
        weight, bias = module.weight.detach().numpy(), module.bias.detach().numpy()
        return nir.Conv2d((6, 6), weight, stride, padding, dilation, module.groups, bias)
    if isinstance(module, nn.AvgPool2d):
        return nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))
    if isinstance(module, nn.Flatten):
        return nir.Flatten({"input": np.array(shape)}, 0, -1)
    if isinstance(module, snntorch.Leaky | snntorch.RLeaky):
        beta = np.ones(shape, dtype=np.float32) * module.beta.numpy()
        tau = DT / (1 - beta)
        zero, theta = np.zeros_like(beta), np.ones(shape, dtype=np.float32) * module.threshold.numpy()
        return nir.LIF(tau=tau, r=tau / DT, v_leak=zero, v_threshold=theta, v_reset=zero)
    theta, rest = np.full(shape, module.v_threshold), np.full(shape, module.v_reset)
    if isinstance(module, neuron.IFNode):
        return nir.IF(r=np.full(shape, 1 / DT), v_threshold=theta, v_reset=rest)
    tau = 1 / module.w.sigmoid().item() if isinstance(module, neuron.ParametricLIFNode) else module.tau
    r = np.full(shape, 1.0 if module.decay_input else tau)
    return nir.LIF(tau=np.full(shape, tau * DT), r=r, v_leak=rest, v_threshold=theta, v_reset=rest)


def exported(model: nn.Sequential, shape: tuple[int, ...]) -> nir.NIRGraph:
    """A sequence of layers for inputs of that shape."""
    nodes, size = (
        {"input": nir.Input({"input": np.array(shape)})},
        torch.zeros(1, *shape, dtype=torch.float64),
    )
    for name, module in model.named_children():
        nodes[name] = written(module, tuple(size.shape[1:]))
        size = (
            size
            if hasattr(module, "v_threshold") or hasattr(module, "beta")
            else module(size.to(module_dtype(model)))
        )
    nodes["output"] = nir.Output({"output": np.array(size.shape[1:])})
    return nir.NIRGraph(nodes=nodes, edges=list(zip(nodes, [*nodes][1:], strict=False)))


def module_dtype(model: nn.Module) -> torch.dtype:
    return next(model.parameters()).dtype


@pytest.mark.parametrize("name", NODES)
def test_spikingjelly_exports(name: str) -> None:
    model = spread(
        nn.Sequential(layer.Linear(12, 20), NODES[name](), layer.Linear(20, 9), NODES[name]())
    ).double()
    inputs = planes(ROWS)
    equal(
        outputs(exported(model, (12,)), inputs, dt=DT, compare=">="), framework(model, inputs, rows=True)[""]
    )


def test_spikingjelly_exports_maps() -> None:
    made = nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1),
        neuron.IFNode(),
        layer.AvgPool2d(2),
        layer.Flatten(),
        layer.Linear(36, 9),
        neuron.IFNode(),
    )
    model, inputs = spread(made).double(), planes(MAPS)
    graph = exported(model, MAPS)
    net = import_model(graph, compare=">=")
    assert [a.value for a in net.assumptions if a.what == "integration"] == ["v += r * I * dt"] * 2
    equal(outputs(graph, inputs, compare=">="), framework(model, inputs)[""])


@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("beta", [0.05, 0.3, 0.9, 0.99])
@pytest.mark.parametrize("recurrent", [False, True])
def test_snntorch_exports(beta: float, reset: str, recurrent: bool) -> None:
    """snnTorch subtracts a step later: reset "delayed". A recurrent layer is a graph inside the graph."""
    options: Any = {
        "beta": beta,
        "threshold": 1.0,
        "reset_mechanism": reset if not recurrent else "subtract",
        "init_hidden": True,
    }
    fire = snntorch.RLeaky(linear_features=20, **options) if recurrent else snntorch.Leaky(**options)
    model, inputs = spread(nn.Sequential(nn.Linear(12, 20), fire), 0.05), planes(ROWS)
    graph = exported(model, (12,))
    if recurrent:
        ends = {
            "input": nir.Input({"input": np.array([20])}),
            "output": nir.Output({"output": np.array([20])}),
        }
        nodes = {**ends, "lif": graph.nodes["1"], "w_rec": written(fire.recurrent, ())}
        edges = [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")]
        graph.nodes["1"] = nir.NIRGraph(nodes=nodes, edges=edges)
    kind = "hard" if reset == "zero" and not recurrent else "delayed"
    equal(outputs(graph, inputs, reset=kind), framework(model, inputs, rows=True)[""])
