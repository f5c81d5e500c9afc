"""A run in which chip and golden model differ: the samples that differ are kept, counted by layer, and the page opens
at the first of them, in a browser too."""

import json
from pathlib import Path

import numpy as np
import pytest
from bases import networks
from browser import WIDTHS, browser
from test_report import content, unpacked

import spikeplane
from spikeplane.data.labels import read_classes
from spikeplane.front.result import RunResult
from spikeplane.run import execute as module
from spikeplane.run.execute import Result
from spikeplane.run.report import write_run

NET = networks()[0]
SAMPLES = np.random.default_rng(0).integers(0, 256, (40, 2, 5, 6)).astype(np.uint8)
#: (sample, population, step, c, y, x) of every wrong value
WRONG = [(31, "conv", 1, 5, 1, 2), (31, "conv", 2, 5, 0, 2), (33, "out", 2, 3, 0, 0), (2, "gate", 2, 1, 0, 1)]


class Wrong(spikeplane.Board):
    """The golden model, but for the values `places`."""

    name = "simulated board"

    def __init__(self, places: list[tuple]) -> None:
        self.golden, self.first, self.places = spikeplane.open_board("golden", NET), 0, places

    def run(self, inputs, progress=None):
        outputs = self.golden.run(inputs, progress)
        for sample, name, *at in self.places:
            if 0 <= sample - self.first < len(inputs["in"]):
                outputs[name][(sample - self.first, *at)] ^= 1
        self.first += len(inputs["in"])
        return outputs


def ran(places: list[tuple], monkeypatch: pytest.MonkeyPatch, batch: int = 16) -> tuple[Result, dict]:
    monkeypatch.setattr(module, "BATCH", batch)
    board = Wrong(places)
    result = spikeplane.execute(NET, board, SAMPLES, lockstep=True)
    return result, spikeplane.summarise(NET, result, board, np.arange(40) % 9, 100.0)


@pytest.mark.parametrize("batch", [16, 100])
def test_samples_that_differ_are_kept_and_counted_by_layer(monkeypatch, batch: int) -> None:
    result, summary = ran(WRONG, monkeypatch, batch)
    assert result.comparison is not None
    assert result.comparison.by_layer == {"conv": 2, "gate": 1, "out": 1}
    assert [one.sample for one in result.differing] == [2, 31, 33] == list(result.comparison.samples)
    for one in result.differing:
        wrong = [(name, *at) for sample, name, *at in WRONG if sample == one.sample]
        found = [
            (name, *map(int, at))
            for name, chip in one.chip.items()
            for at in np.argwhere(chip != one.golden[name])
        ]
        assert sorted(found) == sorted(wrong)
        assert np.array_equal(one.inputs["in"], NET.planes(SAMPLES)["in"][one.sample])
    assert summary["lockstep"]["where"] == {
        "sample": 2,
        "step": 2,
        "population": "gate",
        "neuron": [1, 0, 1],
        "chip": 1 - result.differing[0].golden["gate"][2, 1, 0, 1],
        "golden": result.differing[0].golden["gate"][2, 1, 0, 1],
    }
    assert json.loads(json.dumps(summary)) == summary
    front = RunResult(NET, result, "wrong", None, 100.0, None)
    assert front.mismatches_by_layer == {"conv": 2, "gate": 1, "out": 1}
    assert front.differing == result.differing


def test_the_first_24_that_differ_are_kept(monkeypatch) -> None:
    places = [(n, "out", 0, 0, 0, 0) for n in range(5, 38)]
    result, _ = ran(places, monkeypatch)
    assert [one.sample for one in result.differing] == list(range(5, 29))
    assert result.comparison is not None
    assert result.comparison.samples == tuple(range(5, 38))
    result, _ = ran([], monkeypatch)
    assert result.comparison is not None
    assert (result.differing, result.comparison.by_layer) == ([], {"conv": 0, "gate": 0, "out": 0})


def test_the_page_holds_both_sides(monkeypatch, tmp_path: Path) -> None:
    result, summary = ran(WRONG, monkeypatch)
    write_run(tmp_path / "r.html", NET, result, summary, np.arange(40) % 9)
    found = content(tmp_path / "r.html")
    assert (found["samples"], found["total"]) == (24, 40)
    assert found["numbers"] == [*range(22), 31, 33]
    assert found["differs"] == [2, 22, 23]
    assert found["labels"] == [n % 9 for n in found["numbers"]]
    golden = spikeplane.open_board("golden", NET).run(NET.planes(SAMPLES))
    assert set(found["golden_planes"]) == {"conv", "gate", "out"}
    for name, entry in found["golden_planes"].items():
        assert np.array_equal(unpacked(entry), golden[name][[2, 31, 33]])
        chip = golden[name][found["numbers"]]
        for sample, wrong, *at in WRONG:
            if wrong == name:
                chip[(found["numbers"].index(sample), *at)] ^= 1
        assert np.array_equal(unpacked(found["outputs"][name]), chip)


def test_a_page_without_differences_has_none(monkeypatch, tmp_path: Path) -> None:
    result, summary = ran([], monkeypatch)
    write_run(tmp_path / "r.html", NET, result, summary, None)
    found = content(tmp_path / "r.html")
    assert (found["differs"], found["golden_planes"], found["numbers"]) == ([], {}, list(range(24)))


