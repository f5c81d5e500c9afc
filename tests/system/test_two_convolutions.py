"""Two convolutions of an 8-bit image without neurons between them, on the chip: the values between are sent without their
lowest planes."""

import numpy as np
import pytest
import snntorch
import torch
from torch import nn

import spikeplane
from spikeplane import ChipConfig, Encoding
from spikeplane_sim.measured import agreement

STEPS = 3


def model() -> nn.Module:
    """7x7 with stride 2, so large that the two are not folded into one; then 3x3 and neurons."""
    torch.manual_seed(2)
    stem = nn.Conv2d(3, 8, 7, 2, 3), nn.Conv2d(8, 8, 3, 2, 1)
    with torch.no_grad():
        for conv in stem:
            conv.weight.mul_(3.0)
    first, last = (snntorch.Leaky(beta=0.5, threshold=1.0, init_hidden=True) for _ in range(2))
    return nn.Sequential(*stem, first, nn.Flatten(), nn.Linear(8 * 16, 10), last)


@pytest.mark.cosim
@pytest.mark.slow
def test_the_chip_sends_what_the_golden_model_sends() -> None:
    images = np.random.default_rng(4).integers(0, 256, (4, 3, 16, 16), dtype=np.uint8)
    found = {}
    for low in (False, True):
        chip = ChipConfig(rows=1, cols=1, lanes=8, acc_bits=24, weight_depth=1 << 13, low_planes=low)
        program = spikeplane.compile(
            model(),
            chip=chip,
            input_shape=(3, 16, 16),
            encoding=Encoding(steps=STEPS),
            calibration=images,
            progress=False,
        )
        values = [
            p for p in program.network.populations if p.sends_values and program.network.outgoing(p.name)
        ]
        assert [p.neuron is not None and p.neuron.low > 0 for p in values] == [low]
        layers, _, _ = agreement(program, program.planes(images))
        found[low] = min(each["given"] for each in layers if each["given"] is not None)
    assert found[True] > 0.95 > found[False] + 0.1, found
    with spikeplane.open_board("sim", program) as board:
        result = spikeplane.execute(program, board, images, lockstep=True)
    assert result.comparison is not None
    assert result.comparison.mismatches == 0
    assert result.comparison.spikes > 1000
