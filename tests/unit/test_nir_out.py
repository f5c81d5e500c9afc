"""NIR out: a program's graph, by NIR's own equations, fires as the golden model does, through a file too."""

from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
import torch
from spikingjelly.activation_based.neuron import IFNode, LIFNode
from torch import nn

import spikeplane
from spikeplane import Encoding, Program, SpikeplaneError
from spikeplane.cli import main
from spikeplane.float_network import Origin
from spikeplane.importers import import_model
from spikeplane_sim.golden import FloatModel, GoldenModel
from spikeplane_sim.proof.nir_source import run_nir

STEPS = 6


def compiled(model: nn.Module, shape: tuple[int, int, int], encoding: Encoding | None = None) -> Program:
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.5 + 0.1)
    encoding = encoding or Encoding(kind="planes", steps=STEPS)
    return spikeplane.compile(model, chip="small", input_shape=shape, encoding=encoding, proof=False)


def drive(program: Program, count: int = 6) -> dict[str, np.ndarray]:
    rng, found = np.random.default_rng(2), {}
    for p in program.network.inputs:
        low, high = program.encodings[p.name].span
        values = rng.integers(
            low, high + 1, (count, 1 if program.encoding.kind == "direct" else STEPS, *p.shape)
        )
        found[p.name] = np.repeat(values, STEPS // values.shape[1], 1)
    return found


def golden(program: Program, planes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Of wide membranes: NIR's do not saturate, and the metadata says so."""
    return GoldenModel(program.network, membrane_bits=30, acc_bits=program.config.acc_bits).run(planes)


def beside(program: Program, tmp_path: Path, reset: str) -> tuple[dict[str, np.ndarray], ...]:
    """Golden model, NIR's interpreter on the graph of the file, and what the importer makes of it."""
    nir.write(tmp_path / "n.nir", program.to_nir())
    graph = nir.read(tmp_path / "n.nir", type_check=False)
    planes = drive(program)
    real = {name: values * program.encodings[name].value for name, values in planes.items()}
    net = import_model(str(tmp_path / "n.nir"), reset=reset)
    origin = Origin(kind="nir", model=graph, decisions={"reset": reset})
    found = run_nir(net, origin, real, {}, lambda: None)
    theirs = {name: values.numpy() for name, values in found.items()}
    return golden(program, planes), theirs, FloatModel(net).run(real)


def conv(v_reset: float | None) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), IFNode(v_reset=v_reset), nn.AvgPool2d(2), nn.Conv2d(4, 4, 3, padding=1, groups=4),
        IFNode(v_reset=v_reset), nn.Flatten(), nn.Linear(36, 5), IFNode(v_reset=v_reset),
    )  # fmt: skip


@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("kind", ["planes", "direct", "frames"])
def test_without_leak_every_spike(reset: str, kind: Any, tmp_path: Path) -> None:
    more: dict[str, Any] = {"signed": True, "unit": 1 / 16, "value_bits": 5} if kind == "frames" else {}
    program = compiled(
        conv(0.0 if reset == "hard" else None), (2, 6, 6), Encoding(kind=kind, steps=STEPS, **more)
    )
    ours, theirs, imported = beside(program, tmp_path, reset)
    for name in ("1", "4", "7"):
        assert 0.02 < ours[name].mean() < 0.98
        np.testing.assert_array_equal(theirs[name], ours[name])
        np.testing.assert_array_equal(imported[name], ours[name])
    assert program.to_nir().metadata["reset"] == reset


def test_constants_and_readout(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), IFNode(), nn.Flatten(), nn.Linear(48, 4))
    program = compiled(model, (2, 4, 4), Encoding(steps=STEPS, value_bits=4, mean=(0.4,), std=(0.3,)))
    assert any(p.constant for p in program.network.populations)
    ours, theirs, imported = beside(program, tmp_path, "hard")
    np.testing.assert_array_equal(theirs["1"], ours["1"])
    np.testing.assert_array_equal(imported["readout"], ours["readout"])


def test_leaks_are_told(tmp_path: Path) -> None:
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(12, 20), LIFNode(tau=2.0, v_reset=None), nn.Linear(20, 4), LIFNode()
    )
    program = compiled(model, (3, 2, 2))
    graph = program.to_nir()
    assert graph.metadata["reset"] == "2: soft, 4: hard"
    assert "leaks are not rounded" in graph.metadata["approximate"]
    assert graph.metadata["dt"] == "0.0001"
    ours, theirs, _ = beside(program, tmp_path, "soft")
    assert (theirs["2"] == ours["2"]).mean() > 0.99
    assert 0.02 < ours["2"].mean() < 0.98


def test_spikes_that_come_back(tmp_path: Path) -> None:
    from spikingjelly.activation_based import layer

    inner = layer.LinearRecurrentContainer(IFNode(v_reset=None), in_features=6, out_features=6, bias=True)
    model = nn.Sequential(nn.Linear(4, 6), inner, nn.Linear(6, 3), IFNode(v_reset=None))
    program = compiled(model, (4, 1, 1))
    assert any(p.delay for p in program.network.projections)
    ours, theirs, imported = beside(program, tmp_path, "soft")
    for name, values in theirs.items():
        np.testing.assert_array_equal(values, ours[name])
        np.testing.assert_array_equal(imported[name], ours[name])
        assert 0.02 < ours[name].mean() < 0.98


def test_values_in_mid_network_are_told(tmp_path: Path) -> None:
    """Sums that two layers take are populations of values, as planes; while those hold them, nothing differs."""

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.one, self.two = nn.Conv2d(2, 4, 3), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
            self.fire, self.again, self.last = IFNode(), IFNode(), IFNode()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.stem(x)
            x = x + self.one(self.fire(x))
            return self.last(x + self.two(self.again(x)))

    program = compiled(Residual(), (2, 5, 5))
    sending = [p for p in program.network.populations if p.sends_values and program.network.outgoing(p.name)]
    assert sending
    ours, theirs, _ = beside(program, tmp_path, "hard")
    limited = any(p.neuron is not None and p.neuron.planes for p in sending)
    assert ("values are not limited" in program.to_nir().metadata["approximate"]) == limited
    for name in ("fire", "again", "last"):
        np.testing.assert_array_equal(theirs[name], ours[name])


def test_what_nir_has_no_node_for() -> None:
    program = compiled(nn.Sequential(nn.Conv2d(2, 3, 3), nn.MaxPool2d(2), IFNode()), (2, 6, 6))
    with pytest.raises(SpikeplaneError) as error:
        program.to_nir()
    assert str(error.value) == "layer '2' takes a maximum over pixels, which NIR has no node for"


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    program = compiled(conv(0.0), (2, 6, 6))
    program.save(tmp_path / "n.spk")
    monkeypatch.setattr(
        "sys.argv", ["spikeplane", "inspect", str(tmp_path / "n.spk"), "--nir", str(tmp_path / "o.nir")]
    )
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code in (0, None)
    assert "reset: hard\napproximate: membranes do not saturate: 1, 4, 7\n" in capsys.readouterr().out
    graph = nir.read(tmp_path / "o.nir", type_check=False)
    assert graph.metadata["spikeplane"] == program.digest
    assert graph.metadata["encoding of input"] == "planes encoding, 6 steps"
    again = spikeplane.compile(str(tmp_path / "o.nir"), chip="small", reset="hard", encoding=program.encoding)
    assert all(row["differences"] == 0 for row in again.tables["agreement"])