def test_the_page_opens_at_the_first_difference(monkeypatch, tmp_path: Path) -> None:
    result, summary = ran(WRONG[:3], monkeypatch)
    write_run(tmp_path / "r.html", NET, result, summary, np.arange(40) % 9)
    with browser() as page:
        for size in WIDTHS.values():
            for dark in (False, True):
                page.open(tmp_path / "r.html", size, dark=dark)
                assert page.value("document.documentElement.scrollWidth <= innerWidth")
                chosen = page.value("document.querySelector('#picker [aria-selected=true]').title")
                assert chosen.startswith("Sample 31, differs from the golden model")
                assert page.value("document.querySelector('#verdict').textContent").endswith(
                    "sample 31, step 1, population 'conv', neuron (c=5, y=1, x=2): chip 0, golden 1"
                )
                said = page.value("document.querySelector('[data-layer=conv] .trio p').textContent")
                assert said.startswith(
                    "step 1: the first difference of the run: neuron (c=5, y=1, x=2), golden 1, chip 0; "
                    "1 neuron of 72 differs"
                )
                rows = page.value(
                    "[...document.querySelectorAll('#differ tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))"
                )
                assert rows == [
                    ["conv", "2", "31", "1", "c=5, y=1, x=2"],
                    ["gate", "0", "–", "–", "–"],
                    ["out", "1", "33", "2", "c=3, y=0, x=0"],
                ]
                told = page.value("document.querySelector('#first .trio p').textContent")
                assert told.split(" differs")[0] == said.split(" differs")[0]
                assert page.value("document.querySelector('#first').getBoundingClientRect().y < innerHeight")
                layers = "[...document.querySelectorAll('#sample .box.differs')].map((b) => b.dataset.layer)"
                assert page.value(layers) == ["conv"]
        assert page.errors == []


def test_a_neuron_is_named_under_the_pointer_and_a_picture_grows(monkeypatch, tmp_path: Path) -> None:
    result, summary = ran(WRONG[:3], monkeypatch)
    write_run(tmp_path / "r.html", NET, result, summary, None)
    with browser() as page:
        page.open(tmp_path / "r.html")
        page.value("document.querySelector('#sample .ring.first').scrollIntoView({ block: 'center' })")
        rings = "[...document.querySelectorAll('#sample .ring.first')].map((r) => r.getBoundingClientRect())"
        at = page.value(f"{rings}.map((b) => [b.x + b.width / 2, b.y + b.height / 2])")
        said = []
        for x, y in at:
            page.point("mouseMoved", x, y)
            said.append(page.value("document.querySelector('#tip').textContent"))
        assert said == [
            "conv, golden model (c=5, y=1, x=2), step 1: 1",
            "conv, chip (c=5, y=1, x=2), step 1: 0",
            "conv, chip minus golden (c=5, y=1, x=2), step 1: -1",
        ]
        page.click(*at[1])
        assert page.value("document.querySelector('dialog').open")
        wide = "document.querySelector('dialog canvas').clientWidth"
        before = page.value(wide)
        page.value("document.querySelector('dialog [aria-label=Larger]').click()")
        assert page.value(wide) > 1.4 * before
        assert page.errors == []


def test_confusion_wrong_ones_and_what_was_run(monkeypatch, tmp_path: Path) -> None:
    result, summary = ran(WRONG[:3], monkeypatch)
    summary["classes"] = read_classes("a,b,c,d,e,f,g,h,i", 9)
    write_run(tmp_path / "r.html", NET, result, summary, np.arange(40) % 9)
    found, guesses = content(tmp_path / "r.html"), np.concatenate(result.scores).argmax(1)
    assert sum(map(sum, found["confusion"])) == 40
    assert all(found["confusion"][n % 9][guesses[n]] for n in range(40))
    assert found["provenance"]["chip"] == NET.config.digest
    with browser() as page:
        page.open(tmp_path / "r.html")
        page.value(
            "[...document.querySelectorAll('button')].find((b) => b.textContent === 'Wrong only').click()"
        )
        seen = page.value("[...document.querySelectorAll('#picker button')].filter((b) => !b.hidden).length")
        assert seen == sum(guesses[n] != n % 9 for n in found["numbers"]) < 24
        lines = page.value("asCsv()").splitlines()
        assert lines[0].startswith("sample,label,class,differs,score a")
        assert [int(line.split(",")[0]) for line in lines[1:]] == found["numbers"]
        assert json.loads(page.value("asJson()"))["figures"]["lockstep"]["mismatches"] == 3
        assert page.errors == []


def test_names_of_classes(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("cat\ndog\n\n")
    assert read_classes(str(tmp_path / "names.txt"), 2) == read_classes("cat, dog", 2) == ["cat", "dog"]
    with pytest.raises(spikeplane.SpikeplaneError) as error:
        read_classes("cat,dog", 3)
    assert str(error.value) == (
        "--classes cat,dog: the network has 3 classes, here are 2 names; give a name for each, a,b,c or a file with "
        "one on each line"
    )
