"""Fused words on a simulator of four states: a word that nobody has set, and what a request reads that only writes, leak into no
packet, and all that is sent is what the golden model sends."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fused_drawn import fused_network
from icarus_board import IcarusBoard

from spikeplane.compiler.fit import try_fit
from spikeplane.compiler.images import build_image
from spikeplane.config import preset
from spikeplane.errors import SpikeplaneError
from spikeplane.host.driver import Driver
from spikeplane_sim.bench import icarus
from spikeplane_sim.golden import GoldenModel

CHIP = replace(
    preset("tiny"), weight_depth=2048, parameter_depth=64, populations=4, projections=16, spikes_per_cycle=2, narrow_tables=True,
    fused=True,
)  # fmt: skip
NETWORKS = 3
pytestmark = [
    pytest.mark.slow,
    pytest.mark.cosim,
    pytest.mark.skipif(not icarus.available(), reason=f"no Icarus Verilog here: {icarus.INSTALL}"),
]


def test_what_nobody_has_written_leaks_nowhere(tmp_path: Path) -> None:
    run = spikes = 0
    with IcarusBoard(CHIP, tmp_path) as board:
        for seed in range(20):
            network, given = fused_network(seed, CHIP)
            names = [p.name for p in network.populations if p.neuron is not None]
            given = {name: values[:1].astype(np.int64) for name, values in given.items()}
            try:
                placement, _ = try_fit(network, CHIP, names)
            except SpikeplaneError:
                continue
            image = build_image(network, placement, CHIP, names)
            golden = GoldenModel(network, membrane_bits=CHIP.membrane_bits, acc_bits=CHIP.acc_bits).run(given)
            driver = Driver(board, CHIP, network, placement, image)
            driver.load()
            found = driver.run(given)
            assert all(np.array_equal(found[name], golden[name]) for name in names), seed
            spikes += sum(int(np.count_nonzero(golden[name])) for name in names)
            run += 1
            if run == NETWORKS:
                break
    assert run == NETWORKS
    assert spikes > 200
