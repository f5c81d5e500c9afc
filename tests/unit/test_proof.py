"""The proof of an import: the source model beside the float network, in every compile. Faults of an importer are refused by name."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import nir
import numpy as np
import pytest
import torch
from snntorch import Leaky
from spikingjelly.activation_based.neuron import IFNode, LIFNode
from torch import nn

import spikeplane
from spikeplane import Encoding, Program, SpikeplaneError
from spikeplane.compiler.graph import FloatNeuron
from spikeplane.importers import import_model
from spikeplane.importers.assemble import Assembler
from spikeplane_sim.proof import forced, planes

PLANES = Encoding(kind="planes", steps=8)


def seeded(model: nn.Module, scale: float = 0.5) -> nn.Module:
    """Weights and biases that make things happen."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale + 0.1)
    return model


def spikingjelly() -> nn.Module:
    return seeded(nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), LIFNode(tau=3.0, v_reset=None), nn.Conv2d(4, 3, 3), LIFNode(tau=2.0, v_reset=None),
    ))  # fmt: skip


def snntorch() -> nn.Module:
    return seeded(nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), Leaky(beta=0.9, init_hidden=True), nn.Conv2d(4, 3, 3), Leaky(beta=0.7, init_hidden=True),
    ))  # fmt: skip


def nir_graph() -> nir.NIRGraph:
    rng = np.random.default_rng(0)

    def lif(shape: tuple[int, ...], tau: float) -> nir.LIF:
        ones = np.ones(shape)
        return nir.LIF(tau=ones * tau, r=ones * tau / 1e-4, v_leak=ones * 0, v_threshold=ones)

    def convolution(out: int, into: int, size: int, padding: int) -> nir.Conv2d:
        weight, bias = rng.normal(0.1, 0.5, (out, into, 3, 3)), rng.normal(0.1, 0.3, out)
        return nir.Conv2d(input_shape=(size, size), weight=weight, stride=1, padding=padding, dilation=1, groups=1, bias=bias)

    nodes = {
        "input": nir.Input({"input": np.array((2, 6, 6))}), "0": convolution(4, 2, 6, 1), "1": lif((4, 6, 6), 5e-4),
        "2": convolution(3, 4, 6, 0), "3": lif((3, 4, 4), 1e-3), "output": nir.Output({"output": np.array((3, 4, 4))}),
    }  # fmt: skip
    return nir.NIRGraph(nodes=nodes, edges=list(zip(list(nodes), list(nodes)[1:], strict=False)))


SOURCES: dict[str, Callable[[], Any]] = {"spikingjelly": spikingjelly, "snntorch": snntorch, "nir": nir_graph}


def compiled(
    model: Any, encoding: Encoding = PLANES, shape: tuple[int, int, int] | None = (2, 6, 6), **options: Any
) -> Program:
    return spikeplane.compile(model, chip="small", input_shape=shape, encoding=encoding, **options)


