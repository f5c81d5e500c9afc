"""What the proof of an import does with models: it leaves them alone, runs them as their users do,
and says what it did not prove."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportIndexIssue=false, reportOperatorIssue=false

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from proved_models import SOURCES, compiled, nir_graph, refused, seeded, snntorch, spikingjelly
from snntorch import Leaky
from spikingjelly.activation_based.neuron import IFNode, LIFNode
from torch import nn
from torch.nn.utils import parametrize

from spikeplane import Encoding, Program
from spikeplane.cli.compile import compile as compile_command
from spikeplane.cli.inspect import inspect
from spikeplane.compiler.graph import FloatNeuron
from spikeplane.importers import import_model, register, registry


def snapshot(model: nn.Module) -> dict[str, Any]:
    """All that a model holds: parameters, membranes, modes, types, hooks."""
    return {
        "numbers": {
            name: (id(t), t.dtype, t.clone()) for name, t in model.state_dict(keep_vars=True).items()
        },
        "modules": [
            (
                m.training,
                len(m._forward_hooks),
                len(m._forward_pre_hooks),
                getattr(m, "step_mode", None),
                getattr(m, "backend", None),
            )
            for m in model.modules()
        ],
        "membranes": [
            (m.v.clone() if torch.is_tensor(m.v) else m.v) if hasattr(m, "v") else getattr(m, "mem", None)
            for m in model.modules()
        ],
    }


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
    """In training, in float32, with membranes that hang on autograd's graph; random numbers go on
    where they were too."""
    model = SOURCES[source]().train()
    model(torch.ones(1, 2, 6, 6))
    before, generator = snapshot(model), torch.get_rng_state()
    membranes = [m.v if hasattr(m, "v") else m.mem for m in model if isinstance(m, LIFNode | Leaky)]
    assert any(m.requires_grad for m in membranes)
    compiled(model)
    assert same(before, snapshot(model))
    assert all(
        one is (m.v if hasattr(m, "v") else m.mem)
        for one, m in zip(membranes, [model[1], model[3]], strict=True)
    )
    assert torch.equal(generator, torch.get_rng_state())
    assert model.training
    model(torch.ones(1, 2, 6, 6)).sum().backward()  # its graph still holds


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
    assert all(row["compared"] and row["rate_float"] > 0.02 for row in rows)
    assert refused(seeded(States(keep=False)), shape=(6, 1, 1)) == (
        "the model's forward takes 2 states behind its input and returns 1; return them all, in "
        "the same order, or compile with "
        "--no-proof (proof=False)"
    )


class Counter(nn.Module):
    """A user's own neuron: integrates, fires at 2 and starts again from what is left."""

    def __init__(self) -> None:
        super().__init__()
        self.total: Any = 0.0

    def reset(self) -> None:
        self.total = 0.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.total = self.total + x
        fired = (self.total >= 2).to(x.dtype)
        self.total = self.total - 2 * fired
        return fired


