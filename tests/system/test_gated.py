"""Models of gates, from the module to the simulated chip: the import is proved, layers agree, and every spike of the
chip is the golden model's, on one core and on 2 x 2."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from chips import Chip, probes
from gated import QkFormer, SewNet, SpikeDriven, trained
from networks import random_network
from reference import reference
from test_random import CHIPS, OPERATOR_CHIPS

import spikeplane
from spikeplane import Encoding
from spikeplane.compiler.fit import try_fit
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.program.bounds import prove
from spikeplane.run.lockstep import compare
from spikeplane_sim.golden import GoldenModel

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


def proved(name: str, chip: str | ChipConfig) -> tuple[spikeplane.Program, np.ndarray]:
    """The program of a model, and its input. Its layers fire and keep silent, and fire as the model's do; those that
    read a stream of values a little less, for it has as many planes as the chip can shift."""
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
        assert (row["differences"] or 0, row["ties"]) == (0, 0), row
        if row["rate_float"] is not None:
            assert 0.02 < row["rate_float"] < 0.98, row
            assert row["given"] > (95 if name == "spike-driven" else 98.5), row
    return program, planes


@pytest.mark.parametrize("name", ["sew IAND"])
def test_the_import_is_proved(name: str) -> None:
    proved(name, "small")


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_the_chip_is_the_golden_model(name: str) -> None:
    """On one core as large as it must be, on 2 x 2 of these, and on 1 x 3."""
    program, planes = proved(name, "auto")
    assert (program.config.rows, program.config.cols) == (1, 1)
    for rows, cols in ((1, 1), (2, 2), (1, 3)):
        program, _ = proved(name, replace(program.config, rows=rows, cols=cols))
        result = program.run(planes[:2], board="sim", lockstep=True)
        assert (result.mismatches, result.kept) == (0, 2)


def counted(config: ChipConfig, count: int) -> None:
    """Random networks with layers that count spikes: numpy, golden model and chip agree in every value."""
    bits: dict[str, Any] = {"membrane_bits": config.membrane_bits, "acc_bits": config.acc_bits}
    spikes = networks = 0
    with Chip(config) as device:
        for seed in range(8 * count):
            network, inputs = random_network(seed, config, layers=4, gates=0.6)
            prove(network, config)
            gates = [
                p.name
                for p in network.populations
                if p.neuron is not None and p.neuron.kind.spikes and p.neuron.leak == "memoryless"
            ]
            try:
                try_fit(network, config, probes(network))
            except SpikeplaneError:
                continue
            expected = {n: reference(network, inputs, **bits).outputs[n] for n in probes(network)}
            found = compare(network, GoldenModel(network, **bits).run(inputs), expected)
            assert found.mismatches == 0, f"seed {seed}: golden against numpy (here golden): {found}"
            found = compare(network, device.load(network).run(inputs), expected, names=probes(network))
            assert found.mismatches == 0, f"seed {seed}: chip against numpy (here golden): {found}"
            spikes += sum(int(expected[n].sum()) for n in gates if n in expected)
            networks += bool(gates)
            if networks == count:
                break
    assert networks == count
    assert spikes > 20 * count


@pytest.mark.cosim
def test_random_gates() -> None:
    counted(CHIPS["core-8"], 3)


@pytest.mark.cosim
@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATOR_CHIPS)
def test_many_random_gates(name: str) -> None:
    counted(OPERATOR_CHIPS[name], 30)
