"""A recurrent network of synaptic currents of the size that spoken digits take (700 inputs, 128 hidden neurons), trained
for an epoch on classes of spike trains made here: integer accuracy, and the chip against the golden model."""

# the frameworks annotate their layers and parameters loosely:
# pyright: reportArgumentType=false, reportCallIssue=false

import numpy as np
import pytest
import snntorch as snn
import torch
from torch import nn

import spikeplane
from spikeplane import Encoding

pytestmark = [pytest.mark.cosim, pytest.mark.slow]
INPUTS, HIDDEN, CLASSES, STEPS = 700, 128, 10, 40


def trains(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Spike trains (N, T, 700, 1, 1) and their classes: ridges of activity that wander over the channels, each class
    on its own way, some of the spikes anywhere."""
    rng, ways = np.random.default_rng(seed), np.random.default_rng(99)
    start, speed = np.linspace(80, 620, CLASSES), ways.uniform(-2, 2, CLASSES)
    labels = rng.integers(0, CLASSES, count)
    centre = start[labels] + rng.normal(0, 8, count)
    time, channel = np.arange(STEPS)[None, :, None], np.arange(INPUTS)[None, None, :]
    place = centre[:, None, None] + speed[labels][:, None, None] * time
    rate = 0.02 + 0.35 * np.exp(-(((channel - place) / 30) ** 2))
    spikes = rng.random((count, STEPS, INPUTS)) < rate
    return spikes.astype(np.uint8)[..., None, None], labels


def network() -> nn.Sequential:
    torch.manual_seed(5)
    return nn.Sequential(
        nn.Linear(INPUTS, HIDDEN),
        snn.RSynaptic(alpha=0.8, beta=0.9, linear_features=HIDDEN, init_hidden=True),
        nn.Linear(HIDDEN, CLASSES),
        snn.Synaptic(alpha=0.3, beta=0.5, init_hidden=True),
    )


def membranes(model: nn.Sequential, spikes: torch.Tensor) -> torch.Tensor:
    """The last layer's, mean over the steps: where its spikes are few, their counts teach nothing."""
    for part in model:
        if hasattr(part, "reset_mem"):
            part.reset_mem()  # type: ignore[operator]
    found = []
    for t in range(STEPS):
        model(spikes[:, t])
        found.append(model[3].mem)
    return torch.stack(found).mean(0)


def trained() -> tuple[nn.Sequential, np.ndarray, np.ndarray]:
    """The network behind an epoch, and test trains with their labels."""
    model, (spikes, labels) = network(), trains(960, 1)
    with torch.no_grad():
        model[2].weight.mul_(2)
    optimiser = torch.optim.Adam(model.parameters(), 4e-3)
    data, truth = torch.as_tensor(spikes[..., 0, 0], dtype=torch.float32), torch.as_tensor(labels)
    for rows in torch.arange(len(data)).split(16):
        optimiser.zero_grad()
        nn.functional.cross_entropy(membranes(model, data[rows]) * 2, truth[rows]).backward()
        optimiser.step()
    for part in model:
        if hasattr(part, "detach_hidden"):
            part.detach_hidden()  # type: ignore[operator]
    test, classes = trains(300, 2)
    return model, test, classes


def test_trained_for_an_epoch() -> None:
    model, spikes, labels = trained()
    program = spikeplane.compile(
        model,
        chip="small",
        input_shape=(INPUTS, 1, 1),
        encoding=Encoding(kind="planes", steps=STEPS),
        calibration=spikes,
        labels=labels,
    )
    figures = program.tables["calibration"][0]
    assert all(row["differences"] == 0 for row in program.tables["agreement"])
    assert figures["accuracy_float"] > 0.5
    assert figures["accuracy_integer"] > figures["accuracy_float"] - 0.01
    with spikeplane.open_board("sim", program) as board:
        result = spikeplane.execute(program, board, spikes[:8], lockstep=True).comparison
    assert result is not None
    assert result.mismatches == 0, str(result)
    assert result.spikes > 20_000
