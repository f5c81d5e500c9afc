"""Without what only POSIX has: the golden model runs, ports are known by their names, the rest is refused in one line."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spikeplane
from spikeplane import platforms
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.errors import SpikeplaneError
from spikeplane.host.serial import is_port
from spikeplane.processes import run_tool

#: As on Windows, but for the name of the system, which Python's own modules ask for.
WINDOWS = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("fcntl", "pty", "resource", "termios", "tty"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in ("fcntl", "pty", "resource", "termios", "tty"):
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Absent())
from spikeplane.cli import main
sys.argv[0] = "spikeplane"
main()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("windows")
    neuron, shape = FloatNeuron(threshold=np.ones(3)), (3, 1, 1)
    network = FloatNetwork(
        populations=(FloatPopulation(name="in", shape=(4, 1, 1)),
                     FloatPopulation(name="out", shape=shape, neuron=neuron)),
        projections=(FloatProjection(source="in", target="out", weight=np.ones((3, 4, 1, 1))),),
        output="out",
    )  # fmt: skip
    encoding = spikeplane.Encoding(kind="planes", steps=2)
    spikeplane.compile(network, chip="tiny", encoding=encoding).save(place / "net.spk")
    np.save(place / "planes.npy", np.ones((1, 2, 4, 1, 1), np.uint8))
    return place


def call(folder: Path, *arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-c", WINDOWS, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_the_golden_model_runs(folder: Path) -> None:
    status, out, err = call(folder, "run", "net.spk", "--input", "planes.npy")
    assert (status, "classes" in out, err) == (0, True, "")


@pytest.mark.parametrize(("name", "port"), [("COM7", True), ("com12", True), ("COM", False), ("COMA", False)])
def test_ports_of_windows(name: str, port: bool) -> None:
    assert is_port(name) == port


@pytest.mark.parametrize(
    "arguments", [["run", "net.spk", "--input", "planes.npy", "--board", "sim"], ["serve", "net.spk"]]
)
def test_simulated_boards_are_refused(folder: Path, arguments: list[str]) -> None:
    assert call(folder, *arguments) == (2, "", f"error: {platforms.LINE}\n")


def test_tools_are_refused(tmp_path: Path, monkeypatch) -> None:
    assert run_tool(["true"], tmp_path).returncode == 0
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SpikeplaneError) as refused:
        run_tool(["true"], tmp_path)
    assert str(refused.value) == platforms.LINE
