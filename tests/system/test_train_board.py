"""`spikeplane train --board sim`: the chip learns what the golden model learns, and what is refused, each in one line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import call
from two_core_networks import CHIP

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection
from spikeplane.train.chip import chip_for
from spikeplane.train.learners import Verified

MODEL = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 12), neuron.LIFNode(tau=2.0, v_threshold=0.25), nn.Linear(12, 3)), (1, 4, 4)
"""
WEIGHTS = 16 * 12 + 12 + 12 * 3 + 3  #: of it


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, samples whose class shows in their upper rows, and chips."""
    place = tmp_path_factory.mktemp("board")
    (place / "models.py").write_text(MODEL)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 20)
    images = rng.integers(0, 40, (20, 1, 4, 4), dtype=np.uint8)
    images[np.arange(20), 0, labels] += 200
    np.save(place / "images.npy", images)
    np.save(place / "labels.npy", labels)
    sizes = CHIP.to_dict()
    training = sizes.pop("training")
    lines = [f"{name} = {str(value).lower()}" for name, value in sizes.items()]
    table = ["[training]", *(f"{name} = {value}" for name, value in training.items())]
    (place / "chip.toml").write_text("\n".join([*lines, *table]))
    (place / "short.toml").write_text(
        "\n".join([*lines, *table]).replace("tape_depth = 256", "tape_depth = 16")
    )
    (place / "narrow.toml").write_text(
        "\n".join([*lines, *table]).replace("exact_bits = 48", "exact_bits = 36")
    )
    (place / "plain.toml").write_text('preset = "tiny"\n')
    return place


def command(*options: object) -> tuple[int, str, str]:
    words = ("models.py:net", "--data", "images.npy", "--labels", "labels.npy", "-o", "net.spt", "--batch", 6)
    status, out, err, _ = call("train", *words, "--epochs", 1, "--steps", 2, "--rate", 1, *options)
    return status, out, err


def trained(*options: object) -> dict[str, Any]:
    status, out, err = command(*options, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


def test_the_chip_learns_what_the_golden_model_learns(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    golden = trained()
    chip = trained("--board", "sim", "--chip", "chip.toml", "--verify", 2)
    assert ChipConfig.from_toml("chip.toml") == CHIP
    for name in ("sha256", "iterations", "epochs", "exact_bits"):
        assert chip[name] == golden[name]
    assert (chip["mismatches"], chip["compared"]) == (0, 2 * WEIGHTS)  # iterations 2 and 4 of 4
    assert "compared" not in golden
    said = command("--board", "sim", "--chip", "chip.toml", "--verify", 1)[1]
    assert "no weights and deltas at their limits" in said
    assert f"0 mismatches ({4 * WEIGHTS} values compared)" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--chip", "chip.toml"), "--chip and --verify are of a chip"),
        (("--verify", 2), "--chip and --verify are of a chip"),
        (("--verify", -1), "--verify must be 0 or more"),
        (("--board", "sims"), "--board sims: training runs on golden, sim"),
        (("--board", "sim", "--chip", "plain.toml"), "has no table [training]"),
        (("--board", "sim", "--chip", "narrow.toml", "--weight-limit", 8), "set exact_bits = 48"),
        (
            ("--board", "sim", "--chip", "chip.toml", "--momentum", 0.5),
            "learns without momentum; set momentum = true",
        ),
        (
            ("--board", "sim", "--chip", "short.toml", "--steps", 20),
            "needs words 0 to 19 of the tape memory of core (0, 0)",
        ),
        (("--board", "sim", "--steps", 257), "samples of at most 256 steps, not 257"),
    ],
)
def test_refused(
    made: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[object, ...], message: str
) -> None:
    monkeypatch.chdir(made)
    status, _, err = command(*options)
    assert (status, err.count("\n")) == (2, 1)
    assert message in err


def test_programs_of_integers_do_not_run_on_a_chip_that_learns(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made)
    status, _, err, _ = call("compile", "models.py:net", "--chip", "chip.toml", "-o", "net.spk")
    if status == 2 and "chip learns" not in err:
        status, _, err, _ = call("compile", "models.py:net", "--config", "chip.toml", "-o", "net.spk")
    assert (status, err.count("\n")) == (2, 1)
    assert "this chip learns in binary16" in err


def test_a_weight_that_differs_is_told() -> None:
    class Driver:
        iterations = 3
        network = LearningNetwork(
            populations=(), output="",
            projections=(LearningProjection(source="a", target="b", weight=np.zeros((2, 3, 1, 1), np.float16)),),
        )  # fmt: skip

    verified = Verified(Driver(), None, 1)  # type: ignore[arg-type]
    same = np.ones((2, 3, 1, 1), np.float16)
    verified._compare({0: same}, {0: same.copy()})
    other = same.copy()
    other[1, 2] = 1.5
    with pytest.raises(SpikeplaneError, match=r"momentum \(1, 2, 0, 0\) of a->b is 1.5 on the chip"):
        verified._compare({0: other}, {0: same}, "momentum")
    with pytest.raises(
        SpikeplaneError, match=r"weight \(1, 2, 0, 0\) of a->b is 1.5 on the chip and 1 .*1 of 6 differ"
    ):
        verified._compare({0: other}, {0: same})
    assert verified.compared == 18


def test_the_smallest_core_that_holds_a_network() -> None:
    zeros = np.zeros((10, 784, 1, 1), np.float16)
    network = LearningNetwork(
        populations=(LearningPopulation(name="in", shape=(784, 1, 1)), LearningPopulation(name="out", shape=(10, 1, 1))),
        projections=(LearningProjection(source="in", target="out", weight=zeros),), output="out",
    )  # fmt: skip
    chip = chip_for(network, 16, 4)
    assert (chip.weight_depth, chip.cores, chip.weight_bits) == (2048, 1, 16)
    assert chip.training is not None
    assert (chip.training.exact_bits, chip.training.tape_depth) == (48, 16)
