"""`spikeplane estimate` of a training: what it tells, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from spikeplane.cli import app
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection
from spikeplane.train.course import Settings
from spikeplane.train.file import begun


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A training of 16 inputs, and samples whose pixels are all full: each input fires in every step."""
    network = LearningNetwork(
        populations=(
            LearningPopulation(name="in", shape=(16, 1, 1)),
            LearningPopulation(name="a", shape=(8, 1, 1), theta=np.ones(8), leak=0.5),
            LearningPopulation(name="out", shape=(3, 1, 1)),
        ),
        projections=(
            LearningProjection(source="in", target="a", weight=np.full((8, 16, 1, 1), 1 / 16, np.float16)),
            LearningProjection(source="a", target="out", weight=np.zeros((3, 8, 1, 1), np.float16)),
        ),
        output="out",
    )
    settings = Settings(
        encoding=Encoding(kind="rate", steps=2), samples=4, batch=2, epochs=1, rate=0.5, last_rate=0.1, momentum=0.0, seed=0
    )  # fmt: skip
    begun(network, settings).save(tmp_path / "net.spt")
    np.save(tmp_path / "full.npy", np.full((3, 16, 1, 1), 255, np.uint8))
    return tmp_path / "net.spt"


def test_a_training_is_counted_on_samples(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """16 inputs and, at the threshold and so in the window, all 8 neurons in each of 2 steps."""
    data = str(saved.with_name("full.npy"))
    assert not app(["estimate", str(saved), "--input", data, "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert (found["steps"], found["batch"]) == (2, 2)
    assert found["operations"]["performed"] == 2 * (2 * (16 * 8 + 8 * 3) + 2 * 8 * 3)
    assert found["activity"] == f"counted on 3 samples of {data}"
    assert found["next"].startswith("spikeplane compile ")


def test_command_of_a_shape(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    words = [
        "estimate",
        "784-128-10",
        "--densities",
        "0.5,0.25,0.1",
        "--steps",
        "2",
        "--batch",
        "8",
        "--dram",
    ]
    assert not app(words, standalone_mode=False)
    text = capsys.readouterr().out
    assert "T = 2, batches of 8; sums need 36 bits (proved); planes (5 bits" in text
    assert "assumed densities: 0.5 of inputs, 0.25 of spikes, 0.1 of windows" in text
    assert text.endswith("next: spikeplane train MODEL --data DATA -o net.spt\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vgg-7", "--densities", "0.1,0.2"], "give three shares of 0 to 1"),
        (["vgg-7", "--densities", "0.1,a,0.2"], "give three shares of 0 to 1"),
        (["vgg-7", "--densities", "0.1,2,0.2"], "density of spikes must be from 0 to 1, not 2"),
        (["vgg-7", "--board", "ulx3s-85f"], "--board and --activity are of programs"),
        (["vgg-7", "--input", "x.npy"], "goes with neither --steps nor --densities"),
        (["{p}", "--input", "x.npy", "--steps", "3"], "goes with neither --steps nor --densities"),
        (["{p}.no.spt"], "training: no file {p}.no.spt"),
        (["net.spk"], "a program is estimated for a board"),
        (["net.spk", "--board", "ulx3s-85f", "--dram"], "which are of trainings"),
        (["conv-8-16", "--batch", "1000000"], "take"),
    ],
)
def test_refused(saved: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(SpikeplaneError) as error:
        app(["estimate", *(a.format(p=saved) for a in arguments)], standalone_mode=False)
    assert message.format(p=saved) in str(error.value)
    assert "\n" not in str(error.value)
