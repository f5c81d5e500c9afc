"""Trained models on the simulated 2x2 chip, spike for spike: the demo's digits, and the N-MNIST
network from a NIR file."""

from pathlib import Path

import numpy as np
import pytest

import spikeplane
from spikeplane.data import Samples, read_labels, read_samples
from spikeplane.encoding import Encoding
from spikeplane.program import Program
from spikeplane.run.boards import open_board
from spikeplane.run.lockstep import Comparison, compare
from spikeplane_sim.cache import cache_folder
from spikeplane_sim.demo import digits

pytestmark = pytest.mark.cosim
DATA = Path(__file__).parents[2] / "../shared/data"


def both(program: Program, samples: object) -> tuple[Comparison, np.ndarray]:
    planes = program.planes(samples)
    with open_board("sim", program) as chip, open_board("golden", program) as golden:
        found, expected = chip.run(planes), golden.run(planes)
    return compare(program.network, found, expected), program.scores(found).argmax(1)


def test_digits(tmp_path: Path) -> None:
    data = digits.load()
    model = digits.trained(data, cache_folder())
    program = spikeplane.compile(model, input_shape=(1, 8, 8), encoding=Encoding(steps=digits.STEPS))
    program.save(tmp_path / "digits.spk")
    result, classes = both(Program.load(tmp_path / "digits.spk"), data.test_images[:30])
    assert result.mismatches == 0, str(result)
    assert result.spikes > 30_000
    assert (classes == data.test_labels[:30]).mean() > 0.9


def nmnist() -> tuple[Program, Samples, np.ndarray]:
    if not (DATA / "nmnist").exists():
        pytest.skip("needs ../shared/data/nmnist and ../shared/data/nir")
    encoding = Encoding(kind="events", steps=300, step_us=1000)
    program = spikeplane.compile(DATA / "nir/cnn_sinabs.nir", encoding=encoding, name="cnn")
    samples = read_samples(DATA / "nmnist", program.input.shape, encoding)
    return program, samples, read_labels(DATA / "nmnist/labels.txt", len(samples))


def test_nmnist_one() -> None:
    program, samples, labels = nmnist()
    result, classes = both(program, samples[:1])
    assert result.mismatches == 0, str(result)
    assert classes[0] == labels[0]


@pytest.mark.slow
def test_nmnist() -> None:
    program, samples, labels = nmnist()
    result, classes = both(program, samples)
    assert result.mismatches == 0, str(result)
    assert (classes == labels).sum() >= 19
