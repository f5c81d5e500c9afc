"""Programs on a board that is simulated at its pins, through a pseudo-terminal and pyserial, as on a serial port."""

import json
import sys

import numpy as np
import pytest
from served import call, planes, program, served

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pseudo-terminals of Linux")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    path = tmp_path_factory.mktemp("serve")
    program().save(path / "net.spk")
    np.save(path / "planes.npy", planes(12))
    return path


@pytest.fixture(scope="module")
def port(files):
    with served(str(files / "net.spk")) as path:
        yield path


@pytest.mark.parametrize("baud", [3_000_000, 1_000_000, 2_000_000])
def test_a_run_gives_the_spikes_of_the_golden_model(files, port, baud):
    """One run after the other on the same board, each at a rate of its own, which the board finds out."""
    options = ["--input", files / "planes.npy", "--board", port, "--baud", baud, "--lockstep", "--json"]
    status, out, err, _ = call("run", files / "net.spk", *options)
    assert (status, err) == (0, "")
    summary = json.loads(out)
    assert summary["board"] == f"board at {port}"
    assert summary["lockstep"]["mismatches"] == 0
    assert summary["lockstep"]["spikes"] > 100
