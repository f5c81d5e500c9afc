"""Models whose layers make more pixels than they get, from the module to the simulated chip: the import is proved,
and every spike of the chip is the golden model's, on one core and on 2 x 2."""

import numpy as np
import pytest
import torch
from unets import Cortex, UNet, trained

import spikeplane
from spikeplane import Encoding

STEPS = 4
MODELS = {
    "transposed": (lambda: UNet("transposed"), 8),
    "upsampled": (lambda: UNet("upsampled"), 8),
    "added": (lambda: UNet("added"), 8),
    "added, odd": (lambda: UNet("added", (1, 0)), 7),
    "resized, odd": (lambda: UNet("resized"), 7),
    "cortex": (lambda: Cortex(8), 8),
}
FAST = ("added, odd", "cortex")


def proved(name: str, chip: str) -> tuple[spikeplane.Program, np.ndarray]:
    """The program of a model, and its input. Its layers fire and keep silent, and fire as the model's do."""
    make, size = MODELS[name]
    torch.manual_seed(0)  # the biases, whatever ran before
    planes = (np.random.default_rng(size).random((6, STEPS, 2, size, size)) < 0.3).astype(np.uint8)
    program = spikeplane.compile(
        trained(make(), 3),
        chip=chip,
        input_shape=(2, size, size),
        encoding=Encoding(kind="events", steps=STEPS),
        calibration=planes,
    )
    assert program.tables["import"][0]["source"].endswith("itself, in float64")
    for row in program.tables["agreement"]:
        assert (row["differences"], row["ties"]) == (0, 0), row
        if row["rate_float"] is not None:
            assert 0.05 < row["rate_float"] < 0.97, row
            assert row["given"] > 98.5, row
    assert any(p.up != (1, 1) for p in program.network.projections)
    return program, planes


@pytest.mark.parametrize("name", FAST)
def test_the_import_is_proved(name: str) -> None:
    program, _ = proved(name, "small")
    late = [p for p in program.network.projections if p.delay]
    assert [(p.kind.tag, p.up) for p in late] == [("aligned", (2, 2))] * (name == "cortex")


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("chip", ["tiny", "small"])
@pytest.mark.parametrize("name", MODELS)
def test_the_chip_is_the_golden_model(name: str, chip: str) -> None:
    program, planes = proved(name, chip if name != "resized, odd" else "small" if chip == "small" else "auto")
    result = program.run(planes, board="sim", lockstep=True)
    assert result.mismatches == 0
    assert result.kept == len(planes)
