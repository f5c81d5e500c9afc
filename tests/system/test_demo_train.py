"""`make demo-train`: digits learned wholly on the simulated chip from random weights, every weight as in the golden model."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spikeplane.importers import import_model
from spikeplane.train.file import Training
from spikeplane.train.imported import learning

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_digits_are_learned_on_the_simulated_chip(tmp_path: Path) -> None:
    typed = ["make", "-o", "setup", "demo-train", f"BIN={Path(sys.executable).parent}", f"LEARNED={tmp_path}"]
    done = subprocess.run(typed, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    compared = re.search(r"^0 mismatches \(([\d,]+) values compared\)$", done.stdout, re.MULTILINE)
    assert compared, done.stdout
    training = Training.load(tmp_path / "digits.spt")
    weights = sum(w.size for w in training.learned.weights.values())
    assert training.iterations == training.settings.iterations == 3 * -(-1437 // 8)
    assert int(compared[1].replace(",", "")) >= training.iterations * weights
    assert training.figures.epochs[-1]["test"] >= 0.9
    assert f"test {training.figures.epochs[-1]['test']:.2%}" in done.stdout


def test_it_begins_with_random_weights_and_files_that_train_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = runpy.run_path(str(ROOT / "examples/digits/data.py"))
    monkeypatch.setattr(sys, "argv", ["data.py", str(tmp_path)])
    assert script["main"]() == 0
    assert np.load(tmp_path / "train-images.npy").shape == (1437, 1, 8, 8)
    assert np.load(tmp_path / "t10k-labels.npy").shape == (360,)
    network, told = learning(import_model(f"{ROOT}/examples/digits/model.py:net", input_bits=1))
    assert not told
    for projection in network.projections:
        weights = projection.weight.astype(float)
        assert abs(weights.mean()) < 0.02
        assert 0.05 < weights.std() < 0.2  # as PyTorch draws them
    for given, why in ((["data.py"], "give the folder"), (["data.py", "/dev/null/x"], "/dev/null")):
        monkeypatch.setattr(sys, "argv", given)
        assert script["main"]() == 2
        told = capsys.readouterr().err
        assert told.startswith("error: ")
        assert why in told
        assert told.count("\n") == 1
