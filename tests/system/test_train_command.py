"""`spikeplane train`: what it writes, that it goes on with equal bits, and what it refuses, each in one line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import call

from spikeplane.errors import SpikeplaneError
from spikeplane.importers import import_model
from spikeplane.train.course import Settings
from spikeplane.train.file import Training, begun
from spikeplane.train.imported import learning
from spikeplane.train.loop import Labelled, train
from spikeplane.train.network import LearningNetwork
from spikeplane_sim.golden.training import Trainer, digest

MODEL = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def net(fire=neuron.LIFNode(tau=2.0, v_threshold=0.25), last=nn.Identity()):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 12), fire, nn.Linear(12, 3), last), (1, 4, 4)

def small():
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 10), neuron.LIFNode(tau=2.0, v_threshold=0.25), nn.Linear(10, 3)), (1, 4, 4)

def spiking():
    return net(last=neuron.IFNode())

def soft():
    return net(neuron.LIFNode(v_reset=None))

def high():
    return net(neuron.LIFNode(tau=2.0, v_threshold=1025.0))

def broken():
    model, shape = net()
    with torch.no_grad():
        model[1].weight[3, 4] = float("nan")
    return model, shape

def conv(first=nn.Conv2d(1, 2, 3, padding=1), pixels=16):
    return nn.Sequential(first, neuron.IFNode(), nn.Flatten(), nn.Linear(2 * pixels, 3)), (1, 4, 4)

def pooled():
    return conv(nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), neuron.IFNode(), nn.MaxPool2d(2), nn.Conv2d(2, 2, 1)), pixels=4)

def depthwise():
    return conv(nn.Sequential(nn.Conv2d(1, 2, 1), neuron.IFNode(), nn.Conv2d(2, 2, 3, padding=1, groups=2)))

def wide():
    return nn.Sequential(nn.Flatten(), nn.Linear(2**12, 2, bias=False), neuron.IFNode(), nn.Linear(2, 3)), (1, 64, 64)
"""
COUNT = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models, and samples whose class shows in their upper rows."""
    place = tmp_path_factory.mktemp("train")
    (place / "models.py").write_text(MODEL)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, COUNT)
    images = rng.integers(0, 40, (COUNT, 1, 4, 4), dtype=np.uint8)
    images[np.arange(COUNT), 0, labels] += 200
    for name, part in (("train-{}.npy", slice(0, 48)), ("t10k-{}.npy", slice(48, None))):
        np.save(place / name.format("images"), images[part])
        np.save(place / name.format("labels"), labels[part])
    np.save(place / "wide.npy", np.zeros((48, 1, 64, 64), np.uint8))
    np.save(place / "five.npy", np.full(48, 5))
    return place


def trained(*options: object) -> dict[str, Any]:
    status, out, err, _ = call(
        "train", "models.py:net", "--data", ".", "-o", "net.spt", "--batch", 7, "--json", *options
    )
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found.pop("seconds") > 0
    assert found.pop("samples_per_second") > 0
    return found


@pytest.mark.parametrize("momentum", [0, 0.9])
def test_it_learns_and_goes_on_with_equal_bits(
    made: Path, monkeypatch: pytest.MonkeyPatch, momentum: float
) -> None:
    monkeypatch.chdir(made)
    options = ("--epochs", 6, "--momentum", momentum, "--rate", 0.1 if momentum else 1)
    whole = trained(*options)
    assert whole["iterations"] == 6 * (6 if momentum else 7)  # the rest fills no batch
    assert whole["epochs"][-1]["accuracy"] > whole["epochs"][0]["accuracy"]
    assert whole["epochs"][-1]["test"] > 0.6
    assert whole["sha256"] == digest(Training.load("net.spt").learned)
    killed(17)
    assert Training.load("half.spt").iterations == 15
    again = trained(*options, "--resume", "half.spt", "--every", 4)
    assert again == whole
    assert trained(*options, "--seed", 1)["sha256"] != whole["sha256"]


def untrained() -> LearningNetwork:
    return learning(import_model("models.py:net", input_bits=1))[0]


def killed(after: int) -> None:
    """The training of net.spt, begun anew and broken off behind so many iterations; half.spt is its last checkpoint."""
    done = Training.load("net.spt")
    first = begun(untrained(), done.settings)
    data = Labelled(np.load("train-images.npy"), np.load("train-labels.npy"))
    test = Labelled(np.load("t10k-images.npy"), np.load("t10k-labels.npy"))

    class Broken(Trainer):
        def iterate(self, *given: Any, **named: Any) -> Any:
            if self.iterations == after:
                raise KeyboardInterrupt
            return super().iterate(*given, **named)

    trainer = Broken(first.network, first.settings.optimiser, batch=7, steps=4)
    with pytest.raises(KeyboardInterrupt):
        train(first, trainer, data, test, checkpoint=lambda now: now.save("half.spt"), every=5)


def test_what_is_said(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    typed = (
        "train",
        "models.py:net",
        "--data",
        "train-images.npy",
        "--labels",
        "train-labels.npy",
        "-o",
        "a.spt",
        "--epochs",
        2,
        "--report",
        "a.html",
    )
    status, out, err, _ = call(*typed, "--freeze", "2", "--last-rate", 0.01)
    assert (status, err) == (0, "")
    first, *lines = out.splitlines()
    assert first == "the rate falls to 3.91e-05 a step, below 6.1e-05 with less than the 11 bits of binary16"
    assert [line.partition(":")[0] for line in lines[:2]] == ["epoch 1", "epoch 2"]
    assert "test" not in lines[0]
    assert [line for line in lines if line.startswith("samples/s  ")]
    assert lines[-1] == "next: spikeplane compile a.spt -o a.spk --encoding rate --steps 4"
    training = Training.load("a.spt")
    page = Path("a.html").read_text()
    assert "report             a.html" in lines
    for shown in (*(f'"{p.name}"' for p in training.network.projections), "data train-images.npy", "SHA-256"):
        assert shown in page
    assert [row["epoch"] for row in training.figures.profiles] == [1, 2]
    kept = [p.name for p in training.network.projections if not p.trained]
    assert kept == ["input->2", "2.bias->2"]
    assert all(
        (training.learned.weights[tag] == training.network.projections[tag].weight).all() for tag in (0, 1)
    )
    status, out, err, _ = call("compile", "a.spt", "-o", "a.spk", "--encoding", "rate", "--preset", "tiny")
    assert (status, err) == (0, "")
    assert call("run", "a.spk", "-i", "t10k-images.npy", "--board", "golden")[0] == 0


REFUSED = {
    "models.py:spiking": "layer '4' is no readout that adds up its currents, which no chip learns; end the model in a layer "
    "without neurons",
    "models.py:soft": "layer '2' has the reset 'soft' to 0, which no chip learns; give --reset hard, and neurons that reset to 0",
    "models.py:high": "layer '2': the threshold 1025 has no exact window in binary16 (it and it -+ 1/2 must be binary16 numbers); "
    "use a multiple of 1/1024 below 1, or scale the layer",
    "models.py:broken": "layer '1': 1 of its 192 weights are not finite numbers; check the trained model",
    "models.py:wide --data wide.npy --weight-limit 12 --delta-limit 0": "layer '2' may reach 4096 x 2^12, leaking 1 = 16842720, which "
    "takes a word of 50 bits, and chips have 48 at most; use a smaller fan-in or a lower limit",
    "models.py:conv --batch 48 --delta-limit 12": "the gradient of input->1 may reach 48 samples x 4 steps x 16 x 2^12 = 12582912, which "
    "takes a word of 49 bits, and chips have 48 at most; use smaller batches, fewer steps or a lower limit",
    "models.py:pooled": "layer '0.2' is a gate of spikes (a maximum, an OR or an AND), which no chip learns; pool with an average, "
    "and add branches up",
    "models.py:depthwise": "layer '1' has a weight of its own for each channel (depthwise, or a pooling by itself), which no chip learns; "
    "use convolutions",
    "models.py:net --batch 600000": "there are 48 samples for batches of 600000; with momentum every batch is full: use smaller ones",
    "models.py:net --batch 0": "--batch must be 1 or more, not 0",
    "models.py:net --epochs 0": "--epochs must be 1 or more, not 0",
    "models.py:net --loss hinge": "--loss must be one of cross-entropy, squared, not hinge",
    "models.py:net --resume early.spt --epochs 1 --loss squared": "the training that goes on has loss cross-entropy, not squared; give "
    "what it was begun with",
    "models.py:net --momentum 0.9999": "--momentum must be from 0 to below 1, not 0.9999",
    "models.py:net --momentum 1": "--momentum must be from 0 to below 1, not 1",
    "models.py:net --rate 0.1 --last-rate 0.2": "--rate 0.1 and --last-rate 0.2: a rate is above 0 and does not rise",
    "models.py:net --rate 0.0001": "a rate of 1e-05 over 64 samples of 4 steps is 3.91e-08 a step, and binary16 needs 9.54e-07 to "
    "65504; use a larger rate or smaller batches",
    "models.py:net --last-rate 0.0001": "a rate of 0.0001 over 64 samples of 4 steps is 3.91e-07 a step, and binary16 needs 9.54e-07 to "
    "65504; use a larger rate or smaller batches",
    "models.py:net --weight-limit 14": "projection input->2: weights below 2^14 times deltas below 2^2 leave binary16; lower the "
    "limits to a sum of 15",
    "models.py:net --encoding direct": "a chip learns from spikes, and the encoding 'direct' sends values; choose from rate, poisson, "
    "latency, planes, events",
    "models.py:net --board sims": "--board sims: training runs on golden, sim, or the path of a serial port",
    "models.py:net --freeze fc9": "--freeze fc9: there is no layer 'fc9'; there are 1, 2, 3, readout",
    "models.py:net --every -1": "--every must be 0 or more iterations, not -1",
    "models.py:net --seed -1": "--seed must be from 0 to 9223372036854775808, not -1",
    "models.py:net --samples 0": "--samples must be 1 or more, not 0",
    "models.py:net --samples 49": "train-images.npy has 48 samples, --samples asks for 49",
    "models.py:net --test t10k-images.npy": "--test and --test-labels belong together: give both",
    "models.py:net --report none.spt": "--report and --output are both none.spt; give the page a name of its own",
    "models.py:net --report models.py/a.html": "cannot write models.py/a.html: Not a directory",
    "models.py:net --labels five.npy": "five.npy: sample 0 has the label 5; the network has 3 classes, 0 to 2",
    "models.py:net --resume none.spt": "training: no file none.spt",
    "models.py:net --resume models.py": "models.py is no training of Spikeplane, or is damaged; train it again",
    "models.py:net --resume early.spt --epochs 3": "the training that goes on has epochs 1, not 3; give what it was begun with",
    "models.py:small --resume early.spt --epochs 1": "the training that goes on is that of another network; give the model "
    "that it was begun with",
}  # fmt: skip


@pytest.mark.parametrize("typed", REFUSED)
def test_refused(made: Path, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.chdir(made)
    if "early" in typed and not Path("early.spt").exists():
        call(
            "train",
            "models.py:net",
            "--data",
            "train-images.npy",
            "--labels",
            "train-labels.npy",
            "-o",
            "early.spt",
            "--epochs",
            1,
        )
    words = typed.split()
    words += [] if "--data" in typed else ["--data", "train-images.npy"]
    words += [] if "--labels" in typed else ["--labels", "train-labels.npy"]
    if "600000" in typed:
        words += ["--momentum", "0.5", "--rate", "1000"]
    status, out, err, _ = call("train", *words, "-o", "none.spt")
    assert (status, out, err) == (2, "", f"error: {REFUSED[typed]}\n")
    assert not Path("none.spt").exists()


def test_a_training_needs_labels(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    status, _, err, _ = call("train", "models.py:net", "--data", "train-images.npy", "-o", "none.spt")
    assert (status, err) == (
        2, "error: train-images.npy has no labels, which training needs; give --labels, or a folder with train-images, train-labels\n",
    )  # fmt: skip


def test_a_flipped_bit_is_no_training(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    trained("--epochs", 1)
    contents = Path("net.spt").read_bytes()
    again = Training.load("net.spt")
    again.save("same.spt")
    assert Path("same.spt").read_bytes() == contents
    assert isinstance(again.network, LearningNetwork)
    assert isinstance(again.settings, Settings)
    for place in (3, 700, len(contents) - 1):
        Path("flipped.spt").write_bytes(
            contents[:place] + bytes([contents[place] ^ 4]) + contents[place + 1 :]
        )
        with pytest.raises(SpikeplaneError) as refused:
            Training.load("flipped.spt")
        assert str(refused.value) == "flipped.spt is no training of Spikeplane, or is damaged; train it again"
    Path("later.spt").write_bytes(contents.replace(b"spikeplane-training 1 ", b"spikeplane-training 2 ", 1))
    with pytest.raises(SpikeplaneError) as refused:
        Training.load("later.spt")
    assert str(refused.value) == "training later.spt has format version 2, this is version 1; train it again"
