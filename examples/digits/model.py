"""A small spiking network for 8x8 digits, with random weights: what a chip that learns begins with."""

import torch
from spikingjelly.activation_based import neuron
from torch import nn


def net(seed: int = 0) -> tuple[nn.Module, tuple[int, int, int]]:
    """64-32-10, LIF neurons that keep half of their membrane a step, and the shape of its input (C, H, W)."""
    torch.manual_seed(seed)
    hidden = neuron.LIFNode(tau=2.0, v_threshold=0.5, decay_input=False)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 32, bias=False), hidden, nn.Linear(32, 10, bias=False)
    ), (1, 8, 8)
