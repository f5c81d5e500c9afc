"""Gates, a table, presentations and two spikes a cycle on a simulator of four states: what nobody has written leaks into no packet,
and all that is sent is what the golden model sends."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gatings import gated, latched, planes
from icarus_board import IcarusBoard

from spikeplane.compiler.images import build_image
from spikeplane.compiler.place import place
from spikeplane.config import preset
from spikeplane.host.driver import Driver
from spikeplane.program.laid import laid_out
from spikeplane_sim.bench import icarus
from spikeplane_sim.golden import GoldenModel

CHIP = replace(
    preset("tiny"), weight_depth=512, acc_depth=128, membrane_depth=64, parameter_depth=64, populations=12, projections=32, row_depth=64,
    column_depth=64, group_depth=64, dynamic_depth=64, dynamic_bits=8, gates=True, tables=1, presentations=2, step_bits=1,
    spikes_per_cycle=2,
)  # fmt: skip
pytestmark = [
    pytest.mark.slow,
    pytest.mark.cosim,
    pytest.mark.skipif(not icarus.available(), reason=f"no Icarus Verilog here: {icarus.INSTALL}"),
]


def equal(folder: Path) -> bool:
    """A gate by channel of values, then attention over two steps."""
    networks = (
        (gated(shape=(6, 1, 2), steps=2), planes((6, 1, 2), 2, 2)),
        (latched(2, 2, (4, 1, 1), 1), planes((4, 1, 1), 2, 2)),
    )
    with IcarusBoard(CHIP, folder) as board:
        for network, given in networks:
            laid = laid_out(network, CHIP)
            placement = place(laid, CHIP)
            names = [p.name for p in network.populations if p.neuron is not None]
            golden = GoldenModel(network, membrane_bits=CHIP.membrane_bits, acc_bits=CHIP.acc_bits).run(given)
            driver = Driver(board, CHIP, laid, placement, build_image(laid, placement, CHIP, names))
            driver.load()
            found = driver.run(given)
            assert all(golden[name].any() for name in names)
            if not all(np.array_equal(found[name], golden[name]) for name in names):
                return False
    return True


def test_what_nobody_has_written_leaks_nowhere(tmp_path: Path) -> None:
    assert equal(tmp_path)
