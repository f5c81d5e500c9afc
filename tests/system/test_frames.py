"""Frames on the simulated chip: a value per pixel and step, signed and not, through files and the
command line."""

import sys
from pathlib import Path

import numpy as np
import pytest
from torch import nn

import spikeplane
from spikeplane import Encoding, Program
from spikeplane.cli import main
from spikeplane.estimate.activity import measured
from spikeplane.host.packets import plane_packets
from spikeplane.run.execute import execute

pytestmark = pytest.mark.cosim
MODEL = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def net():
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), neuron.LIFNode(tau=2.0, v_reset=None), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(24, 3), neuron.IFNode(),
    )
    model[0].weight.data *= 3
    model[4].weight.data *= 6
    return model, (2, 4, 4)
"""


def net() -> nn.Module:
    space: dict = {}
    exec(MODEL, space)
    return space["net"]()[0]


def samples(encoding: Encoding, count: int = 3) -> np.ndarray:
    low, high = encoding.span
    rng = np.random.default_rng(5)
    values = rng.integers(low, high + 1, (count, encoding.steps, 2, 4, 4))
    return values * (rng.random(values.shape) < 0.4)


@pytest.mark.parametrize("signed", [False, True])
def test_on_the_chip(signed: bool, tmp_path: Path) -> None:
    encoding = Encoding(kind="frames", steps=5, value_bits=6, signed=signed, unit=1 / 16)
    data = samples(encoding)
    program = spikeplane.compile(
        net(), chip="tiny", input_shape=(2, 4, 4), encoding=encoding, calibration=data
    )
    assert not any(p.hold for p in program.network.populations)
    assert all(row["differences"] == 0 for row in program.tables["agreement"])
    program.save(tmp_path / "net.spk")
    loaded = Program.load(tmp_path / "net.spk")
    assert loaded.input.signed == signed
    with spikeplane.open_board("sim", loaded) as board:
        result = execute(loaded, board, data, lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0, str(result.comparison)
    fired = {name: np.concatenate(parts) for name, parts in result.outputs.items()}
    assert all(0.02 < values.mean() < 0.98 for values in fired.values())  # so 0 mismatches say something
    assert any((values[:, 0] != values[:, 1]).any() for values in fired.values())


def test_estimates_count_the_packets_that_are_sent() -> None:
    encoding = Encoding(kind="frames", steps=3, signed=True, unit=1 / 64)
    program = spikeplane.compile(net(), chip="tiny", input_shape=(2, 4, 4), encoding=encoding, proof=False)
    planes = program.planes(samples(encoding))
    found = measured(
        program.network, program.config, {p.name: planes.get(p.name, np.zeros((3, 3, *p.shape), int))
                                          for p in program.network.populations}, ""
    )  # fmt: skip
    sent = [
        np.mean([len(plane_packets(program.config, one[t], {})) for one in planes["input"]]) for t in range(3)
    ]
    np.testing.assert_allclose(found.packets["input"], sent)
    bits = np.vectorize(lambda v: abs(int(v)).bit_count())(planes["input"]).sum((2, 3, 4)).mean(0)
    np.testing.assert_allclose(found.spikes["input"], bits)


def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["spikeplane", *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main()
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out, captured.err


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text(MODEL)
    encoding = Encoding(kind="frames", steps=5, value_bits=6, signed=True, unit=1 / 16)
    np.save("f.npy", samples(encoding) / 16)
    compiling = ["compile", "m.py:net", "-o", "n.spk", "-p", "tiny", "--encoding", "frames", "--steps", "5"]
    options = ["--value-bits", "6", "--signed", "--unit", "1/16", "--calibrate", "f.npy"]
    status, _, err = call(monkeypatch, capsys, *compiling, *options)
    assert (status, err) == (0, "")
    assert Program.load("n.spk").encoding == encoding
    status, out, _ = call(monkeypatch, capsys, "inspect", "n.spk")
    assert "input 2x4x4, frames encoding of 6-bit signed values in units of 0.0625, 5 steps; readout" in out
    status, out, err = call(
        monkeypatch, capsys, "run", "n.spk", "-i", "f.npy", "--board", "sim", "--lockstep"
    )
    assert (status, err) == (0, "")
    assert "0 mismatches over" in out
    np.save("wide.npy", samples(encoding) / 4)
    status, _, err = call(monkeypatch, capsys, "run", "n.spk", "-i", "wide.npy")
    assert status == 2
    assert "6-bit signed frames take real values from -2 to 1.9375: scale them" in err
    for bad, line in (
        (["--encoding", "direct", "--signed"], "--signed and --unit are for --encoding frames, not 'direct'"),
        (
            ["--encoding", "frames", "--unit", "1/0"],
            "--unit must be a number above 0, such as 0.5 or 1/255, not '1/0'",
        ),
    ):
        status, _, err = call(monkeypatch, capsys, "compile", "m.py:net", "-o", "x.spk", *bad)
        assert status == 2
        assert line in " ".join(err.split())
        assert not Path("x.spk").exists()
