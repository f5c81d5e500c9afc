"""Spiking transformers that have learned something: the example's Spikformer, trained here, is as right in integers as in
float, and the chip equals the golden model."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import spikeplane
from spikeplane import Encoding, Program, compare, open_board

ROOT = Path(__file__).parents[2]
FASHION = ROOT.parent / "shared/data/fashion_mnist"
sys.path.insert(0, str(ROOT / "examples" / "fashion_mnist"))

from spikformer import Spikformer  # noqa: E402 - of the example's folder
from spikingjelly.activation_based import functional  # noqa: E402


def learned(model: Spikformer, images: torch.Tensor, labels: torch.Tensor, epochs: int, batch: int) -> None:
    """AdamW and a one-cycle rate, on float images."""
    batches = len(images) // batch
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-2, epochs * batches)
    for _ in range(epochs):
        for chosen in torch.randperm(len(images))[: batches * batch].split(batch):
            functional.reset_net(model)
            loss = torch.nn.functional.cross_entropy(model(images[chosen]), labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    functional.reset_net(model)
    model.eval()


def right(model: Any, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Share that the float network tells right."""
    with torch.no_grad():
        found = model(images).argmax(1)
    functional.reset_net(model)
    return float((found == labels).float().mean())


def compiled(model: Any, given: np.ndarray, steps: int) -> Program:
    return spikeplane.compile(
        model,
        chip="auto",
        input_shape=given.shape[1:],
        encoding=Encoding(kind="direct", steps=steps),
        calibration=given,
        correct=True,
    )


def equal(program: Program, images: np.ndarray) -> int:
    """Values compared on the simulated chip; all of them are the golden model's."""
    planes = program.planes(images)
    with open_board("golden", program) as golden, open_board("sim", program) as board:
        found = compare(program.network, board.run(planes), golden.run(planes))
    assert found.mismatches == 0
    return found.values


def told(program: Program, images: np.ndarray, labels: np.ndarray) -> float:
    """Share that the integers tell right."""
    with open_board("golden", program) as board:
        found = program.scores(board.run(program.planes(images))).argmax(1)
    return float((found == labels).mean())


def test_digits_in_integers_and_on_the_chip() -> None:
    """A block of 16 tokens of 32 channels, four heads, two steps."""
    from sklearn.datasets import load_digits

    torch.manual_seed(0)
    digits: Any = load_digits()
    pixels = np.repeat(np.repeat((digits.images * 15).astype(np.uint8), 2, 1), 2, 2)[:, None]
    images, labels = torch.from_numpy(pixels).float() / 255, torch.from_numpy(digits.target)
    model = Spikformer(channels=32, heads=4, steps=2)
    learned(model, images[:1400], labels[:1400], epochs=8, batch=32)
    real = right(model, images[1400:], labels[1400:])
    program = compiled(model, pixels[:32], 2)
    whole = told(program, pixels[1400:], digits.target[1400:])
    print(f"float {real:.3f}, integers {whole:.3f}")
    assert real > 0.9
    assert whole > real - 0.02
    assert equal(program, pixels[1400:1402]) > 10_000


@pytest.mark.slow
@pytest.mark.skipif(not FASHION.exists(), reason="Fashion-MNIST is not there")
def test_twenty_images_of_clothes_on_the_chip() -> None:
    """The example's size, an epoch of 6,000 images."""
    from spikeplane.data import read_labels, read_samples

    torch.manual_seed(0)
    pixels = np.array(read_samples(FASHION / "train-images-idx3-ubyte.gz", (1, 28, 28), limit=6000))
    labels = read_labels(FASHION / "train-labels-idx1-ubyte.gz", 6000, at_least=True)
    model = Spikformer()
    learned(model, torch.from_numpy(pixels).float() / 255, torch.from_numpy(labels).long(), 1, 64)
    program = compiled(model, pixels[:64], 4)
    test = np.array(read_samples(FASHION / "t10k-images-idx3-ubyte.gz", (1, 28, 28), limit=20))
    assert equal(program, test) > 1_000_000
