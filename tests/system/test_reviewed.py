"""Networks in the styles of published code, of another reviewer than `test_other_hands`: the import proved, the integers near
the floats, what is returned what is read out, and every value of the chip the golden model's on one core and on 2 x 2."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from reviewed import Authors, Dilated, Folded, Membranes, Padded, Population, Stages, Strings
from spikingjelly.activation_based import functional
from torch import nn

import spikeplane
from spikeplane import Encoding
from spikeplane_sim.systems.placed import CORE, placements

Shape = tuple[int, int, int]
#: Model, input, kind of input, steps, and the least share of spikes that a layer given the float's has in common.
MODELS: dict[str, tuple[Callable[[], nn.Module], Shape, str, int, float]] = {
    "MS-ResNet, four stages": (Stages, (3, 16, 16), "direct", 4, 98.0),
    "MS-ResNet, its authors'": (Authors, (3, 8, 8), "direct", 4, 99.0),
    "U-Net, padded": (Padded, (2, 13, 15), "planes", 4, 99.0),
    "U-Net, membranes": (Membranes, (2, 16, 16), "planes", 5, 99.0),
    "dilated": (Dilated, (2, 12, 12), "planes", 4, 99.0),
    "folded": (Folded, (2, 16, 16), "frames", 5, 99.0),
    "gates by name": (Strings, (2, 12, 12), "planes", 4, 99.0),
    "population": (Population, (2, 8, 8), "planes", 6, 99.0),
}


def samples(shape: Shape, kind: str, steps: int, count: int = 5) -> np.ndarray:
    rng = np.random.default_rng(7)
    if kind == "direct":
        return rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    if kind == "frames":
        return rng.integers(0, 4, (count, steps, *shape), dtype=np.uint8)
    return (rng.random((count, steps, *shape)) < 0.3).astype(np.uint8)


def as_given(given: np.ndarray, kind: str) -> torch.Tensor:
    """As the model takes it, steps in front."""
    x = torch.as_tensor(given).float()
    return x / 255 if kind == "direct" else x.transpose(0, 1)


def calibrated(model: nn.Module, x: torch.Tensor) -> nn.Module:
    """Statistics of batch-norms as a training leaves them, and weights with which layers fire."""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d | nn.BatchNorm3d)]
    with torch.no_grad():
        for module in model.modules():
            if not norms and isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.mul_(1.6).add_(0.02)
        for norm in norms:
            norm.momentum = None
            norm.weight.uniform_(0.8, 1.3)
            norm.bias.uniform_(0.1, 0.6)
        for _ in range(3):
            model.train()(x)
            functional.reset_net(model)
    return model.eval()


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_reviewed(name: str) -> None:
    make, shape, kind, steps, least = MODELS[name]
    torch.manual_seed(11)
    given = samples(shape, kind, steps)
    model = calibrated(make(), as_given(given, kind))
    encoding = Encoding(kind=kind, steps=steps)  # type: ignore[arg-type]
    program = spikeplane.compile(
        model, chip=CORE, input_shape=shape, encoding=encoding, calibration=given, progress=False
    )
    for row in program.tables["agreement"]:
        assert (row["differences"] or 0, row["ties"]) == (0, 0), row
        if row["given"] is not None:
            assert row["given"] >= least, row
            assert 0.005 < row["rate_float"] < 0.99, row
    _check_readout(program, model, given, kind)
    for place, placed in placements(program):
        with spikeplane.open_board("sim", placed) as board:
            found = spikeplane.execute(placed, board, given[:2], lockstep=True).comparison
        assert found is not None
        assert (found.mismatches, found.first) == (0, None), place
        assert found.spikes > 100, place


def _check_readout(program: spikeplane.Program, model: nn.Module, given: np.ndarray, kind: str) -> None:
    """What the model returns and what the program reads out go together, output by output."""
    with torch.no_grad():
        returned = model(as_given(given, kind)).numpy()
    functional.reset_net(model)
    scores = program.run(given, board="golden", progress=False).scores
    returned = returned.reshape(len(given), scores.shape[1], -1).sum(2)
    assert np.corrcoef(returned.reshape(-1), scores.reshape(-1))[0, 1] > 0.85
