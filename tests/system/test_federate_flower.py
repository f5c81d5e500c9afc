"""Federations of real processes: Flower's SuperLink, two SuperNodes. In an environment of their own: `make test-federated`."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("flwr", reason="the extra federated is not installed: make test-federated")

MODEL = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 12), neuron.LIFNode(tau=2.0, v_threshold=0.25), nn.Linear(12, 3)), (1, 4, 4)
"""
TOOLS = Path(sys.executable).parent
COUNT = 48


def free_ports(many: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(many)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Processes:
    """A SuperLink, and nodes that can be killed and started again."""

    def __init__(self, place: Path) -> None:
        self.place, (self.port, *self.ports) = place, free_ports(3)
        self.environment = {
            **os.environ, "FLWR_HOME": str(place / "home"), "FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1",
            "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200",
        }  # fmt: skip
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.start(
            "link",
            "flower-superlink",
            "--insecure",
            "--disable-runtime-dependency-installation",
            "--port",
            self.port,
        )
        self.wait("link", "Uvicorn running")

    def start(self, name: str, *command: object) -> None:
        """Start one, whose words go into NAME.log."""
        log = (self.place / f"{name}.log").open("ab")
        tool, *rest = map(str, command)
        self.running[name] = subprocess.Popen(
            [TOOLS / tool, *rest], env=self.environment, cwd=self.place, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def node(self, worker: int, **config: str | int) -> None:
        """Start a worker's SuperNode, and wait until it is known."""
        own = {"worker": worker, "data": "images.npy", "labels": "labels.npy", **config}
        text = " ".join(
            f'{k}="{self.place / v}"' if isinstance(v, str) else f"{k}={v}" for k, v in own.items()
        )
        before = self.said("link").count("Activated node")
        self.start(
            f"node {worker}", "flower-supernode", "--insecure", "--superlink", f"127.0.0.1:{self.port}", "--port",
            self.ports[worker - 1], "--node-config", text,
        )  # fmt: skip
        until(lambda: self.said("link").count("Activated node") > before)

    def kill(self, name: str) -> None:
        """End one, with all that it has started, at once."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def said(self, name: str) -> str:
        """Its words so far."""
        return (self.place / f"{name}.log").read_text(errors="replace")

    def wait(self, name: str, words: str) -> None:
        """Wait until it has said this."""
        until(lambda: words in self.said(name))

    def close(self) -> None:
        """End all."""
        for name in list(self.running):
            self.kill(name)


def until(come: object, seconds: float = 180) -> None:
    """Wait for a condition."""
    over = time.monotonic() + seconds
    while not come():  # type: ignore[operator]
        assert time.monotonic() < over
        time.sleep(0.3)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """A SuperLink, and a folder with a model and samples whose class shows in their upper rows."""
    (tmp_path / "models.py").write_text(MODEL)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, COUNT)
    images = rng.integers(0, 40, (COUNT, 1, 4, 4), dtype=np.uint8)
    images[np.arange(COUNT), 0, labels] += 200
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", labels)
    for name, part in (("first", slice(0, 20)), ("last", slice(20, None))):
        np.save(tmp_path / f"{name}-images.npy", images[part])
        np.save(tmp_path / f"{name}-labels.npy", labels[part])
    made = Processes(tmp_path)
    yield made
    made.close()


def command(processes: Processes, *options: object, rounds: int = 2) -> "subprocess.Popen[str]":
    typed = (
        "federate", "models.py:net", "--data", "images.npy", "--labels", "labels.npy", "--batch", 12, "--rate", 1, "--rounds", rounds,
        "--workers", 2, *options,
    )  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "spikeplane", *map(str, typed)], env=processes.environment, cwd=processes.place, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def finished(process: "subprocess.Popen[str]") -> tuple[str, list[str]]:
    """The digest of the weights, and what was said."""
    out, _ = process.communicate(timeout=900)
    assert process.returncode == 0, out
    found = re.search(r"^sha256 +([0-9a-f]{64})$", out, re.MULTILINE)
    assert found, out
    return found[1], out.splitlines()


def here(processes: Processes, *options: object, rounds: int = 2) -> str:
    """What the workers of one process learn."""
    return finished(command(processes, "--local", "-o", "here.spt", *options, rounds=rounds))[0]


@pytest.mark.slow
def test_two_rounds_by_processes_are_two_rounds_here(processes: Processes) -> None:
    """And so they are with samples of their own, and in mode epoch."""
    link = ("--superlink", f"127.0.0.1:{processes.port}", "--strict", "--timeout", 200, "-o", "there.spt")
    processes.node(1)
    processes.node(2)
    sha256, lines = finished(command(processes, *link))
    assert sha256 == here(processes)
    assert [line for line in lines if line.startswith("round ")] == ["round 1 of 2", "round 2 of 2"]
    epoch = ("--mode", "epoch", "--test", "images.npy", "--test-labels", "labels.npy")
    there, lines = finished(command(processes, *link, *epoch))
    again, told = finished(command(processes, "--local", "-o", "here.spt", *epoch))
    assert there == again != sha256
    rows = [line for line in told if line.startswith("epoch ")]
    assert [line for line in lines if line.startswith("epoch ")] == [
        row.partition(", test ")[0] for row in rows
    ]
    assert len(rows) == 2
    assert f"test               {rows[-1].partition(', test ')[2]}" in lines
    for worker in (1, 2):
        processes.kill(f"node {worker}")
    processes.node(1, data="first-images.npy", labels="first-labels.npy", first=0)
    processes.node(2, data="last-images.npy", labels="last-labels.npy", first=20)
    assert finished(command(processes, *link))[0] == sha256


@pytest.mark.slow
def test_a_node_that_is_killed_and_started_again(processes: Processes) -> None:
    """It is missing in the first round, which is repeated; then it is there, and the bits are those of all."""
    processes.node(1)
    processes.node(2)
    running = command(
        processes,
        "--superlink",
        f"127.0.0.1:{processes.port}",
        "--strict",
        "--timeout",
        100,
        "-o",
        "there.spt",
    )
    processes.wait("node 2", "Sending: train message")
    processes.kill("node 2")
    processes.node(2)
    sha256, lines = finished(running)
    assert any("is left out: " in line for line in lines)
    assert sha256 == here(processes)


@pytest.mark.slow
def test_what_goes_wrong_is_one_line(processes: Processes) -> None:
    link = ("--superlink", f"127.0.0.1:{processes.port}", "--timeout", 120, "-o", "there.spt")
    processes.node(1)
    processes.node(2, labels="none.npy")
    _, lines = finished(command(processes, *link, rounds=1))
    (line,) = [line for line in lines if "is left out" in line]
    assert re.match(r"round 1: worker \d+ is left out: .*none.npy", line)
    out, _ = command(processes, "--strict", *link, rounds=1).communicate(timeout=900)
    assert "round 1: 1 of 2 workers gave an answer that counts, and 2 are needed" in out.splitlines()[-1]
    out, _ = command(processes, "--superlink", "127.0.0.1:1", "-o", "no.spt").communicate(timeout=120)
    assert out.splitlines()[-1].startswith("error: Flower did not run the federation: ")
