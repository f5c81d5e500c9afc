"""`spikeplane run --task detect`: squares are found where they are, in the table, JSON, CSV and pictures."""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from spikingjelly.activation_based import neuron
from torch import nn

import spikeplane
from spikeplane import Encoding
from spikeplane.cli import main

Call = Callable[..., tuple[int, str, str]]
SQUARES = [(0, 0, 16, 8, 24, 16), (0, 1, 40, 24, 48, 32), (1, 0, 0, 0, 8, 8)]  #: sample, class, sides


def detector() -> nn.Module:
    """Cells of 8x8 pixels that are red, or blue; each is its box."""
    cells, head = nn.Conv2d(3, 2, 8, 8, bias=False), nn.Conv2d(2, 10, 1)
    for weight in (cells.weight, head.weight, head.bias):
        assert weight is not None
        weight.data.zero_()
    cells.weight.data[0, 0] = cells.weight.data[1, 2] = 1 / 64
    head.weight.data[8, 0] = head.weight.data[9, 1] = 12.0
    head.bias.data[8:] = -6.0  # pyright: ignore[reportOptionalMemberAccess]
    return nn.Sequential(cells, neuron.IFNode(v_threshold=0.5), head).eval()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("detect")
    images = np.zeros((2, 3, 32, 48), np.uint8)
    for sample, number, left, upper, right, lower in SQUARES:
        images[sample, 2 * number, upper:lower, left:right] = 200
    np.save(place / "images.npy", images)
    spikeplane.compile(
        detector(),
        chip="auto",
        input_shape=(3, 32, 48),
        encoding=Encoding(steps=1),
        name="squares",
        progress=False,
    ).save(place / "net.spk")
    return place


@pytest.fixture
def call(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Exit status, stdout and stderr of a run in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def called(*options: str) -> tuple[int, str, str]:
        line = ["spikeplane", "run", str(made / "net.spk"), "-i", str(made / "images.npy"), *options]
        monkeypatch.setattr(sys, "argv", line)
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return int(left.value.code or 0), captured.out, captured.err

    return called


DETECT = ("--task", "detect", "--bins", "2", "--classes", "red,blue")


def test_boxes_are_the_squares(call: Call) -> None:
    status, out, _ = call(
        *DETECT, "--boxes", "boxes.csv", "--draw", "pictures", "--json", "--threshold", "0.9"
    )
    assert status == 0
    said = json.loads(out)
    keys = ("sample", "class", "left", "upper", "right", "lower")
    assert [tuple(row[key] for key in keys) for row in said["boxes"]] == SQUARES
    assert [row["name"] for row in said["boxes"]] == ["red", "blue", "red"]
    assert all(row["score"] == pytest.approx(1 / (1 + np.exp(-6)), abs=1e-3) for row in said["boxes"])
    assert "guesses" not in said
    assert said["detection"] == {
        "threshold": 0.9, "iou": 0.7, "top": 300, "bins": 2, "classes": 2, "strides": [8], "file": "boxes.csv",
        "pictures": "pictures",
    }  # fmt: skip
    assert "--task detect --threshold 0.9 --bins 2" in said["next"]
    with Path("boxes.csv").open() as file:
        rows = [tuple(int(float(row[key])) for key in keys) for row in csv.DictReader(file)]
    assert rows == SQUARES
    page = np.asarray(Image.open("pictures/sample-00001.png"))
    assert page.shape == (320, 480, 3)  # ten times as large
    assert page[70, 70].tolist() == [200, 0, 0]
    assert page[79, 40].tolist() not in ([200, 0, 0], [0, 0, 0])
    assert len(list(Path("pictures").iterdir())) == 2


def test_the_table(call: Call) -> None:
    status, out, _ = call(*DETECT, "--boxes", "b.json", "--top", "1")
    assert status == 0
    assert "boxes              2 of a score above 0.25, 2 classes" in out
    assert "boxes in           b.json" in out
    row = next(line for line in out.splitlines() if "red" in line)
    assert row.split("│")[1].strip() == "0"
    assert "│ 16.0 │   8.0 │  24.0 │  16.0 │" in row
    assert [row["sample"] for row in json.loads(Path("b.json").read_text())] == [0, 1]


def test_none_above_the_threshold(call: Call) -> None:
    status, out, _ = call(*DETECT, "--threshold", "1", "--boxes", "b.csv")
    assert status == 0
    assert "boxes              0 of" in out
    assert Path("b.csv").read_text() == "sample,class,name,score,left,upper,right,lower\n"


REFUSED = {
    "--threshold 0.5": "--threshold is of boxes; give --task detect",
    "--task find": "--task is classify or detect, not 'find'",
    "--task detect": "the output has 10 channels, a head of 16 bins has 64",
    "--task detect --bins 2 --top 0": "top must be 1 box an image or more",
    "--task detect --bins 2 --iou nan": "iou of boxes must be 0 to 1, not nan",
    "--task detect --bins 2 --strides 8,a": "--strides are whole numbers, 8,16,32, not '8,a'",
    "--task detect --bins 2 --strides 4": "strides must begin with the output's own, 8",
    "--task detect --bins 2 --classes a": "the network has 2 classes, here are 1 names",
    "--task detect --bins 2 --boxes b.txt": "boxes are written to a .json or .csv",
    "--task detect --bins 2 --labels x.npy": "boxes have none; leave them out",
}


@pytest.mark.parametrize("options", REFUSED)
def test_refusals(call: Call, options: str) -> None:
    status, out, err = call(*options.split())
    assert (status, out) == (2, "")
    assert REFUSED[options] in err
    assert err.count("\n") == 1


def test_a_file_where_the_folder_should_be(call: Call) -> None:
    Path("pictures").write_text("")
    status, _, err = call(*DETECT, "--draw", "pictures")
    assert status == 2
    assert "pictures are written into a folder, and 'pictures' is none" in err


@pytest.mark.slow
def test_the_simulated_chip_gives_the_same(call: Call) -> None:
    status, out, _ = call(*DETECT, "--board", "sim", "--lockstep", "--json")
    said = json.loads(out)
    assert status == 0
    assert said["lockstep"]["mismatches"] == 0
    assert said["boxes"] == json.loads(call(*DETECT, "--json")[1])["boxes"]
