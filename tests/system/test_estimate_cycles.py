"""Estimated cycles against the simulated board: three networks that are limited by different
things, on samples that were not counted."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fused_drawn import fused_network
from networks import random_network

import spikeplane
from spikeplane.compiler.fit import fit
from spikeplane.config import ChipConfig, preset
from spikeplane.data import read_samples
from spikeplane.encoding import Encoding
from spikeplane.estimate.activity import TABLE, Activity, measured, recorded
from spikeplane.estimate.cycles import cycles
from spikeplane.estimate.forward import outputs
from spikeplane.estimate.work import plan
from spikeplane.network import Network
from spikeplane.program import Program
from spikeplane.run.boards import open_board
from spikeplane_sim.cache import cache_folder
from spikeplane_sim.demo import digits

pytestmark = pytest.mark.cosim
DATA = Path(__file__).parents[2] / "../shared/data"


def error(program: Program, activity: Activity, planes: dict[str, np.ndarray]) -> float:
    """Estimated over simulated cycles of these samples, less 1."""
    with open_board("sim", program) as board:
        board.run(planes)
        found = board.figures()["cycles_per_sample"]
    samples = len(next(iter(planes.values())))
    guess = cycles(program, activity, plan(program, activity), samples).per_sample
    print(f"{program.name}: {guess:.0f} estimated, {found:.0f} simulated", file=sys.stderr)
    return guess / found - 1


def counted(program: Program, planes: dict[str, np.ndarray]) -> Activity:
    found = outputs(program.network, planes, program.config.membrane_bits)
    return measured(program.network, program.config, found, "counted")


def test_digits_recorded_when_compiling() -> None:
    """The demo's network, all populations probed (the link limits it), and the output alone (the
    way through its layers does)."""
    data = digits.load()
    model = digits.trained(data, cache_folder())
    encoding = Encoding(steps=digits.STEPS)
    program = spikeplane.compile(
        model, input_shape=(1, 8, 8), encoding=encoding, calibration=data.train_images[:100]
    )
    activity = recorded(program.network, program.config, program.tables[TABLE], 100)
    assert activity is not None
    assert "100 calibration samples" in activity.source
    planes = program.planes(data.test_images[:20])
    assert abs(error(program, activity, planes)) < 0.05
    assert abs(error(replace(program, probes=(program.network.output,)), activity, planes)) < 0.05


def test_nmnist_from_a_nir_file() -> None:
    """Three convolutions over 300 steps: the accumulators limit it."""
    if not (DATA / "nmnist").exists():
        pytest.skip("needs ../shared/data/nmnist and ../shared/data/nir")
    encoding = Encoding(kind="events", steps=300, step_us=1000)
    program = spikeplane.compile(DATA / "nir/cnn_sinabs.nir", encoding=encoding, name="cnn")
    samples = read_samples(DATA / "nmnist", program.input.shape, encoding, 2)
    activity = counted(program, program.planes(samples[1:]))
    own = counted(program, program.planes(samples[:1]))
    assert abs(error(program, own, program.planes(samples[:1]))) < 0.05
    # Recordings differ in their number of events; so many more or fewer take so many more or fewer cycles.
    share = float(own.spikes[program.input.name].sum() / activity.spikes[program.input.name].sum())
    assert abs(error(program, activity, program.planes(samples[:1]))) < abs(share - 1) + 0.05


@pytest.mark.parametrize(("seed", "within"), [(5, 0.05), (11, 0.05), (13, 0.05), (2, 0.25), (9, 0.25)])
def test_random_networks(seed: int, within: float) -> None:
    """Networks of every kind at once, in steps of a few hundred cycles: of the first fifteen half
    are within 5 %, none beyond 25 %."""
    check(preset("small"), *random_network(seed, preset("small")), seed, within)


@pytest.mark.parametrize(("seed", "narrow", "within"), [(101, False, 0.15), (101, True, 0.15)])
def test_fused_words(seed: int, narrow: bool, within: float) -> None:
    """Of 38 networks the mean is 6 %, with tables in two memories 8, none beyond 25."""
    chip = replace(preset("small"), fused=True, narrow_tables=narrow)
    check(chip, *fused_network(seed, chip), seed, within)


def check(
    chip: ChipConfig, network: Network, planes: dict[str, np.ndarray], seed: int, within: float
) -> None:
    """A random network's cycles, all populations probed."""
    names = [p.name for p in network.populations if p.neuron is not None]
    _, placement, _ = fit(network, chip, names)
    bits = max(p.value_bits for p in network.populations)
    encoding = Encoding(kind="direct" if bits > 1 else "planes", steps=network.steps, value_bits=bits)
    program = Program(
        name=f"random {seed}",
        config=chip,
        network=network,
        placement=placement,
        encoding=encoding,
        probes=tuple(names),
    )
    if len(planes) != 1:
        pytest.skip("a program has one input")
    planes = {name: np.concatenate([values] * 4).astype(np.int64) for name, values in planes.items()}
    assert abs(error(program, counted(program, planes), planes)) < within
