"""Values behind which weights stand: fewer planes for the values, so that both fit the accumulators of small
presets. Measured against the model on the chip's own spikes, and on the chip against the golden model."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

import spikeplane
from spikeplane import ChipConfig, Encoding, Program
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.network import MEMBRANE
from spikeplane_sim.golden import FloatModel, GoldenModel

PLANES = Encoding(kind="planes", steps=4)


def fires() -> nn.Module:
    return neuron.LIFNode(tau=2.0, v_reset=None, v_threshold=1.0)


def model(*layers: nn.Module) -> nn.Module:
    """With weights that keep the layers busy."""
    made = nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), fires(), *layers, fires()).eval()
    for layer in made.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.weight.data *= 6
            nn.init.constant_(layer.bias, 0.5)  # type: ignore[arg-type]
    return made


def average_in_front_of_a_convolution() -> nn.Module:
    return model(nn.Conv2d(8, 8, 3, padding=1), nn.AvgPool2d(3, 2, 1), nn.Conv2d(8, 8, 3, padding=1))


def two_convolutions() -> nn.Module:
    return model(nn.Conv2d(8, 16, 3, padding=1), nn.Conv2d(16, 8, 3, padding=1))


class Joined(nn.Module):
    """Two layers' currents, one above the other, read by one convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(n, 8, 3, padding=1) for n in (8, 8, 16))
        self.lif = fires()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        before = self.a(x)
        return self.c(torch.cat([before, self.b(self.lif(before))], 1))


def leaking(channels: int = 64) -> FloatNetwork:
    """Neurons, an integrator that leaks, and a dense layer of neurons behind it."""
    rng = np.random.default_rng(2)
    fire = FloatNeuron(decay=0.5, threshold=np.ones(1))
    names = (
        ("n", channels, fire),
        ("v", channels, FloatNeuron(decay=0.9, reset="none", kind=MEMBRANE)),
        ("out", 8, fire),
    )
    populations, projections = [FloatPopulation(name="in", shape=(32, 1, 1))], []
    for name, count, kind in names:
        before = populations[-1]
        weight = rng.normal(0, 2 / np.sqrt(before.shape[0]), (count, before.shape[0], 1, 1))
        if kind.threshold is not None:
            kind = FloatNeuron(decay=kind.decay, threshold=np.ones(count))
        populations.append(FloatPopulation(name=name, shape=(count, 1, 1), neuron=kind))
        projections.append(FloatProjection(source=before.name, target=name, weight=weight))
    return FloatNetwork(populations=tuple(populations), projections=tuple(projections), output="out")


NETWORKS = {
    "average": average_in_front_of_a_convolution,
    "convolutions": two_convolutions,
    "joined": lambda: model(Joined()),
    "leaking": leaking,
}


def made(name: str, chip: str | ChipConfig, *, calibrated: bool = True) -> tuple[Program, np.ndarray]:
    torch.manual_seed(4)
    network = NETWORKS[name]()
    shape = network.inputs[0].shape if isinstance(network, FloatNetwork) else (2, 6, 6)
    samples = (np.random.default_rng(1).random((4, 4, *shape)) < 0.4).astype(np.uint8)
    program = spikeplane.compile(
        network,
        chip=chip,
        input_shape=shape,
        encoding=PLANES,
        calibration=samples if calibrated else None,
        proof=not isinstance(network, FloatNetwork),
    )
    return program, samples


def agreement(program: Program, samples: np.ndarray) -> float:
    """Of the last layer's spikes, those that the float network fires where the layers before have fired as on
    the chip, and its values are the model's."""
    network, config = program.network, program.config
    golden = GoldenModel(network, membrane_bits=config.membrane_bits, acc_bits=config.acc_bits).run(
        {p.name: samples for p in network.inputs}
    )
    fired = {p.name for p in network.populations if p.neuron is not None and not p.sends_values}
    assert program.source is not None
    found = [
        outputs[network.output].numpy()
        for outputs, _ in FloatModel(program.source.network).steps(
            {p.name: samples for p in network.inputs}, given={n: torch.as_tensor(golden[n]) for n in fired}
        )
    ]
    real = np.stack(found, 1)
    assert 0.03 < real.mean() < 0.97
    return float((golden[network.output] == real).mean())


@pytest.mark.parametrize(("name", "chip", "least"), [
    ("average", "small", 0.96), ("convolutions", "small", 0.975), ("convolutions", "large", 0.985), ("joined", "tiny", 0.975),
    ("leaking", "tiny", 0.96), ("leaking", "large", 0.975),
])  # fmt: skip
@pytest.mark.parametrize("calibrated", [True, False])
def test_near_the_model(name: str, chip: str, least: float, calibrated: bool) -> None:
    program, samples = made(name, chip, calibrated=calibrated)
    found = agreement(program, samples)
    print(f"{name} {chip}: {found:.2%}")
    assert found >= least - (0 if calibrated else 0.02)


@pytest.mark.cosim
@pytest.mark.parametrize("name", ["average", "leaking"])
@pytest.mark.parametrize("chip", ["small", "tiny"])
def test_on_the_chip(name: str, chip: str) -> None:
    program, samples = made(name, chip)
    with spikeplane.open_board("sim", program) as board:
        result = spikeplane.execute(program, board, samples[:2], lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0
    assert result.comparison.spikes > 200
