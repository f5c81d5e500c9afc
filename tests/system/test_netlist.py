"""The synthesised netlist of the `tiny` chip, as ECP5 cells, under the tests of the RTL: lockstep
with the golden model. Slowly also that of a chip with two spikes a cycle, whose block RAMs read with both ports, and with
multipliers that shift; and of one with two spikes a cycle, fused words and tables that share memories."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chips import lockstep
from fused_drawn import fitted, fused_network
from networks import random_network

from spikeplane.compiler import build_image, place
from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane_sim.bench.programs import NETWORKS
from spikeplane_sim.netlist import build_netlist, cached_netlist, cell_counts, flipped, luts

pytestmark = pytest.mark.cosim
TINY = preset("tiny")
CHIPS = [
    TINY,
    pytest.param(replace(TINY, spikes_per_cycle=2, shift_multiplier=True), marks=pytest.mark.slow),
    pytest.param(replace(TINY, spikes_per_cycle=2, narrow_tables=True, fused=True), marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=CHIPS, ids=["plain", "options", "fused"])
def chip(request: pytest.FixtureRequest) -> ChipConfig:
    return request.param


@pytest.fixture(scope="module")
def library(chip: ChipConfig) -> Path:
    return build_netlist(chip)


def test_only_cells_are_in_the_netlist(chip: ChipConfig) -> None:
    netlist = cached_netlist(chip).read_text()
    known = {"LUT4", "PFUMX", "L6MUX21", "CCU2C", "TRELLIS_FF", "TRELLIS_DPR16X4", "DP16KD", "MULT18X18D"}
    counts = cell_counts(netlist)
    assert set(counts) <= known
    assert counts["LUT4"] == len(luts(netlist)) > 1000
    each = 1 + chip.shift_multiplier
    assert counts["MULT18X18D"] == each * chip.lanes, (
        "one multiplier a lane, of the leak, and one of the shift"
    )

    nameless = re.sub(r'/\*.*?\*/|\\\S+|"[^"]*"', "", netlist)
    assert not re.search(r"\b(always|initial|case|if)\b", nameless)
    assert not re.search(r"assign [^;]*[-+*?&|^~]", nameless), "logic outside the cells"


@pytest.mark.parametrize("name", ["convolution", "recurrent", "held"])
def test_the_bench_networks(chip: ChipConfig, library: Path, name: str) -> None:
    network, inputs = NETWORKS[name](np.random.default_rng(7))
    if chip.fused:
        network = fitted(network, chip)
    result = lockstep(network, inputs, chip, library)
    assert result.spikes > 50
    assert result.mismatches == 0, str(result)


def test_random_networks(chip: ChipConfig, library: Path) -> None:
    """The networks of test_random.py that fit the chip."""
    run = 0
    for seed in range(60):
        network, inputs = (fused_network if chip.fused else random_network)(seed, chip)
        try:
            build_image(
                network,
                place(network, chip),
                chip,
                [p.name for p in network.populations if p.neuron is not None],
            )
        except SpikeplaneError:
            continue
        result = lockstep(network, inputs, chip, library)
        assert result.mismatches == 0, f"network {seed}: {result}"
        run += 1
    assert run >= 20


@pytest.mark.slow
def test_one_wrong_bit_of_one_lut_is_found() -> None:
    """In front of lane 3's adder, the output for inputs that are all 0. The first difference is named by
    step, population and neuron."""

    def fault(netlist: str) -> str:
        name = min(name for name in luts(netlist) if "accumulate.base_3_" in name)
        return flipped(netlist, name, 0)

    broken = build_netlist(TINY, change=fault)
    network, inputs = NETWORKS["recurrent"](np.random.default_rng(7))
    result = lockstep(network, inputs, TINY, broken)
    assert result.mismatches > 0
    place = r"first difference: sample \d+, step \d+, population '(loop|sum)', neuron \(c=\d+, y=0, x=0\): chip -?\d+, golden -?\d+"
    assert re.search(place, result.first or "")


def test_a_lut_that_is_not_there() -> None:
    with pytest.raises(SpikeplaneError) as caught:
        flipped("", "x", 0)
    assert str(caught.value) == "the netlist has no LUT4 'x'"