class Broken(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("no kernel\nfor this machine")


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten."""
    monkeypatch.setattr(registry, "_handlers", dict(registry._handlers))


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("right", [True, False])
def test_a_user_s_handler_is_proved_too(right: bool) -> None:
    model = seeded(nn.Sequential(nn.Linear(6, 8), Counter()))
    model(torch.ones(2, 6))
    left = model[1].total
    reset = "soft" if right else "hard"
    register(Counter)(
        lambda call: call.neurons(FloatNeuron(threshold=np.full(call.value.shape[0], 2.0), reset=reset))
    )
    if right:
        (row,) = compiled(model, shape=(6, 1, 1)).tables["agreement"]
        assert row["compared"]
        assert row["rate_float"] > 0.02
    else:
        assert refused(model, shape=(6, 1, 1)).startswith("layer '1' is not what the model computes: sample ")
    assert model[1].total is left


@pytest.mark.usefixtures("handlers")
def test_models_that_do_not_run() -> None:
    register(Broken)(lambda call: call.value)
    assert refused(nn.Sequential(Broken(), nn.Linear(4, 4), IFNode()), shape=(4, 1, 1)) == (
        "the model itself does not run on inputs of 4x1x1 (RuntimeError: no kernel for this "
        "machine); check input_shape, or compile with "
        "--no-proof (proof=False)"
    )


def test_many_steps_in_one_call() -> None:
    model = nn.Sequential(
        nn.Linear(6, 8), IFNode(step_mode="m"), nn.Linear(8, 4), LIFNode(tau=2.0, step_mode="m")
    )
    rows = compiled(seeded(model, 1.0), shape=(6, 1, 1)).tables["agreement"]
    assert all(row["compared"] and row["rate_float"] > 0.02 for row in rows)


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
    assert (
        program.tables["import"][0]["source"]
        == "not proved: reset hard makes it another network than the model"
    )
    program = compiled(snntorch(), compare=">=")
    assert (
        program.tables["import"][0]["source"]
        == "not proved: compare >= makes it another network than the model"
    )
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


def test_direct_values() -> None:
    """Eight bits, the same in every step."""
    program = compiled(seeded(nn.Sequential(nn.Conv2d(2, 3, 3), IFNode()), 0.3), Encoding(steps=4))
    assert program.tables["import"][0]["data"] == "128 samples, 16 steps of random values, 10% and 40% active"
    (row,) = program.tables["agreement"]
    assert row["given"] == row["free"] > 95


def test_given_and_alone() -> None:
    """One integer layer given the float network's spikes forgets what its sources got wrong."""
    model = seeded(
        nn.Sequential(nn.Linear(30, 40), LIFNode(tau=2.0), nn.Linear(40, 40), LIFNode(tau=2.0)), 0.4
    )
    one, two = compiled(model, shape=(30, 1, 1), weight_bits=2).tables["agreement"]
    assert one["given"] == one["free"] < 99
    assert two["free"] < two["given"]


@pytest.mark.parametrize("proof", [True, False])
def test_compile_and_inspect_print_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture, proof: bool
) -> None:
    (tmp_path / "model.py").write_text(
        "import torch\nfrom torch import nn\nfrom spikingjelly.activation_based.neuron import IFNode\n\n"
        "def net():\n    torch.manual_seed(0)\n    return nn.Sequential(nn.Linear(8, 5), "
        "IFNode()), (8, 1, 1)\n"
    )
    program = tmp_path / "net.spk"
    compile_command(f"{tmp_path / 'model.py'}:net", output=program, encoding=["planes"], proof=proof)
    printed = capsys.readouterr().out
    inspect(program)
    again = capsys.readouterr().out
    source = (
        "the PyTorch module Sequential itself, in float64"
        if proof
        else "not proved: left out by --no-proof (proof=False)"
    )
    line = f"import: {source}; 128 samples, 16 steps of random planes, 10% and 40% active"
    for text in (printed, again):
        assert line in text
        rows = [row for row in text.split("Agreement in spikes")[1].splitlines() if row.startswith("│ 1 ")]
        cells = [cell.strip() for cell in rows[0].strip("│").split("│")]
        assert cells[1:4] == (["0", "0", "10,240"] if proof else ["", "", ""])
        assert all(cell.endswith(" %") for cell in cells[4:])
        assert len(cells) == 8
    assert {"import", "agreement"} <= set(Program.load(program).tables)


class Residual(nn.Module):
    """Normalised, with a dropout, and with an addition in place to what neurons gave."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm, self.fire = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), IFNode()
        self.drop, self.b, self.fire2 = nn.Dropout(0.5), nn.Conv2d(4, 4, 3, padding=1), LIFNode(tau=2.0)
        self.c, self.fire3 = nn.Conv2d(4, 3, 3), IFNode()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.fire(self.norm(self.a(x)))
        second = self.fire2(self.b(self.drop(first)))
        second += first
        return self.fire3(self.c(second))


def test_models_in_training_are_proved_as_evaluated() -> None:
    model = seeded(Residual())
    model.norm.running_mean.add_(0.3)
    rows = compiled(model.train()).tables["agreement"]
    assert [row["differences"] for row in rows] == [0, 0, 0]
    assert all(0.01 < row["rate_float"] < 0.99 for row in rows)
    assert model.norm.num_batches_tracked == 0


def test_additions_in_place_to_what_silent_neurons_are_given() -> None:
    """The spikes that stand for theirs stay what the float network is given too."""
    model = seeded(Residual())
    model.fire.v_threshold = model.fire2.v_threshold = 300.0
    program = compiled(model)
    assert [row["differences"] for row in program.tables["agreement"]] == [0, 0, 0]
    assert "proved on stronger input: fire, fire2" in program.tables["import"][0]["data"]


class Coarse(nn.Module):
    """Weights of a few levels; half of them lie between two, where float32 and float64 round to
    different sides."""

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return torch.round(weight / 0.1) * 0.1


def test_parametrized_weights_are_those_of_the_model_s_precision() -> None:
    model = nn.Sequential(nn.Linear(6, 40, bias=False), IFNode())
    levels = torch.arange(240).reshape(40, 6) % 9 - 4
    with torch.no_grad():
        model[0].weight.copy_((levels + 0.5) * 0.1)
    parametrize.register_parametrization(model[0], "weight", Coarse())
    kind = type(model[0])
    double = torch.round(model[0].parametrizations.weight.original.double() / 0.1) * 0.1
    assert (model[0].weight.double() - double).abs().max() > 0.09
    (row,) = compiled(model, shape=(6, 1, 1)).tables["agreement"]
    assert row["differences"] == 0
    assert 0.01 < row["rate_float"] < 0.99
    assert type(model[0]) is kind
    assert parametrize.is_parametrized(model[0], "weight")
