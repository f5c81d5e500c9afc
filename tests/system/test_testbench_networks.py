"""The testbench of networks of several kinds: Icarus and Verilator print the same, and a fault in the Verilog ends it."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from served import call
from test_testbench import PASS, edited, in_icarus, verilator

from spikeplane import Encoding, Program
from spikeplane import compile as compile_model
from spikeplane.compiler.graph import FloatNetwork, FloatNeuron, FloatPopulation, FloatProjection
from spikeplane.config import PRESETS
from spikeplane.export.testbench import TESTBENCH
from spikeplane.network import LEVELS, MEMBRANE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus Verilog"),
]
STEPS, SHAPE = 5, (1, 5, 5)
RNG = np.random.default_rng(14)


def spiking(name: str, channels: int, decay: float | np.ndarray = 1.0) -> FloatPopulation:
    neuron = FloatNeuron(threshold=np.ones(channels), decay=decay, reset="soft")
    return FloatPopulation(name=name, shape=(channels, *SHAPE[1:]), neuron=neuron)


def adding(name: str, channels: int) -> FloatPopulation:
    """Sends its sum as a value."""
    neuron = FloatNeuron(decay=0.0, reset="none", kind=MEMBRANE)
    return FloatPopulation(name=name, shape=(channels, *SHAPE[1:]), neuron=neuron)


def conv(source: str, target: str, channels: tuple[int, int], delay: int = 0) -> FloatProjection:
    weight = RNG.normal(0.05, 0.3, size=(*channels, 3, 3))
    return FloatProjection(source=source, target=target, weight=weight, padding=(1, 1), delay=delay)


def network(populations: list[FloatPopulation], projections: list[FloatProjection]) -> FloatNetwork:
    image = FloatPopulation(name="in", shape=SHAPE)
    size = populations[-1].shape[0]
    out = FloatPopulation(name="out", shape=(3, 1, 1), neuron=FloatNeuron(threshold=np.ones(3)))
    dense = FloatProjection(
        source=populations[-1].name, target="out", weight=RNG.normal(0.0, 0.2, size=(3, size, *SHAPE[1:]))
    )
    return FloatNetwork(
        populations=(image, *populations, out), projections=(*projections, dense), output="out"
    )


def residual() -> FloatNetwork:
    """Values of a sum go round a block, and into the next sum."""
    identity = FloatProjection(source="stem", target="sum", weight=np.eye(4).reshape(4, 4, 1, 1))
    return network(
        [adding("stem", 4), spiking("a", 4), adding("sum", 4), spiking("b", 4)],
        [conv("in", "stem", (4, 1)), conv("stem", "a", (4, 4)), conv("a", "sum", (4, 4)), identity, conv("sum", "b", (4, 4))],
    )  # fmt: skip


def leaking() -> FloatNetwork:
    """A leak of its own for each channel."""
    return network([spiking("a", 6, np.linspace(0.3, 0.95, 6))], [conv("in", "a", (6, 1))])


def recurrent() -> FloatNetwork:
    """Back to itself a step later, and to the layer before."""
    return network(
        [spiking("a", 5, 0.5), spiking("b", 5)],
        [conv("in", "a", (5, 1)), conv("a", "a", (5, 5), 1), conv("a", "b", (5, 5)), conv("b", "a", (5, 5), 1)],
    )  # fmt: skip


def integer_spikes() -> FloatNetwork:
    """0 to 4, spikes of them, and 0 to 3 at the end."""

    def levels(name: str, shape: tuple[int, int, int], top: int, theta: float) -> FloatPopulation:
        neuron = FloatNeuron(threshold=np.full(shape[0], theta), decay=0.25, reset="soft", kind=LEVELS[top])
        return FloatPopulation(name=name, shape=shape, neuron=neuron)

    net = network(
        [levels("a", (4, *SHAPE[1:]), 4, 0.4), spiking("b", 4)],
        [conv("in", "a", (4, 1)), conv("a", "b", (4, 4))],
    )
    return replace(net, populations=(*net.populations[:-1], levels("out", (3, 1, 1), 3, 2.0)))


NETWORKS = {
    "residual": (residual, "tiny"), "leaks": (leaking, "tiny"), "delays": (recurrent, "tiny"),
    "levels": (integer_spikes, replace(PRESETS["tiny"], levels=True)),
}  # fmt: skip


def program_of(name: str) -> tuple[Program, np.ndarray]:
    make, chip = NETWORKS[name]
    planes = np.random.default_rng(3).integers(0, 2, (4, STEPS, *SHAPE)).astype(np.uint8)
    of = compile_model(
        make(), chip=chip, encoding=Encoding(kind="planes", steps=STEPS), calibration=planes, name=name
    )
    return of, planes


def check_kind(name: str, of: Program) -> None:
    """The program is of the kind that it is named after."""
    populations, projections = of.network.populations, of.network.projections
    kinds = {
        "residual": any(p.neuron and not p.neuron.kind.spikes for p in populations),
        "leaks": any(p.leaks is not None and len(set(p.leaks.tolist())) > 4 for p in populations),
        "levels": [p.neuron.kind.top for p in populations if p.neuron] == [4, 1, 3],
        "delays": sorted(p.delay for p in projections) == [0, 0, 0, 1, 1],
    }
    assert kinds[name]


def in_verilator(folder: Path) -> tuple[bool, list[str]]:
    made = verilator(folder, "--binary", "-CFLAGS", "-std=c++20 -O1", "--quiet")
    assert made.returncode == 0, made.stderr
    done = subprocess.run(
        [folder / "obj_dir" / f"V{TESTBENCH}"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode == 0, done.stdout.splitlines()


@pytest.mark.parametrize("name", NETWORKS)
def test_both_simulators_say_the_same(tmp_path, name):
    of, planes = program_of(name)
    check_kind(name, of)
    of.save(tmp_path / "net.spk")
    np.save(tmp_path / "planes.npy", planes)
    folder = tmp_path / "chip"
    told = call(
        "generate", "--program", tmp_path / "net.spk", "--sample", tmp_path / "planes.npy", "--number", 1, "-o", folder
    )  # fmt: skip
    assert (told[0], told[2]) == (0, "")
    packets = len((folder / "testbench" / "expected.mem").read_text().splitlines())
    passed, lines = in_verilator(folder)
    cycles = lines[0].split()[-2]
    assert (passed, lines[0]) == (True, PASS.format(of.config.digest, packets, STEPS, cycles))
    assert packets > len(of.image.cores) + 3 + STEPS
    assert in_icarus(folder) == (True, lines[:1])
    neurons = folder / "spikeplane_tile_core_soma_sweep_neurons.v"
    fault = next(line for line in neurons.read_text().splitlines() if line.startswith("  assign fired = {"))
    edited(neurons, fault, f"  assign fired = {of.config.lanes}'d0;")
    passed, lines = in_icarus(folder)
    assert (passed, any(line.startswith("FAIL: ") for line in lines)) == (False, True)
