"""A family, a board and a device each have one place: a dummy of each is added and built for without
an edit elsewhere."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from spikeplane.config import preset
from spikeplane.estimate import devices, families
from spikeplane.estimate.memories import block_rams
from spikeplane_hw import boards
from spikeplane_hw.build import design
from spikeplane_hw.families import FAMILIES, SOURCE
from spikeplane_hw.families.ecp5 import Ecp5
from spikeplane_hw.families.ice40 import Ice40

ROOT = Path(__file__).parents[2]


class Dummy(Ice40):
    """A family that differs by its constraints."""

    name = "dummy"
    constraints_file = "board.places"
    cells: Mapping[str, str] = {"LUT": "CELL", "FF": "REGISTER"}

    def places(self, name: str, pin: object) -> list[str]:
        return [f"place {name}"]


def test_every_family_and_device_of_a_board_is_known() -> None:
    assert set(FAMILIES) == set(families.FAMILIES)
    for board in boards.BOARDS.values():
        assert all(board.resources[title] > 0 for title in devices.TITLES)
        assert board.flow is FAMILIES[board.family]


def test_a_device_has_one_row() -> None:
    assert devices.device("xc7a100ti") is devices.DEVICES["XC7A100T"]
    assert devices.device("XC7A100T").memory == "135 x 36 kbit"
    assert boards.board("icebreaker").memory == "30 x 4 kbit, 4 x 256 kbit"
    with pytest.raises(KeyError):
        devices.device("xc7a100tx")


def test_a_board_of_a_known_family_is_a_row_and_its_device(monkeypatch: pytest.MonkeyPatch) -> None:
    device = replace(devices.device("LFE5U-85F"), name="LFE5U-12F", rams=32)
    monkeypatch.setitem(devices.DEVICES, device.name, device)
    monkeypatch.setattr("spikeplane_hw.families.ecp5._SIZES", {"LFE5U-12F": "--12k"})
    made = replace(boards.board("ulx3s-85f"), name="ulx3s-12f", device="LFE5U-12F", clock=50)
    monkeypatch.setitem(boards.BOARDS, made.name, made)
    board = boards.board("ulx3s-12f")
    assert board.memory == "32 x 18 kbit"
    assert isinstance(board.flow, Ecp5)
    assert board.flow.placement(board, 1)[1] == "--12k"
    assert 'LOCATE COMP "clk"' in design(board, None)["board.lpf"]


def test_a_family_is_a_class_and_what_estimates_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "dummy", Dummy())
    monkeypatch.setitem(families.FAMILIES, "dummy", families.Family(shapes=((64, 1),), lut_memory=False))
    board = replace(boards.board("icebreaker"), name="dummy", family="dummy")
    files = design(board, None)
    assert files["board.places"].splitlines() == ["place clk", "place rx", "place tx", "place rst"]
    assert "spikeplane_board" in files[SOURCE]
    assert board.flow.resources("  CELL: 3/ 9\n REGISTER: 2/ 9", "") == {"LUT": (3, 9), "FF": (2, 9)}
    assert block_rams(preset("tiny"), "dummy") > block_rams(preset("tiny"), "ice40")


def test_no_name_of_a_family_is_asked_for_elsewhere() -> None:
    """What depends on the family is asked of its class."""
    for folder in ("hw", "sim", "sw"):
        for path in (ROOT / folder).rglob("*.py"):
            assert "family ==" not in path.read_text().replace("if family == BASE", ""), path
