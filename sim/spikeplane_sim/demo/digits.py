"""The demo's network and data: 8x8 digits, a small convolutional SNN trained with SpikingJelly by
surrogate gradients."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from spikeplane_sim.cache import digest, made

STEPS = 4


@dataclass(frozen=True)
class Digits:
    """Images uint8 (N, 1, 8, 8), values 0..255, and labels (N,), split into training and test."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load(test: int = 360, seed: int = 7) -> Digits:
    """scikit-learn's 1797 digits, shuffled with a seed; pixels 0..16 are scaled to 0..255."""
    bunch: Any = load_digits()
    images = np.round(bunch.images / 16 * 255).astype(np.uint8)[:, None]
    order = np.random.default_rng(seed).permutation(len(images))
    images, labels = images[order], np.asarray(bunch.target)[order]
    return Digits(images[test:], labels[test:], images[:test], labels[:test])


def network() -> nn.Module:
    """Two convolutions and a readout, IF neurons; input (N, 1, 8, 8) in 0..1, one call per step."""
    from spikingjelly.activation_based import layer, neuron, surrogate

    def fire() -> nn.Module:
        return neuron.IFNode(surrogate_function=surrogate.ATan(), detach_reset=True)

    return nn.Sequential(
        layer.Conv2d(1, 16, 3, padding=1, bias=False),
        layer.BatchNorm2d(16),
        fire(),
        layer.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
        layer.BatchNorm2d(32),
        fire(),
        layer.Flatten(),
        layer.Linear(512, 10),
    )


def scores(model: nn.Module, images: torch.Tensor, steps: int = STEPS) -> torch.Tensor:
    """Readout summed over the steps, (N, 10), for images (N, 1, 8, 8) in 0..1. State starts fresh."""
    from spikingjelly.activation_based import functional

    functional.reset_net(model)
    return torch.stack([model(images) for _ in range(steps)]).sum(0)


def train(data: Digits, epochs: int = 12, seed: int = 0, batch: int = 64) -> nn.Module:
    """Train on the CPU with Adam and a one-cycle rate; returns the model in evaluation mode."""
    torch.manual_seed(seed)
    model = network()
    images = torch.as_tensor(data.train_images).float() / 255
    labels = torch.as_tensor(data.train_labels)
    optimiser = torch.optim.Adam(model.parameters())
    per_epoch = -(-len(images) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, epochs * per_epoch)
    for _ in range(epochs):
        for chosen in torch.randperm(len(images)).split(batch):
            loss = nn.functional.cross_entropy(scores(model, images[chosen]) / STEPS, labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def trained(data: Digits, cache: Path) -> nn.Module:
    """The trained network, from the cache folder if it has been trained there before."""
    path, model = cache / f"digits-{digest([Path(__file__).read_bytes()])}.pt", network()

    def make() -> bytes:
        whole = io.BytesIO()
        torch.save(train(data).state_dict(), whole)
        return whole.getvalue()

    made(path, make)
    model.load_state_dict(torch.load(path, weights_only=True))
    return model.eval()


def accuracy(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> float:
    """Fraction right in float."""
    with torch.no_grad():
        guess = scores(model, torch.as_tensor(images).float() / 255).argmax(1).numpy()
    return float((guess == labels).mean())
