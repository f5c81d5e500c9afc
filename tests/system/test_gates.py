"""Models of gates, from the module to the simulated chip: the import is proved, layers agree, and every spike of the
chip is the golden model's, on one core and on 2 x 2."""

import numpy as np
import pytest
from gated import QkFormer, SewNet, SpikeDriven, trained

import spikeplane
from spikeplane import Encoding

STEPS = 4
#: By name: the model, rows of its input, and the gates that it becomes.
MODELS = {
    "sew ADD": (lambda: SewNet("ADD"), 8, []),
    "sew AND": (lambda: SewNet("AND"), 8, ["blocks.0.n2 AND n", "blocks.1.n2 AND blocks.1.shortcut.1"]),
    "sew IAND": (
        lambda: SewNet("IAND"),
        8,
        ["n AND NOT blocks.0.n2", "blocks.1.shortcut.1 AND NOT blocks.1.n2"],
    ),
    "sew OR": (lambda: SewNet("OR"), 8, ["blocks.0.n2 OR n", "blocks.1.n2 OR blocks.1.shortcut.1"]),
    "qkformer": (lambda: QkFormer(), 16, ["attention.gate AND attention.k_lif"]),
    "spike-driven": (lambda: SpikeDriven(), 16, ["k_lif AND v_lif", "q_lif AND any"]),
}


def proved(name: str, chip: str) -> tuple[spikeplane.Program, np.ndarray]:
    """The program of a model, and its input. Its layers fire and keep silent, and fire as the model's do."""
    make, size, gates = MODELS[name]
    planes = (np.random.default_rng(size).random((4, STEPS, 2, size, size)) < 0.3).astype(np.uint8)
    program = spikeplane.compile(
        trained(make(), 3),
        chip=chip,
        input_shape=(2, size, size),
        encoding=Encoding(kind="events", steps=STEPS),
        calibration=planes,
    )
    assert [note["value"] for note in program.tables["assumptions"] if note["what"] == "gate"] == gates
    for row in program.tables["agreement"]:
        assert (row["differences"], row["ties"]) == (0, 0), row
        if row["rate_float"] is not None:
            assert 0.02 < row["rate_float"] < 0.98, row
            assert row["given"] > 98.5, row
    return program, planes


@pytest.mark.parametrize("name", ["sew IAND"])
def test_the_import_is_proved(name: str) -> None:
    proved(name, "small")


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("mesh", ["1x1", "2x2"])
@pytest.mark.parametrize("name", MODELS)
def test_the_chip_is_the_golden_model(name: str, mesh: str) -> None:
    program, planes = proved(name, "auto" if mesh == "1x1" else "medium")
    result = program.run(planes, board="sim", lockstep=True)
    assert result.mismatches == 0
    assert result.kept == len(planes)
