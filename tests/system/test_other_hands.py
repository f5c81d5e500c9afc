"""Networks in the styles that people publish, none of them made for the importer: compiled, the import proved, the
integers near the floats, and every value of the chip the golden model's on one core and on 2 x 2."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from other_hands import Inhibited, Levels, Recurrent, Shuffled, Tokens, Values, gesture, parallel
from torch import nn

import spikeplane
from spikeplane import Encoding
from spikeplane_sim.systems.placed import CORE, placements

Shape = tuple[int, int, int]
#: Model, input, kind of input, steps, and the least share of spikes that a layer given the float's has in common.
MODELS: dict[str, tuple[Callable[[], nn.Module], Shape, str, int, float]] = {
    "values past neurons": (Values, (2, 16, 16), "planes", 6, 99.0),
    "U-Net, depthwise, added": (lambda: Levels("depthwise"), (1, 8, 8), "planes", 4, 99.0),
    "U-Net, nearest, joined": (lambda: Levels("nearest"), (1, 8, 8), "planes", 4, 99.0),
    "U-Net, values joined": (lambda: Levels("transposed"), (1, 8, 8), "planes", 4, 99.0),
    "gesture frames": (gesture, (2, 16, 16), "frames", 6, 99.0),
    "inhibited": (Inhibited, (3, 12, 12), "direct", 4, 99.0),
    "tokens": (Tokens, (3, 8, 8), "direct", 4, 99.0),
    "parallel": (parallel, (2, 8, 8), "planes", 4, 99.0),
    "shuffled": (Shuffled, (2, 8, 8), "planes", 5, 99.0),
    "recurrent": (Recurrent, (32, 1, 1), "planes", 10, 98.0),
}


def lively(model: nn.Module, seed: int) -> nn.Module:
    """Weights and statistics with which layers fire."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                module.weight.mul_(2.0).add_(0.02)
            if isinstance(module, nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.uniform_(-0.1, 0.2)
                module.running_var.uniform_(0.1, 0.3)
                module.weight.uniform_(0.8, 1.2)
                module.bias.uniform_(0.1, 0.5)
    return model.eval()


def samples(shape: Shape, kind: str, steps: int) -> np.ndarray:
    rng = np.random.default_rng(4)
    if kind == "planes":
        return (rng.random((4, steps, *shape)) < 0.3).astype(np.uint8)
    if kind == "frames":
        return rng.integers(0, 4, (4, steps, *shape), dtype=np.uint8)
    return rng.integers(0, 256, (4, *shape), dtype=np.uint8)


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_other_hands(name: str) -> None:
    make, shape, kind, steps, least = MODELS[name]
    torch.manual_seed(2)
    given = samples(shape, kind, steps)
    program = spikeplane.compile(
        lively(make(), 6),
        chip=CORE,
        input_shape=shape,
        encoding=Encoding(kind=kind, steps=steps),  # type: ignore[arg-type]
        calibration=given,
        progress=False,
    )
    compared = 0
    for row in program.tables["agreement"]:
        assert (row["differences"] or 0, row["ties"]) == (0, 0), row
        compared += row["compared"] or 0
        if row["given"] is not None:
            assert row["given"] >= least, row
            assert 0.005 < row["rate_float"] < 0.99, row
    assert compared > 1000
    for place, placed in placements(program):
        with spikeplane.open_board("sim", placed) as board:
            found = spikeplane.execute(placed, board, given[:2], lockstep=True).comparison
        assert found is not None
        assert (found.mismatches, found.first) == (0, None), place
        assert found.spikes > 200, place
