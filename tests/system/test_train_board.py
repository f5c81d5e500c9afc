"""`spikeplane train --board sim`: the chip learns what the golden model learns, and what is refused, each in one line."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import call
from two_core_networks import CHIP

from spikeplane.config import ChipConfig
from spikeplane.train import LearningNetwork, LearningPopulation, LearningProjection, Optimiser
from spikeplane.train.chip import chip_for
from spikeplane.train.driver import TrainingDriver
from spikeplane.train.network import Learned
from spikeplane.train.seen import Comparison, Differs, Seen

MODEL = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 12), neuron.LIFNode(tau=2.0, v_threshold=0.25), nn.Linear(12, 3)), (1, 4, 4)
"""
WEIGHTS = 16 * 12 + 12 + 12 * 3 + 3  #: of it
#: Compared of it in an iteration: weights, gradients; of 12 hidden neurons a delta and two bits in each of two steps; of 3 outputs two.
VALUES = 2 * WEIGHTS + 12 * (1 + 2 * 2) + 2 * 3


NETWORK = LearningNetwork(
    populations=tuple(
        LearningPopulation(name=name, shape=(count, 1, 1))
        for name, count in (("in", 4), ("a", 6), ("out", 2))
    ),
    projections=tuple(
        LearningProjection(source=source, target=target, weight=np.zeros((n, m, 1, 1), np.float16))
        for source, target, n, m in (("in", "a", 6, 4), ("a", "out", 2, 6))
    ),
    output="out",
)


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
    for options in (("--loss", "squared"),):
        squared = trained(*options)
        assert squared["sha256"] != golden["sha256"]
        assert (
            trained("--board", "sim", "--chip", "chip.toml", "--verify", 1, *options)["epochs"]
            == squared["epochs"]
        )
    for name in ("sha256", "iterations", "epochs", "exact_bits"):
        assert chip[name] == golden[name]
    assert (chip["mismatches"], chip["compared"]) == (0, 2 * VALUES)  # iterations 2 and 4 of 4
    assert "compared" not in golden
    assert "phases" not in golden
    cycles = {row["phase"]: row["cycles"] for row in chip["phases"]}
    assert min(cycles[phase] for phase in ("forward", "gradient", "backward", "sweep", "update")) > 10
    assert sum(cycles.values()) == pytest.approx(chip["cycles_per_sample"] * CHIP.cores)
    assert all(0 < row["utilisation"] <= 1 for row in chip["phases"][:3])
    assert 0.1 < chip["bound"] < 1
    said = command("--board", "sim", "--chip", "chip.toml", "--verify", 1)[1]
    assert "no weights and deltas at their limits" in said
    for label in (
        "cycles per sample  ",
        "by phase           forward ",
        "lane utilisation   forward ",
        "of the bound       ",
    ):
        assert label in said
    assert f"0 mismatches ({4 * VALUES:,} values compared)" in said


_OF_A_CHIP = "--chip and --verify are of a chip; give --board sim, or the path of a serial port"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--chip", "chip.toml"), _OF_A_CHIP),
        (("--verify", 2), _OF_A_CHIP),
        (("--verify", -1), "--verify must be 0 or more iterations, not -1"),
        (("--board", "sims"), "--board sims: training runs on golden, sim, or the path of a serial port"),
        (
            ("--board", "sim", "--chip", "plain.toml"),
            "the chip does not learn: its configuration has no table [training]; add one",
        ),
        (
            ("--board", "sim", "--chip", "narrow.toml", "--weight-limit", 8),
            "the network's sums take 48 bits, and the chip has exact_bits = 36; set exact_bits = 48",
        ),
        (
            ("--board", "sim", "--chip", "chip.toml", "--momentum", 0.5),
            "the chip learns without momentum; set momentum = true in its table [training], or use --momentum 0",
        ),
        (
            ("--board", "sim", "--chip", "short.toml", "--steps", 20),
            "the network does not fit: population '2' needs words 0 to 19 of the tape memory of core (0, 0), which has 16; neither does "
            "it fit where the weights fill all cores evenly",
        ),
        (("--board", "sim", "--steps", 257), "a chip learns from samples of at most 256 steps, not 257"),
    ],
)
def test_refused(
    made: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[object, ...], message: str
) -> None:
    monkeypatch.chdir(made)
    status, _, err = command(*options)
    assert (status, err) == (2, f"error: {message}\n")


