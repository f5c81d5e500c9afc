"""Random networks of gates, pixels apart, planes left out, channel groups, and neurons that fire once, in Icarus: on a chip of
four states the exported testbench finds no value but the golden model's."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import test_random_groups
import test_random_low
import test_random_time
from chips import probes
from networks import Planes, random_network
from served import call
from test_random import CHIPS, user_path
from test_testbench import in_icarus

from spikeplane import Encoding, Program
from spikeplane.compiler.place import place
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.network import Network

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus Verilog"),
]
CHIP = CHIPS["core-8"]
COUNT, MOST = 3, 100
Draw = Callable[[int, ChipConfig], tuple[Network, Planes]]


def _memoryless(network: Network) -> bool:
    neurons = [p.neuron for p in network.populations if p.neuron is not None]
    return any(n.kind.spikes and n.leak == "memoryless" for n in neurons)


def _once(seed: int, config: ChipConfig) -> tuple[Network, Planes]:
    """Blocks of steps and neurons that fire once; planes are those of the channels."""
    network, planes = test_random_time.drawn(seed, config)
    return replace(network, populations=tuple(replace(p, fold=1) for p in network.populations)), planes


#: By kind: how a network is drawn, and whether it is one.
KINDS: dict[str, tuple[Draw, Callable[[Network], bool]]] = {
    "gates": (lambda seed, chip: random_network(seed, chip, layers=4, gates=0.6), _memoryless),
    "apart": (
        lambda seed, chip: random_network(seed, chip, apart=0.6),
        lambda network: any(p.up != (1, 1) for p in network.projections),
    ),
    "low": (test_random_low.drawn, lambda network: True),
    "groups": (
        test_random_groups.drawn,
        lambda network: any((p.weight == 0).all((2, 3)).any() for p in network.projections if p.weight.ndim == 4),
    ),
    "once": (_once, lambda network: any(p.once for p in network.populations)),
}  # fmt: skip


def programs(kind: str, folder: Path) -> list[tuple[Path, np.ndarray]]:
    """Files of the first networks of a kind that one plane of bits drives, and that a file may hold: thresholds beyond the
    membranes' words, and held currents of other planes than an image's, are for chips alone."""
    draw, is_one = KINDS[kind]
    found: list[tuple[Path, np.ndarray]] = []
    for seed, network, inputs in user_path(CHIP, MOST, draw):
        names = [p.name for p in network.inputs]
        if len(names) > 1 or network.population(names[0]).value_bits > 1 or not is_one(network):
            continue
        path = folder / f"{seed}.spk"
        _program(network).save(path)
        try:
            Program.load(path)
        except SpikeplaneError:
            continue
        found.append((path, inputs[names[0]].astype(np.uint8)))
        if len(found) == COUNT:
            return found
    raise AssertionError(f"only {len(found)} networks of {kind}")


def _program(network: Network) -> Program:
    output = network.population(network.output).neuron
    assert output is not None
    return Program(
        name="net",
        config=CHIP,
        network=network,
        placement=place(network, CHIP),
        encoding=Encoding(kind="planes", steps=network.steps),
        readout="count" if output.kind.spikes else "last",
        probes=tuple(probes(network)),
        tables={},
    )


@pytest.mark.parametrize("kind", KINDS)
def test_random_networks_of_four_states(tmp_path: Path, kind: str) -> None:
    """One sample each; all populations are probed, so that the testbench sees them."""
    packets = 0
    for path, planes in programs(kind, tmp_path):
        folder = path.with_suffix("")
        np.save(tmp_path / "planes.npy", planes)
        told = call(
            "generate", "--program", path, "--sample", tmp_path / "planes.npy", "--number", 1, "-o", folder
        )  # fmt: skip
        assert (told[0], told[2]) == (0, "")
        packets += len((folder / "testbench" / "expected.mem").read_text().splitlines())
        passed, lines = in_icarus(folder)
        assert passed, lines
        assert [line.split()[0] for line in lines] == ["PASS:"]
    assert packets > 15 * COUNT
