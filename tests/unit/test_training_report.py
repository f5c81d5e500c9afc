"""The page of a training: what is kept of each epoch, that it is right, and that a browser draws it."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from browser import WIDTHS, browser

from spikeplane.encoding import Encoding
from spikeplane.train.course import Settings
from spikeplane.train.file import Figures, Training, begun
from spikeplane.train.loop import Labelled, train
from spikeplane.train.network import Learned, LearningNetwork, LearningPopulation, LearningProjection
from spikeplane.train.profile import BINS, gradient_bins, observer, weight_bins
from spikeplane.train.report import page, write_report
from spikeplane.train.report.page import POINTS
from spikeplane.train.survey import bound_rows, layer_rows, weight_rows
from spikeplane_sim.golden.training import Trainer

RNG = np.random.default_rng(3)


def network() -> LearningNetwork:
    """A frozen layer and two that learn; thresholds so low that many fire."""

    def weight(*shape: int) -> np.ndarray:
        return RNG.uniform(-0.5, 0.5, (*shape, 1, 1)).astype(np.float16)

    population, projection = LearningPopulation, LearningProjection
    return LearningNetwork(
        populations=(
            population(name="in", shape=(6, 1, 1)),
            population(name="one", shape=(5, 1, 1), theta=np.full(5, 0.25), leak=0.5),
            population(name="two", shape=(7, 1, 1), theta=np.full(7, 0.25), leak=0.5),
            population(name="one.bias", shape=(1, 1, 1), constant=True),
            population(name="out", shape=(3, 1, 1)),
        ),
        projections=(
            projection(source="in", target="one", weight=weight(5, 6), trained=False),
            projection(source="one", target="two", weight=weight(7, 5)),
            projection(source="one.bias", target="two", weight=weight(7, 1)),
            projection(source="two", target="out", weight=weight(3, 7), limit=1),
        ),
        output="out",
    )


@pytest.fixture(scope="module")
def trained() -> Training:
    settings = Settings(
        encoding=Encoding(kind="rate", steps=3), samples=20, batch=6, epochs=3, rate=0.5, last_rate=0.5
    )
    training = begun(network(), settings)
    labels = RNG.integers(0, 3, 20)
    data = Labelled(RNG.integers(0, 256, (20, 6, 1, 1)).astype(np.uint8), labels)
    learner = Trainer(training.network, settings.optimiser, batch=6, steps=3)
    return train(
        training, learner, data, Labelled(data.samples[:4], labels[:4]), observe=observer(training.network)
    )


def test_what_is_kept_of_each_epoch(trained: Training, tmp_path: Path) -> None:
    figures = trained.figures
    assert [row["epoch"] for row in figures.profiles] == [row["epoch"] for row in figures.epochs] == [1, 2, 3]
    assert len(figures.curve) == trained.iterations == 12
    counts = [6, 6, 6, 2]  # the last batch of an epoch is shorter
    for epoch, row in enumerate(figures.epochs):
        part = figures.curve[4 * epoch : 4 * epoch + 4]
        assert math.isclose(row["loss"], sum(c * n for (c, _), n in zip(part, counts, strict=True)) / 20)
        assert math.isclose(row["accuracy"], sum(r * n for (_, r), n in zip(part, counts, strict=True)) / 20)
    trained.save(tmp_path / "a.spt")
    again = Training.load(tmp_path / "a.spt")
    assert again.figures == figures
    replace(trained, figures=Figures()).save(tmp_path / "b.spt")  # as files were before they kept these
    assert Training.load(tmp_path / "b.spt").figures == Figures()


def test_a_profile_is_that_of_its_batch() -> None:
    """Against a plain float64 walk over the steps."""
    net = network()
    weights = Learned({tag: p.weight for tag, p in enumerate(net.projections)})
    planes = RNG.integers(0, 2, (8, 3, 6, 1, 1)).astype(np.uint8)
    labels = RNG.integers(0, 3, 8)
    found = observer(net)(weights, {"in": planes}, labels)
    w = [torch.tensor(p.weight.astype(np.float64))[:, :, 0, 0] for p in net.projections]
    fired, open_ = {"one": [], "two": []}, {"one": [], "two": []}
    u1, u2 = torch.zeros(8, 5, dtype=torch.float64), torch.zeros(8, 7, dtype=torch.float64)
    for t in range(3):
        x = torch.tensor(planes[:, t, :, 0, 0].astype(np.float64))
        v1 = (u1 / 2 + x @ w[0].T).half().double()
        s1 = (v1 >= 0.25).double()
        v2 = (u2 / 2 + s1 @ w[1].T + w[2][:, 0]).half().double()
        s2 = (v2 >= 0.25).double()
        for name, v, s in (("one", v1, s1), ("two", v2, s2)):
            fired[name].append(s.mean().item())
            open_[name].append(((v > -0.25) & (v < 0.75)).double().mean().item())
        u1, u2 = v1 * (1 - s1), v2 * (1 - s2)
    for name in ("one", "two"):
        assert math.isclose(found["spikes"][name], np.mean(fired[name]), abs_tol=0.01)
        assert math.isclose(found["windows"][name], np.mean(open_[name]), abs_tol=0.01)
        assert 0.1 < found["spikes"][name] < 0.9
    assert math.isclose(found["spikes"]["in"], planes.mean())
    assert set(found["spikes"]) == {"in", "one", "two"}
    assert set(found["gradients"]) == {"one->two", "one.bias->two", "two->out"}
    assert set(found["weights"]) == {p.name for p in net.projections}


def test_gradients_of_a_profile_are_those_of_the_mean_loss() -> None:
    net, labels = network(), np.array([0, 2, 1, 1])
    planes = RNG.integers(0, 2, (4, 3, 6, 1, 1)).astype(np.uint8)
    trainer = Trainer(net, Settings(encoding=Encoding(steps=3), samples=4).optimiser, batch=4, steps=3)
    words = trainer.gradients({"in": planes}, labels).words
    found = observer(net)(trainer.state(), {"in": planes}, labels)["gradients"]
    for tag, total in words.items():
        sizes = np.abs(total.numpy().ravel()) * 2.0**-24 / 12
        bins = found[net.projections[tag].name]
        assert bins["zeros"] == (sizes == 0).sum()
        for i, count in enumerate(bins["counts"]):
            low = 2.0 ** (bins["first"] + i)
            assert count == ((sizes >= low) & (sizes < 2 * low)).sum()
        assert sum(bins["counts"]) + bins["zeros"] == sizes.size
        assert sum(bins["counts"]) > 3


def test_bins() -> None:
    found = weight_bins(np.array([0.0, 0.0, 1.5, -1.9, 0.02], np.float16))
    assert (found["most"], len(found["counts"]), sum(found["counts"])) == (2.0, BINS, 5)
    assert found["counts"][BINS // 2] == 3  # 0 has a bin of its own
    assert (found["counts"][-6], found["counts"][1]) == (1, 1)
    assert weight_bins(np.zeros(3, np.float16)) == {"most": 1.0, "counts": [0] * 20 + [3] + [0] * 20}
    assert gradient_bins(np.array([0, 4.0, -7.9, 0.5, 0])) == {
        "zeros": 2,
        "first": -1,
        "counts": [1, 0, 0, 2],
    }
    assert gradient_bins(np.zeros(2)) == {"zeros": 2, "first": 0, "counts": []}
    assert gradient_bins(np.array([2.0**-60]))["first"] == -32


def test_the_survey(trained: Training) -> None:
    weights = trained.learned.weights
    weights[1][0, :3, 0, 0] = [2.0**-20, 0, -(2.0**-15)]
    weights[3][0, 0, 0, 0] = -2.0
    rows = weight_rows(trained)
    assert [row["projection"] for row in rows] == ["in->one", "one->two", "one.bias->two", "two->out"]
    assert [row["trained"] for row in rows] == [False, True, True, True]
    assert (rows[1]["zero"], rows[1]["subnormal"], rows[1]["weights"], rows[1]["at_limit"]) == (1, 2, 35, 0)
    assert (rows[3]["least"], rows[3]["at_limit"], rows[3]["limit"]) == (-2.0, 1, 1)
    assert rows[3]["largest"] == float(weights[3].max())
    assert [row["kind"] for row in layer_rows(trained)] == ["input", "neurons", "neurons", "bias", "readout"]
    assert layer_rows(trained)[1] == {
        "population": "one", "kind": "neurons", "shape": [5, 1, 1], "theta": [0.25, 0.25], "leak": 0.5,
    }  # fmt: skip
    proved = {row["sum"]: row for row in bound_rows(trained)}
    assert proved["the gradient of two->out"]["worst"] == 6 * 3 * 4
    assert proved["the gradient of two->out"]["bits"] == 32


def content(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text.split("const DATA = ", 1)[1].split(";\n", 1)[0])
    return found


FIGURES = {
    "board": "sim", "sha256": "ab" * 32, "training": "out/net</script>.spt", "mismatches": 0, "compared": 1234,
    "samples_per_second": 3.25, "clipped": 0, "epochs": [],
    "phases": [{"phase": "forward", "cycles": 900, "utilisation": 0.9}, {"phase": "update", "cycles": 100, "utilisation": None}],
}  # fmt: skip


def test_the_page(trained: Training, tmp_path: Path) -> None:
    write_report(tmp_path / "a.html", trained, FIGURES, {"command": "spikeplane train"})
    text = (tmp_path / "a.html").read_text()
    found = content(text)
    assert "</script>.spt" not in text
    assert not [
        word
        for word in ("http://", "https://", "src=")
        if word in text.replace("http://www.w3.org/2000/svg", "")
    ]
    assert [row[0] for row in found["curve"]] == list(range(1, 13))
    assert [tuple(row[1:]) for row in found["curve"]] == trained.figures.curve
    assert found["settings"]["batch"] == 6
    many = replace(trained, figures=Figures(curve=[(float(n), 0.0) for n in range(3 * POINTS - 1)]))
    curve = content(page(many, FIGURES, {}))["curve"]
    assert (len(curve), curve[0], curve[-1]) == (
        POINTS,
        [3, 1.0, 0.0],
        [3 * POINTS - 1, 3 * POINTS - 2.5, 0.0],
    )


def test_a_browser_draws_it(trained: Training, tmp_path: Path) -> None:
    write_report(tmp_path / "a.html", trained, FIGURES, {"command": "spikeplane train"})
    fresh = begun(trained.network, trained.settings)
    write_report(tmp_path / "b.html", fresh, {"board": "golden", "sha256": ""}, {})
    with browser() as shown:
        for size in WIDTHS.values():
            shown.open(tmp_path / "a.html", size)
            assert shown.value("document.documentElement.scrollWidth") <= size[0]
        for place, count in {"curves": 2, "rates": 2, "gradients": 3, "weights": 4}.items():
            assert shown.value(f"document.querySelectorAll('#{place} svg').length") == count
        assert "0 mismatches" in shown.value("document.getElementById('verdict').textContent")
        assert shown.value("document.querySelectorAll('#phases .track').length") == 2
        assert shown.value("[...document.querySelectorAll('svg *')].every((e) => !/NaN/.test(e.outerHTML))")
        shown.open(tmp_path / "b.html")
        assert shown.value("document.querySelectorAll('svg').length") == 1  # the brand
        assert shown.errors == []
