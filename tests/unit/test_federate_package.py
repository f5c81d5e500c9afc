"""What goes to other machines and comes back, without Flower: the package, a worker that reads its own samples, the command that
submits."""

import os
import signal
import stat
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from federations import SAMPLES, data, terms, workers
from learning_networks import drawn

from spikeplane.errors import SpikeplaneError
from spikeplane.train.federate import package as packing
from spikeplane.train.federate import submit as submitting
from spikeplane.train.federate.message import task
from spikeplane.train.federate.package import Package
from spikeplane.train.federate.reading import worker_of
from spikeplane.train.federate.submit import submit
from spikeplane.train.file import begun

TERMS = terms(workers=2, split="labels")
NETWORK = drawn("mlp")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Of a federation of two, read again from its file; samples of all and of each worker beside it."""
    monkeypatch.chdir(tmp_path)
    every = data(NETWORK)
    for name, part in (("all", slice(None)), ("one", slice(0, 30)), ("two", slice(30, None))):
        np.save(f"{name}.npy", every.samples[part])
        np.save(f"{name}-labels.npy", every.labels[part])
    made = Package(
        training=begun(NETWORK, TERMS.settings), terms=TERMS, output="out.spt", rounds=3, strict=True
    )
    made.save(tmp_path)
    return Package.load(tmp_path)


def node(worker: object, name: str = "all", **other: object) -> dict[str, Any]:
    return {"worker": worker, "data": f"{name}.npy", "labels": f"{name}-labels.npy", **other}


def gradients(worker: Any) -> np.ndarray:
    """What it answers to the first task."""
    weights = {tag: p.weight for tag, p in enumerate(NETWORK.projections)}
    answer = worker.answer(task("step", 0, TERMS.digest(NETWORK), weights))
    assert "error" not in answer.facts
    return answer.arrays["0"]


def test_a_package_is_read_as_it_was_written(package: Package) -> None:
    assert (package.terms, package.rounds, package.strict, package.output) == (TERMS, 3, True, "out.spt")
    assert package.terms.digest(package.training.network) == TERMS.digest(NETWORK)
    first = replace(NETWORK.projections[0], weight=NETWORK.projections[0].weight[:6])
    smaller = replace(NETWORK, projections=(first, NETWORK.projections[1]))
    assert TERMS.digest(smaller) != TERMS.digest(NETWORK)
    assert all(
        (package.training.learned.weights[t] == p.weight).all() for t, p in enumerate(NETWORK.projections)
    )


def test_workers_read_their_share_or_samples_of_their_own(package: Package) -> None:
    """What they send adds up to the same."""
    here = [gradients(worker) for worker in workers(NETWORK, TERMS).values()]
    shared = [gradients(worker_of(package, node(k))) for k in (1, 2)]
    own = [
        gradients(worker_of(package, node(k, name, first=first)))
        for k, name, first in ((1, "one", 0), (2, "two", 30))
    ]
    assert all((a == b).all() for a, b in zip(here, shared, strict=True))
    assert (own[0] + own[1] == here[0] + here[1]).all()
    assert (own[0] != here[0]).any()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (node(0), "worker = 0, not 1 to 2"),
        (node(3), "worker = 3, not 1 to 2"),
        (node("1"), "worker = '1', not 1 to 2"),
        ({"worker": 1}, "the node's configuration names no samples"),
        (node(1, "two", first=31), "the node's samples are 31 to 80, and the federation has 0 to 79"),
        (node(1, "two", first=-1), "the node's samples are -1 to 48"),
        (node(1, "one"), "has 30 samples, and the federation has 80"),
    ],
)
def test_a_node_that_is_configured_wrong(package: Package, given: dict[str, Any], message: str) -> None:
    with pytest.raises(SpikeplaneError) as refused:
        worker_of(package, given)
    assert message in str(refused.value)
    assert len(data(NETWORK).labels) == SAMPLES


def test_a_network_that_is_too_large_is_not_sent(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "_MOST", 1000)
    with pytest.raises(
        SpikeplaneError, match="bytes of a Flower app, which carries 1000; use a smaller one, or --local"
    ):
        package.save(tmp_path)


def tool(monkeypatch: pytest.MonkeyPatch, place: Path, script: str) -> None:
    """A command in the place of Flower's."""
    path = place / "flwr"
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(submitting, "_tool", lambda: str(path))


RUN = """
if sys.argv[1] == "stop":
    open("stopped", "w").write(sys.argv[2])
    sys.exit()
app = sys.argv[2]
assert sorted(os.listdir(app + "/federation")) == ["__init__.py", "app.py", "federation.json"]
assert sys.argv[3:] == ["given", "--stream"], sys.argv
assert 'address = "there:8000"' in open(os.environ["FLWR_HOME"] + "/config.toml").read()
print("Successfully started run 17", flush=True)
"""


def test_the_lines_of_the_server_are_told(
    package: Package, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tool(
        monkeypatch,
        tmp_path,
        RUN + "print('\\x1b[92mINFO\\x1b[0m :  spikeplane: round 1 of 3')\nprint('INFO: of no use')",
    )
    lines: list[str] = []
    submit(package, "there:8000", lines.append)
    assert lines == ["round 1 of 3"]


BOX = """
print("╭─ Error ──╮")
print("\\x1b[31m│\\x1b[0m no such link \\x1b[31m│\\x1b[0m")
print("╰──╯")
"""


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (RUN + "print('INFO: spikeplane: error: round 2: nobody is there')\nprint('Traceback')", "round 2: nobody is there"),
        (BOX + "sys.exit(1)", "Flower did not run the federation: no such link"),
        ("", "Flower did not run the federation: nothing"),
    ],
)  # fmt: skip
def test_a_run_that_fails_is_one_line(
    package: Package, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, message: str
) -> None:
    tool(monkeypatch, tmp_path, script)
    lines: list[str] = []
    with pytest.raises(SpikeplaneError) as refused:
        submit(package, "there:8000", lines.append)
    assert str(refused.value) == message
    assert lines == []  # it is told once


def test_an_interrupted_run_is_stopped(
    package: Package, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tool(monkeypatch, tmp_path, RUN + "print('spikeplane: round 1', flush=True)\ntime.sleep(60)")

    def say(_: str) -> None:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        submit(package, "there:8000", say)
    assert Path("stopped").read_text() == "17"
