"""A network trained for weights of two bits keeps its accuracy as integers: guard bits hold what
leak and bias need beyond them.

LIF neurons with tau 2 and decayed input, soft reset, threshold 1/2; a residual block of spikes
(SEW, ADD) and a depthwise-separable one; per-channel quantisation in training as a torch
parametrization. The readout has eight bits.
"""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import register_parametrization

import spikeplane
from spikeplane import ChipConfig, Encoding
from spikeplane.config import preset
from spikeplane.program import Program
from spikeplane_sim.demo import digits
from spikeplane_sim.golden import GoldenModel

STEPS, CHANNELS = 4, 16


class PerChannel(nn.Module):
    """Weights rounded to `bits` bits with a step per output channel; the gradient passes as if they
    were not."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.top = 2 ** (bits - 1) - 1

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        size = weight.flatten(1).abs()
        step = 1.4 * size.mean(1) if self.top == 1 else size.amax(1) / self.top
        step = step.clamp_min(1e-8).view(-1, *[1] * (weight.dim() - 1)).detach()
        rounded = (weight / step).round().clamp(-self.top, self.top) * step
        return weight + (rounded - weight).detach()


class Residual(nn.Module):
    """Stem, residual block, depthwise-separable block, readout: images (N, 1, 8, 8) in 0..1 to (N,
    10), one call a step."""

    def __init__(self) -> None:
        from spikingjelly.activation_based import layer, neuron, surrogate

        super().__init__()

        def block(*sizes: int, **options: Any) -> list[nn.Module]:
            convolution = layer.Conv2d(*sizes, bias=False, **options)
            register_parametrization(convolution, "weight", PerChannel(2))
            fire = neuron.LIFNode(
                tau=2.0,
                decay_input=True,
                v_threshold=0.5,
                v_reset=None,
                surrogate_function=surrogate.ATan(),
                detach_reset=True,
            )
            return [convolution, layer.BatchNorm2d(sizes[1]), fire]

        c = CHANNELS
        self.stem = nn.Sequential(*block(1, c, 3, padding=1))
        self.inner = nn.Sequential(*block(c, c, 3, padding=1))
        self.depthwise = nn.Sequential(*block(c, c, 3, stride=2, padding=1, groups=c))
        self.pointwise = nn.Sequential(*block(c, 2 * c, 1))
        self.flatten = layer.Flatten()
        self.readout = layer.Linear(2 * c * 16, 10, bias=False)
        register_parametrization(self.readout, "weight", PerChannel(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = x + self.inner(x)
        return self.readout(self.flatten(self.pointwise(self.depthwise(x))))


def trained(data: digits.Digits, epochs: int = 10, batch: int = 64) -> nn.Module:
    torch.manual_seed(0)
    model = Residual()
    images, labels = torch.from_numpy(data.train_images).float() / 255, torch.from_numpy(data.train_labels)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=epochs * (len(images) // batch))
    for _ in range(epochs):
        order = torch.randperm(len(images))
        for i in range(0, len(images) - batch + 1, batch):
            chosen = order[i : i + batch]
            loss = nn.functional.cross_entropy(digits.scores(model, images[chosen], STEPS), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
    return model.eval()


def right(program: Program, chip: ChipConfig, images: np.ndarray, labels: np.ndarray) -> float:
    golden = GoldenModel(program.network, membrane_bits=chip.membrane_bits, acc_bits=chip.acc_bits)
    return float((program.scores(golden.run(program.planes(images))).argmax(1) == labels).mean())


@pytest.mark.slow
def test_two_bits_lose_nothing() -> None:
    data = digits.load()
    model, chip = trained(data), preset("small")
    with torch.no_grad():
        scores = digits.scores(model, torch.from_numpy(data.test_images).float() / 255, STEPS)
    real = float((scores.argmax(1).numpy() == data.test_labels).mean())
    options: dict[str, Any] = {
        "chip": chip,
        "input_shape": (1, 8, 8),
        "encoding": Encoding(kind="direct", steps=STEPS),
        "weight_bits": 2,
        "calibration": data.train_images[:64],
    }
    program = spikeplane.compile(model, **options)
    rows = {row["population"]: row for row in program.tables["quantisation"]}
    assert [row["weight_bits"] for row in rows.values()] == [2, 2, 2, 2, 8]
    assert all(row["error"] < 1e-5 for row in list(rows.values())[:4])  # what was trained is what is stored
    assert real > 0.9
    assert right(program, chip, data.test_images, data.test_labels) >= real - 0.005
    without = spikeplane.compile(model, guard=0, **options)
    assert right(without, chip, data.test_images, data.test_labels) < real - 0.005