def test_programs_of_integers_do_not_run_on_a_chip_that_learns(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made)
    status, _, err, _ = call("compile", "models.py:net", "--chip", "chip.toml", "-o", "net.spk")
    if status == 2 and "chip learns" not in err:
        status, _, err, _ = call("compile", "models.py:net", "--config", "chip.toml", "-o", "net.spk")
    assert (status, err.count("\n")) == (2, 1)
    assert "this chip learns in binary16" in err


def seen() -> Seen:
    """Of an input, six hidden neurons and a readout of two, in three steps."""
    return Seen(
        readout=np.array([1, 2], np.float16),
        spikes={"a": np.zeros((3, 6, 1, 1), np.uint8)},
        windows={"a": np.zeros((3, 6, 1, 1), np.uint8)},
        deltas={name: np.zeros((n, 1, 1), np.float16) for name, n in (("out", 2), ("a", 6))},
        gradients={tag: np.zeros((n, m, 1, 1), np.int64) for tag, (n, m) in enumerate(((6, 4), (2, 6)))},
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.spikes["a"].__setitem__((1, 4), 1), "forward, step 1, layer 'a': spike of neuron (4, 0, 0) is 1"),
        (lambda s: s.windows["a"].__setitem__((2, 5), 1), "forward, step 2, layer 'a': window of neuron (5, 0, 0) is 1"),
        (lambda s: s.readout.__setitem__(1, 3), "forward, all steps, layer 'out': readout (1,) is 3"),
        (lambda s: s.deltas["a"].__setitem__(3, -0.0), "backward, step 0, layer 'a': delta of neuron (3, 0, 0) is -0"),
        (lambda s: s.gradients[0].__setitem__((5, 2), -7), "backward, all steps, projection in->a: gradient of weight (5, 2, 0, 0) is -7"),
    ],
)  # fmt: skip
def test_the_first_value_that_differs_is_told(change: Callable[[Seen], None], message: str) -> None:
    held, other = Comparison(NETWORK), seen()
    held.seen(seen(), seen())
    assert held.values == 2 + 6 * 6 + 2 + 6 + 24 + 12
    change(other)
    other.gradients[1][0, 0] = 1  # comes later
    with pytest.raises(Differs) as error:
        held.seen(other, seen())
    assert str(error.value).startswith(f"{message} on the chip and ")
    assert str(error.value).endswith(" differ; please report it")


def test_a_weight_that_differs_is_told() -> None:
    same = [np.ones(p.weight.shape, np.float16) for p in NETWORK.projections]
    other = [weight.copy() for weight in same]
    other[1][1, 2] = 1.5
    with pytest.raises(Differs) as error:
        Comparison(NETWORK).learned(Learned(dict(enumerate(other))), Learned(dict(enumerate(same))))
    assert str(error.value) == (
        "update, projection a->out: weight (1, 2, 0, 0) is 1.5 on the chip and 1 in the golden model, and 1 of 12 differ; "
        "please report it"
    )


def test_a_chip_that_is_not_the_golden_model_is_told(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    right = TrainingDriver.seen

    def wrong(driver: TrainingDriver) -> Seen:
        found = right(driver)
        if driver.iterations:
            found.deltas["2"][7] += 1
        return found

    monkeypatch.setattr(TrainingDriver, "seen", wrong)
    status, _, err = command("--board", "sim", "--chip", "chip.toml", "--verify", 1)
    assert (status, err.count("\n")) == (2, 1)
    assert "iteration 1, backward, step 0, layer '2': delta of neuron (7, 0, 0) is " in err
    assert "1 of 12 differ" in err


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
    momentum = chip_for(network, 16, 4, Optimiser(momentum=0.5))
    assert momentum == replace(chip, training=replace(chip.training, momentum=True))
