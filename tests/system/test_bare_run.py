"""A board is driven with what drives boards alone: neither compiler nor importers nor the packages of gateware
and simulation, neither torch nor amaranth."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from served import planes, program, served

import spikeplane

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pseudo-terminals of Linux")

BARE = """
import sys
absent = ("torch", "amaranth", "nir", "spikeplane_sim", "spikeplane_gateware", "spikeplane_hw")
sys.modules.update(dict.fromkeys(absent, None))
sys.argv[0] = "spikeplane"
from spikeplane.cli import main
main()
"""


def test_a_run_without_compiler_and_torch(tmp_path: Path) -> None:
    """The guesses are those of the golden model."""
    from spikeplane_sim.golden.board import GoldenBoard

    made, inputs = program(), planes(3)
    made.save(tmp_path / "net.spk")
    np.save(tmp_path / "planes.npy", inputs)
    shutil.copytree(
        Path(spikeplane.__file__).parent,
        tmp_path / "alone/spikeplane",
        ignore=shutil.ignore_patterns("compiler", "importers", "__pycache__"),
    )
    arguments = ["run", "net.spk", "--input", "planes.npy", "--json", "--report", "page.html", "--board"]
    with served(str(tmp_path / "net.spk")) as port:
        done = subprocess.run(
            [sys.executable, "-c", BARE, *arguments, port],
            cwd=tmp_path,
            env={"PYTHONPATH": str(tmp_path / "alone"), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    golden = made.scores(GoldenBoard(made).run(made.planes(inputs)))
    assert json.loads(done.stdout)["guesses"] == golden.argmax(1).tolist()
    assert (tmp_path / "page.html").stat().st_size > 10_000
