"""`spikeplane federate --local`: what one computer learns, and what is refused, each in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import call
from two_core_networks import CHIP

from spikeplane.cli import federate
from spikeplane.train.federate.package import Package

MODEL = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 12), neuron.LIFNode(tau=2.0, v_threshold=0.25), nn.Linear(12, 3)), (1, 4, 4)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, and samples whose class shows in their upper rows."""
    place = tmp_path_factory.mktemp("federate")
    (place / "models.py").write_text(MODEL)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    images = rng.integers(0, 40, (60, 1, 4, 4), dtype=np.uint8)
    images[np.arange(60), 0, labels] += 200
    for name, part in (("train-{}.npy", slice(0, 48)), ("t10k-{}.npy", slice(48, None))):
        np.save(place / name.format("images"), images[part])
        np.save(place / name.format("labels"), labels[part])
    return place


def command(which: str, *options: object) -> tuple[int, str, str]:
    typed = (which, "models.py:net", "--data", ".", "-o", "net.spt", "--batch", 12, "--rate", 1, *options)
    status, out, err, _ = call(*typed)
    return status, out, err


def done(which: str, *options: object) -> dict[str, Any]:
    status, out, err = command(which, *options, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


def test_five_workers_learn_what_train_learns(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And each goes on with what the other has begun."""
    monkeypatch.chdir(made)
    whole = done("train", "--epochs", 3)
    for split in ("iid", "labels"):
        found = done("federate", "--epochs", 3, "--local", "--split", split, "--strict")
        assert (found["sha256"], found["rounds"]) == (whole["sha256"], 12)
        assert [row["test"] for row in found["epochs"]] == [row["test"] for row in whole["epochs"]]
        assert [row["accuracy"] for row in found["epochs"]] == [row["accuracy"] for row in whole["epochs"]]
        assert found["left_out"] == []
    done("federate", "--epochs", 3, "--local", "--rounds", 5, "-o", "half.spt")
    assert done("train", "--epochs", 3, "--resume", "half.spt")["sha256"] == whole["sha256"]
    again = done("federate", "--epochs", 3, "--local", "--resume", "half.spt", "--workers", 2)
    assert again["sha256"] == whole["sha256"]
    course = ("--epochs", 3, "--momentum", 0.5)
    assert done("federate", *course, "--local")["sha256"] == done("train", *course)["sha256"]


def test_what_is_said(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    status, out, err = command("federate", "--local", "--mode", "epoch", "--rounds", 2, "--workers", 3)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["epoch 1", "epoch 2"]
    assert ", test " in lines[0]
    assert lines[2:4] == ["rounds             2 of 3 workers, mode epoch", "left out           0 answers"]
    assert lines[-1] == "next: spikeplane compile net.spt -o net.spk --encoding rate --steps 4"
    alone = done("train", "--epochs", 2)
    one = done("federate", "--local", "--mode", "epoch", "--rounds", 2, "--workers", 1)
    assert one["sha256"] == alone["sha256"] != done("federate", "--local", "--mode", "epoch", "--rounds", 2)["sha256"]  # fmt: skip


def test_two_chips_learn_what_the_golden_model_learns(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated chips side by side, in either mode: bit for bit."""
    monkeypatch.chdir(made)
    sizes = CHIP.to_dict()
    training = sizes.pop("training")
    lines = [f"{name} = {str(value).lower()}" for name, value in sizes.items()]
    table = ["[training]", *(f"{name} = {str(value).lower()}" for name, value in training.items())]
    Path("chip.toml").write_text("\n".join([*lines, *table]))
    for mode in ("step", "epoch"):
        options = (
            "--local",
            "--workers",
            2,
            "--steps",
            2,
            "--samples",
            24,
            "--mode",
            mode,
            "--rounds",
            2,
            "--strict",
        )
        golden = done("federate", *options)
        chips = done("federate", *options, "--board", "sim", "--chip", "chip.toml")
        assert chips["sha256"] == golden["sha256"]
        assert chips["epochs"] == golden["epochs"]
        assert chips["left_out"] == []


def test_what_a_superlink_learned_is_tested_here(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a file that was there before is not taken for what it learned."""
    monkeypatch.chdir(made)
    course = ("--epochs", 2, "--rate", 0.1)
    here = done("federate", *course, "--local", "-o", "here.spt")
    rows, line = here["epochs"], "round 1: worker 2 is left out: it is not there"

    def elsewhere(package: Package, superlink: str, say: Callable[[str], None]) -> None:
        assert superlink == "there:8000"
        say(line)
        if writes:
            Path(package.output).write_bytes(Path("here.spt").read_bytes())

    monkeypatch.setattr(federate, "submit", elsewhere)
    typed = ("federate", *course, "--superlink", "there:8000", "-o", "there.spt")
    lost = f"error: the federation is done, and {made.resolve() / 'there.spt'} is not on this machine: it is on the SuperLink's\n"
    for writes in (False, True, False, True):
        status, out, err = command(*typed, "--json")
        if not writes:
            assert (status, out, err) == (2, "", lost)
            continue
        found = json.loads(out)
        assert (status, err, found["left_out"], found["epochs"]) == (0, "", [line], rows)
        assert found["test"] == rows[-1]["test"] != rows[0]["test"]
        assert found["sha256"] == here["sha256"]
    assert f"test               {rows[-1]['test']:.2%}" in command(*typed)[1].splitlines()


REFUSED = {
    "": "the workers are either here or at a SuperLink: give --local, or --superlink HOST:PORT",
    "--local --superlink localhost:8000": "the workers are either here or at a SuperLink: give --local, or --superlink HOST:PORT",
    "--local --mode steps": "--mode steps: choose from step, epoch",
    "--local --split none": "--split none: choose from iid, labels",
    "--local --workers 0": "--workers must be from 1 to the 48 samples there are, not 0",
    "--local --workers 49": "--workers must be from 1 to the 48 samples there are, not 49",
    "--local --min-workers 6": "--min-workers must be from 1 to the 5 workers, not 6",
    "--local --min-workers 0": "--min-workers must be from 1 to the 5 workers, not 0",
    "--local --rounds 0": "--rounds must be 1 or more, not 0",
    "--local --timeout 0": "--timeout must be above 0 and below a million seconds, not 0",
    "--local --board /dev/ttyUSB0": "--board /dev/ttyUSB0: the workers of one process run on golden or sim",
    "--local --mode epoch --local-epochs 0": "--local-epochs must be 1 or more, not 0",
    "--local --epochs 0": "--epochs must be 1 or more, not 0",
    "--local --epochs 1 --rounds 5": "--rounds 5: 1 epochs of such batches have 4; give more --epochs",
    "--local --local-epochs 2": "--local-epochs is of mode epoch; in mode step a round is an iteration",
    "--local --mode epoch --epochs 2": "--epochs is of mode step; in mode epoch give --rounds and --local-epochs",
    "--local --mode epoch --momentum 0.5": "worker 1 has 10 samples for batches of 12; with momentum every batch is full: use "
    "smaller ones",
}  # fmt: skip


@pytest.mark.parametrize("typed", REFUSED)
def test_refused(made: Path, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.chdir(made)
    status, out, err = command("federate", *typed.split(), "-o", "none.spt")
    assert (status, out, err) == (2, "", f"error: {REFUSED[typed]}\n")
    assert not Path("none.spt").exists()
