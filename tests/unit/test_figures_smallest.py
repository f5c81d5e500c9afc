"""The smallest core's figure: its options make a chip, and operations a second and cell are what they are called."""

from dataclasses import replace

import numpy as np
import pytest

from spikeplane.config import preset
from spikeplane_sim.figures import smallest, utilisation
from spikeplane_sim.figures.synthesis import Usage


def test_every_core_is_a_chip() -> None:
    for fields in smallest.CORES.values():
        assert replace(preset("small"), **fields) != preset("small")
        assert replace(utilisation.CHIP, **fields).lanes == 16


def test_operations_are_weights_that_are_added() -> None:
    network = utilisation.layers()[smallest.LAYER]
    weights = network.projections[0].weight
    added = np.einsum(
        "oi,si->", np.ones_like(weights[:, :, 0, 0]), utilisation.inputs(network)[0, :, :, 0, 0]
    )
    assert utilisation.operations(network) == added > 4_000_000


def test_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Usage(7000, 7800, 88, 20, mhz) for mhz in (100.0, 120.0, 110.0)]
    monkeypatch.setattr(smallest, "clocks", lambda config, seeds: found)
    monkeypatch.setattr(smallest, "operations", lambda fields: 14.0)
    columns = {str(column.header): list(column.cells) for column in smallest.table().columns}
    assert columns["cells"] == ["9,118", "7,000", "7,000"]
    assert columns["median"] == ["", "110.0", "110.0"]
    assert columns["operations /s/cell"] == ["", "220,000", "220,000"]
