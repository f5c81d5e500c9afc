"""`spikeplane.train` and `Program.train`: what the command line does, from Python; into a chip of integers and back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from served import call
from spikingjelly.activation_based import neuron
from torch import nn
from two_core_networks import CHIP

import spikeplane as sp

RNG = np.random.default_rng(1)
LABELS = RNG.integers(0, 3, 60)
IMAGES = RNG.integers(0, 40, (60, 1, 4, 4), dtype=np.uint8)
IMAGES[np.arange(60), 0, LABELS] += 200
SHORT = {"batch": 6, "epochs": 2, "rate": 1, "progress": False}


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(16, 12), neuron.LIFNode(tau=2.0, v_threshold=0.25), nn.Linear(12, 3)
    )


def trained(**options: Any) -> Any:
    return sp.train(
        model(), IMAGES[:48], LABELS[:48], **{"test": (IMAGES[48:], LABELS[48:]), **SHORT, **options}
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return trained(epochs=6, path=tmp_path_factory.mktemp("whole") / "a.spt")


def test_it_learns_what_the_command_learns(
    whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = "import torch\nfrom torch import nn\nfrom spikingjelly.activation_based import neuron\ndef net():\n    torch.manual_seed(0)\n"
    layers = "nn.Flatten(), nn.Linear(16, 12), neuron.LIFNode(tau=2.0, v_threshold=0.25), nn.Linear(12, 3)"
    Path("m.py").write_text(f"{source}    return nn.Sequential({layers}), (1, 4, 4)\n")
    for name, values in {"train-images": IMAGES[:48], "train-labels": LABELS[:48]}.items():
        np.save(f"{name}.npy", values)
    for name, values in {"t10k-images": IMAGES[48:], "t10k-labels": LABELS[48:]}.items():
        np.save(f"{name}.npy", values)
    words = (
        "train",
        "m.py:net",
        "--data",
        ".",
        "-o",
        "b.spt",
        "--batch",
        6,
        "--epochs",
        6,
        "--rate",
        1,
        "--json",
    )
    status, out, err, _ = call(*words)
    assert (status, err) == (0, "")
    said = json.loads(out)
    assert (said["sha256"], said["epochs"]) == (whole.sha256, whole.epochs)
    assert whole.training.settings.last_rate == 0.1
    found, told = call("inspect", "b.spt", "--json"), call("inspect", "b.spt")
    assert (found[0], told[0], found[2], told[2]) == (0, 0, "", "")
    shown = json.loads(found[1])
    assert shown["iterations"] == shown["of"] == 48
    assert [row["projection"] for row in shown["weights"]] == list(whole.weights)
    assert shown["weights"][1]["largest"] == float(list(whole.weights.values())[1].max())
    assert shown["epochs"] == whole.epochs
    assert shown["next"] == told[1].splitlines()[-1].removeprefix("next: ") == said["next"]
    for text in ("48 of 48 iterations of 6 samples", "proved to fit 36 bits", "4 steps x", "2.bias->2"):
        assert text in told[1]
    Path("b.spt").rename("other")  # by its first bytes
    assert call("inspect", "other")[0] == 0
    assert "--explain and --nir are of programs" in call("inspect", "other", "--explain")[2]
    assert call("inspect", "none.spt")[2] == "error: training: no file none.spt\n"


def test_a_result(whole: Any, tmp_path: Path) -> None:
    assert whole.loss.shape == whole.right.shape == (48,)
    assert whole.loss[-8:].mean() < whole.loss[:8].mean()
    assert whole.accuracy == whole.epochs[-1]["test"] > 0.6
    assert {w.dtype for w in whole.weights.values()} == {np.dtype(np.float16)}
    assert (whole.samples, whole.compared, whole.exact_bits) == (6 * 48, None, 36)
    assert f"SHA-256 {whole.sha256}" in repr(whole)
    assert "48 of 6 samples" in whole._repr_html_()
    whole.report(tmp_path / "a.html")
    assert whole.sha256 in (tmp_path / "a.html").read_text()
    alone = trained(test=None, epochs=1)
    assert alone.accuracy == alone.epochs[-1]["accuracy"]
    assert "left out" not in repr(alone)


def test_what_is_told_on_the_way() -> None:
    rows: list[dict[str, Any]] = []
    found = trained(progress=rows.append)
    iterations = [row for row in rows if "iteration" in row]
    assert [row["iteration"] for row in iterations] == list(range(1, 17))
    assert [row["loss"] for row in iterations] == list(found.loss)
    assert {row["iterations"] for row in iterations} == {16}
    assert [row for row in rows if "epoch" in row] == found.epochs
    assert rows[8] == found.epochs[0]  # behind its last iteration


def test_stopped_and_resumed_with_equal_bits(whole: Any, tmp_path: Path) -> None:
    def stop(row: dict[str, Any]) -> None:
        if row.get("iteration") == 21:
            raise KeyboardInterrupt

    place = tmp_path / "half.spt"
    with pytest.raises(KeyboardInterrupt):
        trained(epochs=6, progress=stop, path=place, every=5)
    assert sp.Training.load(place).iterations == 20
    kept = sp.Training.load(place)
    for half in (place, str(place), kept):
        again = trained(epochs=6, resume=half)
        assert (again.sha256, again.epochs, list(again.loss)) == (
            whole.sha256,
            whole.epochs,
            list(whole.loss),
        )
        assert again.samples == 28 * 6
    assert kept.iterations == len(kept.figures.curve) == 20  # it was copied
    again.save(tmp_path / "again.spt")
    assert sp.Training.load(tmp_path / "again.spt").iterations == 48


def test_on_the_simulated_chip() -> None:
    golden = trained(epochs=1)
    chip = trained(epochs=1, board="sim", chip=CHIP, verify=3)
    assert chip.sha256 == golden.sha256
    assert chip.compared > 0
    assert "0 mismatches" in repr(chip)
    assert golden.compared is None
    assert golden.cycles == {}
    assert chip.cycles["cycles_per_sample"] > 100
    squared = trained(epochs=1, loss="squared")
    assert squared.training.settings.loss == "squared"
    assert squared.sha256 != golden.sha256
    kept = [one.training.figures.profiles[0]["gradients"] for one in (squared, golden)]
    assert kept[0] != kept[1]
    assert f"{chip.cycles['cycles_per_sample']:,.0f} a sample" in repr(chip)


def test_into_integers_and_on(whole: Any) -> None:
    program = whole.to_inference("tiny", calibration=IMAGES[:16], labels=LABELS[:16])
    assert program.encoding == whole.training.settings.encoding
    found = whole.compare(program, torch.tensor(IMAGES[48:]), labels=LABELS[48:])
    assert found.samples == 12
    assert found.binary16 == whole.accuracy  # the same planes
    ran = program.run(IMAGES[48:], labels=LABELS[48:], board="golden", progress=False)
    assert found.integer == ran.accuracy
    assert found.same > 0.7
    assert repr(found).startswith(f"binary16 {found.binary16:.2%}, integer {found.integer:.2%}, ")
    on = program.train(IMAGES[:48], LABELS[:48], **{**SHORT, "epochs": 1, "rate": 0.1})
    assert on.training.settings.encoding == program.encoding
    first = on.training.network.projections[0].weight
    assert (first == list(whole.weights.values())[0]).all()  # where it begins
    assert (on.weights["input->2"] != first).any()
    other = sp.compile(model(), chip="tiny", input_shape=(1, 4, 4))
    with pytest.raises(
        sp.SpikeplaneError, match=r"the program takes .* compare with the program that to_inference makes"
    ):
        whole.compare(other, IMAGES, LABELS)
    with pytest.raises(sp.SpikeplaneError, match="a comparison needs a label for each sample"):
        whole.compare(program, IMAGES)
    with pytest.raises(sp.SpikeplaneError, match="the encoding 'direct' sends values"):
        other.train(IMAGES, LABELS)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"batch": 0}, "batch must be 1 or more, not 0"),
    ({"last_rate": 2}, "rate 1 and last_rate 2: a rate is above 0 and does not rise"),
    ({"rate": "fast"}, "rate must be a number, not 'fast'"),
    ({"epochs": 1.5}, "epochs must be a whole number, not 1.5"),
    ({"steps": 4}, "training has no option 'steps'; it has batch, epochs, rate, last_rate, momentum, seed, loss, and those of "
     "spikeplane.train"),
    ({"board": "sims"}, "board sims: training runs on golden, sim, or the path of a serial port"),
    ({"verify": 1}, "chip and verify are of a chip; give board sim, or the path of a serial port"),
    ({"freeze": ["fc"]}, "freeze fc: there is no layer 'fc'; there are 1, 2, 3, readout"),
    ({"labels": None}, "training needs a label for each sample; give labels=, or a DataLoader of pairs"),
    ({"test": IMAGES[:3]}, "training needs a label for each sample; give labels=, or a DataLoader of pairs"),
    ({"labels": LABELS[:40]}, "labels are whole numbers, one for each of 48 samples, not int64 of shape (40,)"),
    ({"loss": "hinge"}, "loss must be one of cross-entropy, squared, not hinge"),
    ({"resume": "none.spt"}, "training: no file none.spt"),
    ({"weight_limit": 14}, "projection input->2: weights below 2^14 times deltas below 2^2 leave binary16; lower the limits to a sum "
     "of 15"),
    ({"batch": 48, "encoding": sp.Encoding(kind="rate", steps=16), "weight_limit": 1, "delta_limit": 14},
     "the gradient of input->2 may reach 48 samples x 16 steps x 1 x 2^14 = 12582912, which takes a word of 49 bits, and chips have 48 "
     "at most; use smaller batches, fewer steps or a lower limit"),
    ({"board": "sim", "chip": sp.PRESETS["tiny"]}, "the chip does not learn: its configuration has no table [training]; add one"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_refused(options: dict[str, Any], message: str) -> None:
    given = {"labels": LABELS[:48], **SHORT, **options}
    with pytest.raises(sp.SpikeplaneError) as refused:
        sp.train(model(), IMAGES[:48], given.pop("labels"), **given)
    assert str(refused.value) == message


def test_the_package_is_the_function() -> None:
    import spikeplane.train

    assert sp.train is spikeplane.train
    assert callable(sp.train)
    assert "train" in dir(sp)
