"""The family of parallel spiking neurons: what fires in a step depends on the currents of all steps (PSN), of the steps up to
it (masked), of the last k (sliding)."""

# the framework annotates its layers loosely:
# pyright: reportArgumentType=false

import torch
from spikingjelly.activation_based import neuron
from torch import nn

from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.layers import DIRECT, STEPS, Classifier, conv_norm
from spikeplane_sim.systems.system import System

CHANNELS = 16
#: Neurons by the name of their variant.
KINDS = {
    "psn": lambda: neuron.PSN(T=STEPS),
    "masked": lambda: neuron.MaskedPSN(k=2, T=STEPS, lambda_init=1.0, step_mode="m"),
    "sliding": lambda: neuron.SlidingPSN(k=2, step_mode="m"),
}


def model(kind: str, size: int, seed: int) -> nn.Module:
    """See System.model: two convolutions, whose neurons' weights over the steps and thresholds are random."""
    torch.manual_seed(seed)
    fires = KINDS[kind]
    body = nn.Sequential(conv_norm(3, CHANNELS), fires(), conv_norm(CHANNELS, CHANNELS), fires())
    net = Classifier(body, CHANNELS)
    with torch.no_grad():
        for part in net.modules():
            if isinstance(part, neuron.PSN | neuron.MaskedPSN | neuron.SlidingPSN):
                part.weight.copy_(0.6 * torch.randn_like(part.weight) / STEPS**0.5 + 0.3)
                if part.weight.sum() < 0:  # what comes in shall raise the rate
                    part.weight.neg_()
                part.bias.copy_(-0.4 - 0.3 * torch.rand_like(part.bias))
    return calibrated(net, torch.rand(8, 3, size, size), seed)


def _system(kind: str, title: str) -> System:
    return System(
        name="psn" if kind == "psn" else f"psn-{kind}",
        title=title,
        paper="Fang et al., Parallel Spiking Neurons with High Efficiency and Ability to Learn Long-term Dependencies, NeurIPS 2023",
        shapes="8x8, two convolutions of 16 channels, T 4",
        model=lambda size, seed: model(kind, size, seed),
        encoding=DIRECT,
        size=8,
        published="spikingjelly, activation_based/neuron.py; github:fangwei123456/Parallel-Spiking-Neuron",
    )


SYSTEMS = (_system("psn", "PSN"), _system("masked", "Masked PSN"), _system("sliding", "Sliding PSN"))
