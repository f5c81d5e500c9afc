"""Spiking transformers as SpikingJelly ships them, whole: one layer makes queries, keys and values, so that its parts are
repeated; every neuron is the model's, and the integers are near."""

# the framework annotates its models loosely:
# pyright: reportArgumentType=false

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from published_files import checked, images, on_auto, system
from spikingjelly.activation_based.model.maxformer import MaxFormer
from spikingjelly.activation_based.model.qkformer import QKFormer
from spikingjelly.activation_based.model.spike_driven_transformer import SpikeDrivenTransformer
from spikingjelly.activation_based.model.spikformer import Spikformer
from torch import nn

from spikeplane_sim.systems.system import System

pytestmark = pytest.mark.slow
STEPS = 2


@dataclass(frozen=True)
class Shipped:
    """A model of few channels, the rate of those of its neurons that shall fire seldom by the end of their names, and how many
    products of attention it has."""

    make: Callable[[], nn.Module]
    rare: tuple[tuple[str, float], ...] = (("qkv_lif", 0.25),)
    attentions: int = 1
    shape: tuple[int, int, int] = (3, 32, 32)


def spikformer(high: int = 32, wide: int = 32, dim: int = 32, heads: int = 4, depths: int = 1) -> nn.Module:
    return Spikformer(STEPS, 3, high, wide, 4, 10, dim, heads, 2.0, depths)


MODELS = {
    "spikformer": Shipped(spikformer),
    "spikformer, heads of 16": Shipped(lambda: spikformer(heads=2), (("qkv_lif", 0.2),)),
    "spikformer, a head": Shipped(lambda: spikformer(heads=1), (("qkv_lif", 0.16),)),
    "spikformer, 60 tokens": Shipped(lambda: spikformer(24, 40), shape=(3, 24, 40)),
    "spikformer, two blocks": Shipped(lambda: spikformer(depths=2), attentions=2),
    "qkformer": Shipped(
        lambda: QKFormer(STEPS, 3, 10, 32, (1, 2, 4), (1, 1, 1), 2.0), (("qkv_lif", 0.5), ("qk_lif", 0.08))
    ),
    "qkformer, channels": Shipped(
        lambda: QKFormer(STEPS, 3, 10, 32, (1, 2, 4), (1, 1, 1), 2.0, "channel"), (("qkv_lif", 0.5), ("qk_lif", 0.02))
    ),
    "spike-driven": Shipped(
        lambda: SpikeDrivenTransformer(STEPS, 3, 10, 32, 4, 1, 2.0, "0011"), (("k_lif", 0.12), ("v_lif", 0.12)), 0
    ),
    "maxformer": Shipped(lambda: MaxFormer(STEPS, 3, 10, 32, (1, 1, 1), 2.0, cifar=True)),
}  # fmt: skip


def made(shipped: Shipped) -> System:
    """Calibrated."""
    torch.manual_seed(0)
    net = shipped.make()
    rare = {m: rate for path, m in net.named_modules() for end, rate in shipped.rare if path.endswith(end)}
    assert rare
    return system(net, shipped.shape, images(shipped.shape, 4), steps=STEPS, rare=rare)


@pytest.mark.parametrize("name", MODELS)
def test_whole(name: str) -> None:
    row = checked(made(MODELS[name]), "golden")
    assert row.populations > 8


@pytest.mark.parametrize("name", ["spikformer", "qkformer", "spike-driven"])
def test_on_the_chip_that_holds_it(name: str) -> None:
    """chip="auto"."""
    program = on_auto(made(MODELS[name]))
    pairs = [p.dynamic for p in program.network.projections if p.dynamic]
    assert len(pairs) == MODELS[name].attentions
