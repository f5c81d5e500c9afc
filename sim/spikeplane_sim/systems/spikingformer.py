"""Spikingformer: a stream of values from the tokenizer on, to which attention and MLP add currents; a head on its mean."""

import torch
from torch import nn

from spikeplane_sim.systems.attention import ValueAttention, rates
from spikeplane_sim.systems.calibrated import calibrated
from spikeplane_sim.systems.cml import WIDTHS, ValueMlp, ValueTokenizer
from spikeplane_sim.systems.layers import DIRECT, Classifier
from spikeplane_sim.systems.system import System

HEADS = 4


def model(size: int, seed: int) -> nn.Module:
    """See System.model."""
    torch.manual_seed(seed)
    channels = WIDTHS[-1]
    body = nn.Sequential(ValueTokenizer(), ValueAttention(channels, HEADS), ValueMlp(channels, 2 * channels))
    rare = rates(body, (size // 4) ** 2)
    return calibrated(Classifier(body, channels), torch.rand(8, 3, size, size), seed, rare=rare)


SYSTEM = System(
    name="spikingformer",
    title="Spikingformer",
    paper="Zhou et al., Spikingformer: Spike-driven Residual Learning for Transformer-based Spiking Neural Network, 2023",
    shapes="32x32, a block of 64 tokens of 32 channels, 4 heads, residuals of values, an MLP of 64, LIF tau 2, T 4",
    model=model,
    encoding=DIRECT,
    size=32,
    multiple=4,
    assumed=(
        "the tokenizer is CML's: maxima of currents, two of four, as for small images",
        "the MLP is twice as wide, not four times",
    ),
    published="github:zhouchenlin2096/Spikingformer, cifar10/model.py",
    attention=True,
)
