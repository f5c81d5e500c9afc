"""Normalised images on the simulated chip: borders included, held and not, and offsets in mid-network."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

import spikeplane
from spikeplane import ChipConfig, Encoding, Program, SpikeplaneError
from spikeplane.compiler.upgrade import upgrade
from spikeplane.run.execute import Result, execute
from spikeplane_sim.measured import agreement

pytestmark = pytest.mark.cosim
MEAN, STD = (0.5, 0.4), (0.25, 0.2)


def lif() -> nn.Module:
    return neuron.LIFNode(tau=2.0, v_reset=None, v_threshold=0.5)


def run(program: Program, samples: np.ndarray) -> Result:
    with spikeplane.open_board("sim", program) as board:
        result = execute(program, board, samples, lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0, str(result.comparison)
    return result


@pytest.mark.parametrize("kind", ["direct", "rate", "frames"])
def test_on_the_chip(kind: Any, tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), lif(), nn.Conv2d(6, 3, 3, stride=2, padding=1), lif()
    )
    unit = 1 / 255 if kind == "frames" else 1.0
    encoding = Encoding(kind=kind, steps=4, mean=MEAN, std=STD, unit=unit)
    shape = (3, 4, 2, 5, 5) if kind == "frames" else (3, 2, 5, 5)
    images = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    program = spikeplane.compile(
        model, chip="tiny", input_shape=(2, 5, 5), encoding=encoding, calibration=images
    )
    assert all(row["differences"] == 0 for row in program.tables["agreement"])
    (constant,) = (p for p in program.network.populations if p.constant)
    assert program.network.population("1").hold == (kind == "direct")
    program.save(tmp_path / "n.spk")
    loaded = Program.load(tmp_path / "n.spk")
    assert loaded.encoding == encoding
    result = run(loaded, images)
    first = np.concatenate(result.outputs["1"])
    assert 0.02 < first.mean() < 0.98
    assert any(p.weight.any() for p in loaded.network.projections if p.source == constant.name)
    assert upgrade(tmp_path / "n.spk").digest == loaded.digest


def test_offsets_in_mid_network(tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), lif(), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 5, 3, padding=1), nn.BatchNorm2d(5), lif()
    ).eval()  # fmt: skip
    for layer, factor in ((0, 4), (3, 2)):
        model.get_parameter(f"{layer}.weight").data.mul_(factor)
    model.get_parameter("2.bias").data.add_(1)
    encoding = Encoding(kind="planes", steps=5)
    planes = (np.random.default_rng(1).random((4, 5, 2, 5, 5)) < 0.3).astype(np.uint8)
    program = spikeplane.compile(
        model, chip="tiny", input_shape=(2, 5, 5), encoding=encoding, calibration=planes
    )
    assert [p.name for p in program.network.populations][:2] == ["input", "constant 5x5"]
    result = run(program, planes)
    assert all(0.02 < np.concatenate(v).mean() < 0.98 for v in result.outputs.values())


def signs_padded() -> tuple[nn.Module, Encoding]:
    """Weights of +1 and -1 times a step a channel, over a normalised image."""
    torch.manual_seed(2)
    model = nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), lif())
    weight = model.get_parameter("0.weight").data
    weight.copy_(torch.where(weight < 0, -1.0, 1.0) * torch.rand(8, 1, 1, 1).add(0.3))
    return model.eval(), Encoding(mean=(0.3, 0.6), std=(0.2, 0.2), steps=4)


def test_one_bit_weights_pad_by_sums_of_signs() -> None:
    model, encoding = signs_padded()
    images = np.random.default_rng(2).integers(0, 256, (8, 2, 5, 5), dtype=np.uint8)
    chip = ChipConfig(weight_bits=1)
    program = spikeplane.compile(
        model, chip=chip, input_shape=(2, 5, 5), encoding=encoding, calibration=images, progress=False
    )
    assert any(p.constant for p in program.network.populations)
    assert all((abs(p.weight) == 1).all() for p in program.network.projections)
    rows, *_ = agreement(program, program.planes(images))
    assert min(row["given"] for row in rows) > 0.99
    assert 0.05 < rows[0]["rate_float"] < 0.95


def test_one_sign_a_weight_is_refused() -> None:
    model, encoding = signs_padded()
    chip = ChipConfig(weight_bits=1, projections=3)
    with pytest.raises(SpikeplaneError) as error:
        spikeplane.compile(model, chip=chip, input_shape=(2, 5, 5), encoding=encoding)
    assert str(error.value) == (
        "layer '1' pads what a bias, a batch-norm or a normalisation has moved from 0, which takes weights of several "
        "sizes; use a chip with weight_bits = 2 or more, or with more projections, or padding 0"
    )
