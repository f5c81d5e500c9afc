"""Biases in front of padding, wherever they stand: the constant population on one core and beside others, in the
first sample and in later ones, under inputs that are held and that are not."""

from typing import Any

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import Tensor, nn

import spikeplane
from spikeplane import Encoding

pytestmark = pytest.mark.cosim


def fires() -> nn.Module:
    return neuron.LIFNode(tau=2.0, v_reset=None, v_threshold=1.0)


def norm(channels: int) -> nn.Module:
    made = nn.BatchNorm2d(channels)
    nn.init.uniform_(made.weight, 0.8, 1.6)
    nn.init.normal_(made.bias, 0.3, 0.3)
    return made


def same(before: int, behind: int, groups: int = 1) -> nn.Module:
    return nn.Conv2d(before, behind, 3, padding=1, groups=groups)


class Around(nn.Module):
    """A biased layer, padded behind, and a way around both."""

    def __init__(self) -> None:
        super().__init__()
        self.point, self.conv = nn.Conv2d(4, 4, 1), same(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.point(x)) + x


def layers(name: str) -> list[nn.Module]:
    """Of networks on 2x5x5."""
    stem = [same(2, 4), fires()]
    return {
        "behind the input": [nn.Conv2d(2, 4, 1), norm(4), same(4, 5), fires(), same(5, 4), fires()],
        "in the middle": [*stem, nn.Conv2d(4, 6, 1), norm(6), same(6, 5), norm(5), fires()],
        "depthwise": [*stem, nn.Conv2d(4, 8, 1), same(8, 8, groups=8), norm(8), nn.Conv2d(8, 4, 1), fires()],
        "two sizes": [
            *stem, nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, 2, 1), fires(), nn.Conv2d(4, 4, 1), same(4, 4), fires(),
        ],
        "behind values": [*stem, nn.Conv2d(4, 4, 1), norm(4), same(4, 4), norm(4), same(4, 4), fires()],
        "around": [*stem, Around(), fires()],
    }[name]  # fmt: skip


NAMES = ("behind the input", "in the middle", "depthwise", "two sizes", "behind values", "around")


@pytest.mark.parametrize(("kind", "chip"), [("planes", "tiny"), ("direct", "small")])
@pytest.mark.parametrize("name", NAMES)
def test_on_the_chip(name: str, kind: Any, chip: str) -> None:
    torch.manual_seed(1)
    model = nn.Sequential(*layers(name)).eval()
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.data *= 4
            assert layer.bias is not None
            layer.bias.data += 0.4
    rng = np.random.default_rng(1)
    shape, top = ((4, 4, 2, 5, 5), 2) if kind == "planes" else ((4, 2, 5, 5), 256)
    samples = rng.integers(0, top, shape, dtype=np.uint8)
    program = spikeplane.compile(
        model,
        chip=chip,
        input_shape=(2, 5, 5),
        encoding=Encoding(kind=kind, steps=4),
        calibration=samples,
        probes=None,
    )
    constants = [p.name for p in program.network.populations if p.constant]
    assert constants == ["constant 5x5", "constant 3x3"][: len(constants)]
    assert len(constants) == (2 if name == "two sizes" else 1)
    assert (len(program.tables["mapping"]) > 1) == (chip == "small")
    with spikeplane.open_board("sim", program) as board:
        result = spikeplane.execute(program, board, samples, lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0
    assert all(np.mean([part != 0 for part in parts]) > 0.02 for parts in result.outputs.values())