def refused(model: Any, encoding: Encoding = PLANES, shape: tuple[int, int, int] | None = (2, 6, 6), **options: Any) -> str:
    with pytest.raises(SpikeplaneError) as error:
        compiled(model, encoding, shape, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("source", SOURCES)
def test_passes(source: str) -> None:
    program = compiled(SOURCES[source](), reset="soft" if source == "nir" else None)
    rows = program.tables["agreement"]
    assert [(row["population"], row["differences"]) for row in rows] == [("1", 0), ("3", 0)]
    for row, neurons in zip(rows, (4 * 36, 3 * 16), strict=True):
        assert row["compared"] == 128 * 16 * neurons
        assert 0.02 < row["rate_float"] < 0.98
        assert row["free"] > 80
        assert row["given"] > 95
    told = "NIR graph" if source == "nir" else "PyTorch module Sequential"
    assert program.tables["import"] == [{
        "source": f"the {told} itself, in float64", "data": "128 samples, 16 steps of random planes, 10% and 40% active",
    }]  # fmt: skip


def changed_neuron(change: Callable[[FloatNeuron], FloatNeuron]) -> Callable[[pytest.MonkeyPatch], None]:
    """A fault in the neurons of layer 3."""

    def inject(patch: pytest.MonkeyPatch) -> None:
        right = Assembler.neuron

        def wrong(self: Assembler, layer: str, value: Any, neuron: FloatNeuron, *rest: Any, **more: Any) -> Any:
            return right(self, layer, value, change(neuron) if layer == "3" else neuron, *rest, **more)

        patch.setattr(Assembler, "neuron", wrong)

    return inject


def changed_kernel(change: Callable[[np.ndarray, Any], tuple[np.ndarray, Any]]) -> Callable[[pytest.MonkeyPatch], None]:
    """A fault in weights and bias of the convolution in front of layer 3."""

    def inject(patch: pytest.MonkeyPatch) -> None:
        right = Assembler.convolution

        def wrong(self: Assembler, layer: str, value: Any, weight: np.ndarray, bias: Any, **more: Any) -> Any:
            if layer == "2":
                weight, bias = change(np.array(weight), bias)
            return right(self, layer, value, weight, bias, **more)

        patch.setattr(Assembler, "convolution", wrong)

    return inject


def threshold(neuron: FloatNeuron) -> np.ndarray:
    assert neuron.threshold is not None
    return neuron.threshold


FAULTS = {
    "no bias": changed_kernel(lambda weight, bias: (weight, None)),
    "transposed kernel": changed_kernel(lambda weight, bias: (weight.swapaxes(2, 3), bias)),
    "two channels swapped": changed_kernel(lambda weight, bias: (weight[:, [1, 0, 2, 3]], bias)),
    "wrong decay": changed_neuron(lambda neuron: replace(neuron, decay=neuron.decay * 0.99)),
    "threshold": changed_neuron(lambda neuron: replace(neuron, threshold=threshold(neuron) + 1e-3)),
    "hard for soft": changed_neuron(lambda neuron: replace(neuron, reset="hard")),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_an_importer(monkeypatch: pytest.MonkeyPatch, source: str, fault: str) -> None:
    model = SOURCES[source]()
    FAULTS[fault](monkeypatch)
    message = refused(model, reset="soft" if source == "nir" else None)
    assert message.startswith("layer '3' is not what the model computes: sample ")
    assert message.endswith("; please report it with the model, or compile with --no-proof (proof=False)")
    program = compiled(model, reset="soft" if source == "nir" else None, proof=False)
    assert program.tables["import"][0]["source"] == "not proved: left out by --no-proof (proof=False)"
    assert [row["differences"] for row in program.tables["agreement"]] == [None, None]


def test_the_first_difference_is_named() -> None:
    """Two inputs, one neuron: the importer's threshold is 1.5 and not 1."""
    model = nn.Sequential(nn.Linear(1, 2, bias=False), IFNode())
    nn.init.ones_(model[0].weight)
    net = import_model(model, input_shape=(1, 1, 1))
    first, last = net.populations
    assert last.neuron is not None
    broken = replace(net, populations=(first, replace(last, neuron=replace(last.neuron, threshold=np.array([1.0, 1.5])))))
    ones = np.ones((3, 8, 1, 1, 1), np.uint8)
    ones[0] = 0
    ones[:, :2] = 0
    assert refused(broken, shape=None, calibration=ones) == (
        "layer '1' is not what the model computes: sample 1, step 2, neuron (c=1, y=0, x=0): model 1, import 0 (v = 1, threshold 1.5); "
        "please report it with the model, or compile with --no-proof (proof=False)"
    )
    assert compiled(net, shape=None, calibration=ones).tables["import"][0]["data"] == "3 samples, 8 steps of the calibration"


def test_later_layers_are_judged_on_the_source_s_spikes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tie in the first layer that falls the other way is counted there, and nothing of it reaches the second."""
    model = nn.Sequential(nn.Linear(1, 4, bias=False), IFNode(), nn.Linear(4, 3, bias=False), IFNode())
    nn.init.constant_(model[0].weight, 0.125)
    nn.init.ones_(model[2].weight)
    net = import_model(model, input_shape=(1, 1, 1))
    first, one, two = net.populations
    assert one.neuron is not None
    near = replace(net, populations=(first, replace(one, neuron=replace(one.neuron, threshold=np.full(4, 1 + 1e-6))), two))
    ones = np.ones((2, 20, 1, 1, 1), np.uint8)
    twenty = Encoding(kind="planes", steps=20)
    monkeypatch.setattr(planes, "QUIET", 0.0)
    rows = compiled(near, twenty, None, calibration=ones).tables["agreement"]
    assert [(row["differences"], row["ties"], row["compared"]) for row in rows] == [(0, 2 * 2 * 4, 160), (0, 0, 120)]
    monkeypatch.setattr(forced, "TIE", 0.0)
    assert refused(near, twenty, None, calibration=ones).startswith(
        "layer '1' is not what the model computes: sample 0, step 7, "
    )


def test_behind_a_silent_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """No random plane makes layer 1 fire; the fault behind it is found."""
    model = spikingjelly()
    model[1].v_threshold = 300.0
    program = compiled(model)
    assert program.tables["import"][0]["data"].endswith("40% active; quiet there and proved on stronger input: 1, 3")
    assert [row["compared"] for row in program.tables["agreement"]] == [2 * 128 * 16 * n for n in (4 * 36, 3 * 16)]
    FAULTS["two channels swapped"](monkeypatch)
    assert refused(model).startswith("layer '3' is not what the model computes: ")


def snapshot(model: nn.Module) -> dict[str, Any]:
    """All that a model holds: parameters, membranes, modes, types, hooks."""
    return {
        "numbers": {name: (id(t), t.dtype, t.clone()) for name, t in model.state_dict(keep_vars=True).items()},
        "modules": [
            (m.training, len(m._forward_hooks), len(m._forward_pre_hooks), getattr(m, "step_mode", None), getattr(m, "backend", None))
            for m in model.modules()
        ],
        "membranes": [
            (m.v.clone() if torch.is_tensor(m.v) else m.v) if hasattr(m, "v") else getattr(m, "mem", None) for m in model.modules()
        ],
    }  # fmt: skip


def same(one: Any, other: Any) -> bool:
    if torch.is_tensor(one):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize("source", ["spikingjelly", "snntorch"])
def test_the_model_is_not_touched(source: str) -> None:
    """In training, in float32, with membranes that hang on autograd's graph; random numbers go on where they were too."""
    model = SOURCES[source]().train()
    model(torch.ones(1, 2, 6, 6))
    before, generator = snapshot(model), torch.get_rng_state()
    membranes = [m.v if hasattr(m, "v") else m.mem for m in model if isinstance(m, LIFNode | Leaky)]
    assert any(m.requires_grad for m in membranes)
    compiled(model)
    assert same(before, snapshot(model))
    assert all(one is (m.v if hasattr(m, "v") else m.mem) for one, m in zip(membranes, [model[1], model[3]], strict=True))
    assert torch.equal(generator, torch.get_rng_state())
    assert model.training
    copy.copy(model)(torch.ones(1, 2, 6, 6)).sum().backward()  # its graph still holds


class States(nn.Module):
    """snnTorch's style: the membranes are handed from step to step."""

    def __init__(self, keep: bool = True) -> None:
        super().__init__()
        self.keep, self.a, self.b = keep, nn.Linear(6, 8), nn.Linear(8, 4)
        self.one, self.two = Leaky(beta=0.8), Leaky(beta=0.6, reset_mechanism="zero")

    def forward(self, x: torch.Tensor, mem1: torch.Tensor, mem2: torch.Tensor) -> Any:
        spikes, mem1 = self.one(self.a(x), mem1)
        spikes, mem2 = self.two(self.b(spikes), mem2)
        return (spikes, mem1, mem2) if self.keep else (spikes, mem2)


def test_states_are_handed_on() -> None:
    rows = compiled(seeded(States()), shape=(6, 1, 1)).tables["agreement"]
    assert all(row["compared"] and row["rate_float"] > 0.05 for row in rows)
    assert refused(seeded(States(keep=False)), shape=(6, 1, 1)) == (
        "the model's forward takes 2 states behind its input and returns 1; return them all, in the same order, or compile with "
        "--no-proof (proof=False)"
    )


class Forgets(nn.Module):
    """Starts every step with an empty membrane: what it computes has no memory."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.fire = nn.Linear(6, 8), Leaky(beta=0.8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spikes, _ = self.fire(self.a(x), torch.zeros(()))
        return spikes


def test_a_membrane_that_is_forgotten() -> None:
    assert refused(seeded(Forgets()), shape=(6, 1, 1)).startswith("layer 'fire' is not what the model computes: sample ")


def test_many_steps_in_one_call() -> None:
    model = nn.Sequential(nn.Linear(6, 8), IFNode(step_mode="m"), nn.Linear(8, 4), LIFNode(tau=2.0, step_mode="m"))
    rows = compiled(seeded(model, 1.0), shape=(6, 1, 1)).tables["agreement"]
    assert all(row["compared"] and row["rate_float"] > 0.05 for row in rows)


def test_readouts_compare_by_values() -> None:
    model = seeded(nn.Sequential(nn.Linear(6, 8), IFNode(), nn.Linear(8, 3)))
    net = import_model(model, input_shape=(6, 1, 1))
    rows = compiled(net, shape=None).tables["agreement"]
    assert (rows[1]["population"], rows[1]["compared"], rows[1]["given"], rows[1]["rate_float"]) == (
        "readout",
        128 * 16 * 3,
        None,
        None,
    )
    weight = np.array(net.projections[1].weight)
    weight[2, 5] *= 1 + 1e-7
    broken = replace(net, projections=(net.projections[0], replace(net.projections[1], weight=weight)))
    assert refused(broken, shape=None).startswith("layer 'readout' is not what the model computes: sample ")
    assert "neuron (c=2, y=0, x=0): model " in refused(broken, shape=None)


def test_overrides_make_another_network() -> None:
    """Of snnTorch and SpikingJelly; NIR's are no overrides, it says nothing."""
    program = compiled(spikingjelly(), reset="hard")
    assert program.tables["import"][0]["source"] == "not proved: reset hard makes it another network than the model"
    program = compiled(snntorch(), compare=">=")
    assert program.tables["import"][0]["source"] == "not proved: compare >= makes it another network than the model"
    for model, options in (
        (spikingjelly(), {"reset": "soft", "compare": ">="}),
        (nir_graph(), {"reset": "none", "compare": ">="}),
    ):
        assert compiled(model, **options).tables["agreement"][0]["compared"]


def test_networks_by_hand_have_no_source() -> None:
    net = replace(import_model(spikingjelly(), input_shape=(2, 6, 6)), origin=None)
    tables = compiled(net, shape=None).tables
    assert tables["import"][0]["source"] == "nothing to prove: the network was given as it is"
    assert [(row["compared"], row["differences"]) for row in tables["agreement"]] == [(0, None), (0, None)]
    assert all(row["given"] > 95 for row in tables["agreement"])


def test_models_that_do_not_run() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), IFNode(), nn.Linear(4 * 36, 3), IFNode())  # without a flatten
    assert refused(model, shape=(1, 8, 8)).startswith(
        "the model itself does not run on inputs of 1x8x8 (a fully connected layer gets pixels)"
    )

    class Open(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.fire = nn.Linear(4, 4), IFNode()
            self.lines = (line for line in "ab")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fire(self.a(x))

    assert refused(Open(), shape=(4, 1, 1)).startswith("the model cannot be copied for the proof of its import (TypeError: ")


def test_direct_values() -> None:
    """Eight bits, the same in every step."""
    program = compiled(seeded(nn.Sequential(nn.Conv2d(2, 3, 3), IFNode()), 0.3), Encoding(steps=4))
    assert program.tables["import"][0]["data"] == "128 samples, 16 steps of random values, 10% and 40% active"
    (row,) = program.tables["agreement"]
    assert row["given"] == row["free"] > 95


def test_given_and_alone() -> None:
    """One integer layer given the float network's spikes forgets what its sources got wrong."""
    model = seeded(nn.Sequential(nn.Linear(30, 40), LIFNode(tau=2.0), nn.Linear(40, 40), LIFNode(tau=2.0)), 0.4)
    one, two = compiled(model, shape=(30, 1, 1), weight_bits=2).tables["agreement"]
    assert one["given"] == one["free"] < 99
    assert two["free"] < two["given"]
