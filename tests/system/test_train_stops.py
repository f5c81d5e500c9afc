"""`spikeplane train --board sim` that ends in the middle: its last checkpoint is whole, it says how to go on, and what goes on has
equal bits."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import SPIKEPLANE, call
from two_core_networks import CHIP

from spikeplane.errors import SpikeplaneError
from spikeplane.train.driver import TrainingDriver
from spikeplane.train.file import Training

MODEL = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def net(threshold=0.25):
    torch.manual_seed(0)
    fire = neuron.LIFNode(tau=2.0, v_threshold=threshold)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 12, bias=False), fire, nn.Linear(12, 3)), (1, 4, 4)

def far():
    return net(64.0)
"""
TYPED = (
    "--data",
    "images.npy",
    "--labels",
    "labels.npy",
    "--batch",
    5,
    "--steps",
    2,
    "--rate",
    1,
    "--epochs",
    2,
)
WHOLE = 8  #: iterations, four of an epoch


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models, samples and a chip."""
    place = tmp_path_factory.mktemp("stops")
    (place / "models.py").write_text(MODEL)
    rng = np.random.default_rng(0)
    np.save(place / "images.npy", rng.integers(0, 256, (20, 1, 4, 4), dtype=np.uint8))
    np.save(place / "labels.npy", rng.integers(0, 3, 20))
    sizes = CHIP.to_dict()
    training = sizes.pop("training")
    lines = [f"{name} = {json.dumps(value)}" for name, value in sizes.items()]
    table = ["[training]", *(f"{name} = {json.dumps(value)}" for name, value in training.items())]
    (place / "chip.toml").write_text("\n".join([*lines, *table]))
    return place


def typed(model: str, *options: object) -> tuple[object, ...]:
    return ("train", f"models.py:{model}", *TYPED, *options)


def finished(*options: object) -> dict[str, Any]:
    status, out, err, _ = call(*typed("net", *options, "--json"))
    assert (status, err) == (0, "")
    return json.loads(out)


@pytest.fixture(scope="module")
def golden(made: Path) -> str:
    """SHA-256 of what was trained without a break, in the golden model."""
    before = Path.cwd()
    os.chdir(made)
    try:
        return finished("-o", "golden.spt")["sha256"]
    finally:
        os.chdir(before)


#: A function of the driver that each phase calls, and its call in the sixth iteration.
PHASES = {"_forward": 26, "_backward": 28, "_refuse_overflow": 6, "update": 6, "_clipped": 6}


@pytest.mark.parametrize(
    ("phase", "error"), [*((phase, KeyboardInterrupt) for phase in PHASES), ("_backward", SpikeplaneError)]
)
def test_it_goes_on_with_equal_bits(
    made: Path, monkeypatch: pytest.MonkeyPatch, golden: str, phase: str, error: type[BaseException]
) -> None:
    monkeypatch.chdir(made)
    Path("net.spt").unlink(missing_ok=True)
    right, calls = getattr(TrainingDriver, phase), 0

    def broken(driver: TrainingDriver, *given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == PHASES[phase]:
            raise error("the line is cut")
        return right(driver, *given)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingDriver, phase, broken)
        status, out, err, _ = call(
            *typed("net", "-o", "net.spt", "--board", "sim", "--chip", "chip.toml", "--every", 3)
        )
    hint = "net.spt is whole up to iteration 4, and the same command with --resume net.spt goes on with equal bits"
    if error is KeyboardInterrupt:
        assert (status, err) == (130, f"stopped in iteration 5: {hint}\ninterrupted\n"), out
    else:
        assert (status, err) == (2, f"error: the line is cut; {hint}\n")
    assert Training.load("net.spt").iterations == 4
    again = finished("-o", "net.spt", "--board", "sim", "--chip", "chip.toml", "--resume", "net.spt")
    assert (again["sha256"], again["iterations"]) == (golden, WHOLE)


def test_without_a_checkpoint_it_says_so(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TrainingDriver, "_backward", broken)
    status, _, err, _ = call(*typed("net", "-o", "none.spt", "--board", "sim", "--chip", "chip.toml"))
    assert (status, err) == (
        130,
        "stopped in iteration 0: none.spt has no checkpoint yet, which each epoch makes, and --every N more of them\n"
        "interrupted\n",
    )
    assert not Path("none.spt").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_is_killed(
    made: Path, monkeypatch: pytest.MonkeyPatch, golden: str, number: int
) -> None:
    monkeypatch.chdir(made)
    for wait in (0.0, 0.07, 0.19):
        Path("net.spt").unlink(missing_ok=True)
        words = typed("net", "-o", "net.spt", "--board", "sim", "--chip", "chip.toml", "--every", 1)
        process = subprocess.Popen(
            [SPIKEPLANE, *map(str, words)], stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL
        )
        end = time.monotonic() + 300
        while not Path("net.spt").exists() and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.002)
        time.sleep(wait)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode in (-number, 130, 0), err
        assert 0 < Training.load("net.spt").iterations <= WHOLE
        again = finished("-o", "net.spt", "--board", "sim", "--chip", "chip.toml", "--resume", "net.spt")
        assert (again["sha256"], again["iterations"]) == (golden, WHOLE)


def test_a_layer_that_does_not_learn_is_told(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    status, out, err, _ = call(*typed("far", "-o", "far.spt"))
    assert (status, err) == (0, "")
    assert out.count("no neuron of layer '2' was inside its window in epoch 1: it does not learn\n") == 1
    assert finished("-o", "net.spt")["idle"] == []
