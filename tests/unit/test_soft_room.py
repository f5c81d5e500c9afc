"""Room above thresholds: a soft reset leaves there what fires in later steps, so the unit of fine weights is coarser where
the membrane would cut it off."""

import numpy as np
import pytest
import snntorch as snn
import torch
from torch import nn

import spikeplane
from spikeplane import ChipConfig, Encoding
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.compiler.quantise import quantise
from spikeplane.network import Population, Projection

CHIP = ChipConfig(rows=1, cols=1, acc_bits=24, membrane_bits=18, max_shift=17)
LIMIT = (1 << 17) - 4


def of(
    reset: str, weight: np.ndarray, peak: float | None = None, threshold: float | None = 1.0
) -> tuple[Population, Projection]:
    """One neuron behind 8-bit pixels."""
    fires = FloatNeuron(
        decay=0.9,
        threshold=None if threshold is None else np.array([threshold]),
        reset="none" if threshold is None else reset,  # type: ignore[arg-type]
    )
    net = FloatNetwork(
        populations=(
            FloatPopulation(name="in", shape=(weight.size, 1, 1)),
            FloatPopulation(name="n", shape=(1, 1, 1), neuron=fires),
        ),
        projections=(FloatProjection(source="in", target="n", weight=weight.reshape(1, -1, 1, 1)),),
        output="n",
    )
    peaks = None if peak is None else {"n": np.array([peak])}
    network, _ = quantise(net, CHIP, Encoding(steps=4), None, None, peaks)
    return network.populations[1], network.projections[0]


def theta(*given: object, **more: object) -> int:
    found = of(*given, **more)[0].theta  # type: ignore[arg-type]
    assert found is not None
    return int(found[0])


FINE = np.linspace(-0.21, 0.2, 8) + 1e-4


def test_two_thresholds_or_what_is_there() -> None:
    full = theta("hard", FINE, 5.0)
    assert full > 0.9 * LIMIT
    assert theta("none", FINE, 5.0) == full
    for peak, most in ((None, 2.0), (5.0, 2.0), (1.5, 1.5), (0.3, 1.0)):
        found = theta("soft", FINE, peak)
        assert found * most <= LIMIT + most
        assert found * most > 0.9 * LIMIT


def test_coarse_weights_and_trained_ones_stay() -> None:
    """A threshold that leaves room is none of its concern, nor are steps that a training has chosen."""
    assert theta("soft", 20 * FINE) == theta("hard", 20 * FINE)
    trained = np.array([-90, 1, 33, 64, 101, -127]) * 0.25 / 127
    made = [of(reset, trained)[1].weight for reset in ("hard", "soft")]
    assert np.array_equal(made[0], made[1])
    assert np.array_equal(np.asarray(made[1]).reshape(-1), [-90, 1, 33, 64, 101, -127])


@pytest.mark.parametrize(("scale", "offset"), [(1.6, 0.02), (1.0, 0.0)])
def test_spikes_of_snntorch(scale: float, offset: float) -> None:
    """With a threshold at the membrane's end 83 and 97.6 of 100 outputs agree."""
    torch.manual_seed(1)
    first = nn.Linear(64, 30)
    with torch.no_grad():
        first.weight.mul_(scale).add_(offset)
    given = np.random.default_rng(3).integers(0, 256, (24, 64, 1, 1), dtype=np.uint8)
    program = spikeplane.compile(
        nn.Sequential(first, snn.Leaky(beta=0.95, init_hidden=True)),
        chip=CHIP,
        input_shape=(64, 1, 1),
        encoding=Encoding(steps=8),
        calibration=given,
        progress=False,
    )
    (row,) = program.tables["agreement"]
    assert row["given"] > (97 if scale > 1 else 99)
    assert row["rate_float"] > 0.05
