"""--explain: every population, projection and folded layer on a line, of all importers, and up to a refusal."""

import sys
from pathlib import Path

import nir
import numpy as np
import pytest

from spikeplane.cli import main
from spikeplane.explain import lines, rows, watched
from spikeplane.float_network import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.importers import import_model
from spikeplane.network import ALIGNED, MEMBRANE, Gate

MODEL = """\
import torch
from torch import nn
from spikingjelly.activation_based import neuron


class Net(nn.Module):
    def __init__(self, last):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.fire = neuron.IFNode()
        self.tail = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), last)

    def forward(self, x):
        x = self.norm(self.conv(x))
        x = self.fire(x)
        return self.tail(x)


def net():
    return Net(neuron.LIFNode(tau=2.0)), (1, 4, 4)


def bad():
    return Net(nn.Softmax(1)), (1, 4, 4)
"""
EXPECTED = """\
input  input  1x4x4
conv  synapses, dense  4x1x3x3  input to fire, padding 1x1  m.py:15
fire  IF, hard reset, fires at >=  4x4x4  with a bias; threshold 1; reset: hard; compare: >=  m.py:16
tail.1  synapses, dense  3x4x4x4  fire to tail.2  m.py:17
tail.2  LIF keeps 0.5, hard reset, fires at >=  3x1x1  with a bias; threshold 1; reset: hard; compare: >=  m.py:17
norm  folded  batch-norm: folded  m.py:15
"""


def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["spikeplane", *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main()
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out, captured.err


def cells(text: str) -> list[list[str]]:
    """Cells of lines, whatever the widths."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text(MODEL)
    status, out, err = call(
        monkeypatch, capsys, "compile", "m.py:net", "-o", "n.spk", "-p", "tiny", "--explain"
    )
    assert (status, err) == (0, "")
    found = cells(out)
    for row in cells(EXPECTED):
        assert row in found
    _, out, _ = call(monkeypatch, capsys, "inspect", "n.spk", "--explain")
    kept = cells(out)
    for row in cells(EXPECTED):  # a program keeps no places
        assert [cell for cell in row if not cell.startswith("m.py:")] in kept


def test_up_to_the_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text(MODEL)
    status, out, err = call(monkeypatch, capsys, "compile", "m.py:bad", "-o", "n.spk", "--explain")
    assert status == 2
    assert "layer 'tail.2' is a Softmax" in err
    assert [row[0] for row in cells(out)][:3] == ["input", "conv", "fire"]
    assert not Path("n.spk").exists()


LOOP = """\
import torch
from torch import nn
from torch.nn import functional
from spikingjelly.activation_based import neuron


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 16))
        self.fire, self.last = neuron.IFNode(), neuron.IFNode()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        out = []
        for step in range(4):
            flat = x.view(x.size(0), -1)
            spikes = self.fire(functional.linear(flat, self.weight))
            out.append(self.last(self.fc(spikes)))
        return torch.stack(out).mean(0)


def net():
    return Net(), (1, 4, 4)
"""


def test_a_traced_forward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text(LOOP)
    status, out, err = call(
        monkeypatch, capsys, "compile", "m.py:net", "-o", "n.spk", "-p", "tiny", "--explain"
    )
    assert (status, err) == (0, "")
    found = {(row[0], row[1]): row[-1] for row in cells(out) if len(row) > 3}
    assert [place for (name, kind), place in found.items() if kind == "synapses, dense"] == [
        "m.py:18",
        "m.py:19",
    ]
    assert found["fire", "IF, hard reset, fires at >="] == "m.py:18"
    assert found["last", "IF, hard reset, fires at >="] == "m.py:19"


def graph() -> nir.NIRGraph:
    ones = np.ones(3)
    nodes = {
        "in": nir.Input({"input": np.array([2])}),
        "fc": nir.Affine(np.ones((3, 2)), ones),
        "li": nir.LIF(tau=ones * 1e-3, r=ones, v_leak=ones * 0, v_threshold=ones, v_reset=ones * 0),
        "out": nir.Output({"output": np.array([3])}),
    }
    return nir.NIRGraph(nodes=nodes, edges=[("in", "fc"), ("fc", "li"), ("li", "out")])


def test_nir() -> None:
    with watched() as understood:
        understood.net = import_model(graph())
    found = cells("\n".join(lines(understood)))
    assert found[0] == ["in", "input", "2x1x1"]
    assert found[1][:4] == ["fc", "synapses, dense", "3x2x1x1", "in to li"]
    assert found[2][:3] == ["li", "LIF keeps 0.9, hard reset, fires at >", "3x1x1"]
    assert "with a bias; threshold 1" in found[2][3]


def test_nobody_watches() -> None:
    """Importers note nothing where nobody asked."""
    with watched() as understood:
        pass
    import_model(graph())
    assert understood.graphs == []


def test_gates_and_what_is_kept() -> None:
    values = FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE)
    gate, one = (
        FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE, function="hard_sigmoid"),
        np.ones((2, 1, 1)),
    )
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(2, 3, 3)),
            FloatPopulation(name="g", shape=(2, 3, 3), neuron=gate),
            FloatPopulation(name="out", shape=(2, 3, 3), neuron=values, kept=True),
        ),
        projections=(
            FloatProjection(source="in", target="g", weight=one, kind=ALIGNED),
            FloatProjection(source="in", target="out", weight=one, kind=ALIGNED, dynamic=Gate("g")),
        ),
        output="out",
        presentations=2,
    )
    told = {(name, kind): more for name, kind, _, more, _ in rows(net, {})}
    assert told["g", "values"] == "sends their hard sigmoid, by a table"
    assert told["out", "values"] == "kept from presentation to presentation"
    assert any(kind == "multiplied by 'g'" for _, kind in told)
