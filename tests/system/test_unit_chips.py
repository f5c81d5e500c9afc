"""Chips of units alone on the simulated board, at the byte link and at the pins: a camera's images are the golden
model's; a unit that no file of the packages knows is set and read by the host, and its pins are seen."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from light_unit import LIGHT, SUM, Light, LightChip, LightConfig

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.region import Region, whole
from spikeplane.cli.boards import pin_board
from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.camera import Stream
from spikeplane.formats.packet import Control, Counter
from spikeplane.host.camera import CameraPort
from spikeplane.host.channel import Channel
from spikeplane_gateware.units.known import UNITS
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.camera import Reconstruction

pytestmark = pytest.mark.cosim
CAMERA = CameraConfig(width=16, height=12, pixels=4, lookahead=2)
CHIP = LightChip(
    rows=0, cols=0, lanes=8, coord_bits=1, group_bits=1, camera=CAMERA, light=LightConfig(lights=5)
)


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a new unit adds to `units/known.py`."""
    monkeypatch.setitem(UNITS, "light", Light())


@pytest.fixture(params=["bytes", "pins"])
def board(request: pytest.FixtureRequest, _known: None) -> Iterator[Any]:
    with SimulatedBoard(CHIP) if request.param == "bytes" else pin_board(CHIP) as device:
        yield device


def planes_of(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    light = np.linspace(0.05, 0.8, CAMERA.width * CAMERA.height).reshape(CAMERA.height, CAMERA.width)
    return (rng.random((count, CAMERA.height, CAMERA.width)) < light).astype(np.uint8)


def test_a_camera_without_cores(board: Any) -> None:
    """Every image, whole; then every second of a region; what goes to cores meanwhile is dropped."""
    channel = Channel(board, CHIP)
    assert channel.identify() == CHIP.digest
    port, planes = CameraPort(channel), planes_of(12, 1)
    expected = [image.cpu().numpy() for image in Reconstruction(CAMERA).images(planes)]
    assert len({image.tobytes() for image in expected}) == len(expected) == 10
    for every, region in ((1, whole(CAMERA)), (2, Region(3, 2, 11, 9))):
        port.restart()
        port.configure(Stream.IMAGES, every=every, region=region)
        for op in (Control.START, Control.STOP):
            channel.control(op)
        board.show(planes, every=1500)
        got = port.images(len(expected))
        assert [number for number, _ in got] == list(range(0, len(expected), every))
        for number, image in got:
            np.testing.assert_array_equal(image, region.of(expected[number]))
        assert (port.overruns(), port.planes_seen()) == (0, len(planes))
    assert channel.query(Counter.LINK_ERRORS) == 0
    with pytest.raises(SpikeplaneError, match=r"does not answer \(asked for flags\)$"):
        channel.query(Counter.FLAGS, (0, 0))


def test_a_new_unit(board: Any) -> None:
    """Behind the camera in the chain: neither sees the other's packets."""
    channel = Channel(board, CHIP)
    port = CameraPort(channel)
    for level in (0, 21, 10, 31):
        channel.bridge(LIGHT, level)  # type: ignore[arg-type]
        assert port.planes_seen() == 0  # what was sent before has been done
        assert board.units.level("light_level") == level
    words = np.random.default_rng(2).integers(1, 1 << 20, 50)
    board.units.give("light", words, every=7)
    port.configure(Stream.PLANES, every=1)
    planes = planes_of(3, 3)
    board.show(planes, every=900)
    np.testing.assert_array_equal(np.stack([plane for _, plane in port.planes(3)]), planes)
    assert channel.query(SUM) == words.sum()  # type: ignore[arg-type]
    assert channel.query(Counter.IDENTITY) >> 16 == 0x5350


def test_pins_that_are_not_there(board: Any) -> None:
    calls = {
        lambda: board.units.level("lamp"): "this chip has no output 'lamp'; there are: light_level",
        lambda: board.units.set("lamp", 1): "this chip has no input 'lamp'; there are: none",
        lambda: board.units.give("lamp", np.zeros(1), 1): (
            "this chip has no unit of words 'lamp'; there are: camera, light"
        ),
    }
    for call, message in calls.items():
        with pytest.raises(SpikeplaneError) as refused:
            call()
        assert str(refused.value) == message


def test_a_camera_alone() -> None:
    """As a user has it: the one unit that there is, no more."""
    chip = ChipConfig(rows=0, cols=0, lanes=8, camera=CAMERA)
    planes = planes_of(8, 4)
    expected = [image.cpu().numpy() for image in Reconstruction(CAMERA).images(planes)]
    with SimulatedBoard(chip) as board:
        port = CameraPort(Channel(board, chip))
        port.configure(Stream.IMAGES, every=1)
        board.show(planes, every=40)
        board.alone()
        got = port.images(len(expected))
        assert [number for number, _ in got] == list(range(len(expected)))[: len(got)]
        assert port.overruns() == len(expected) - len(got)
        assert len(got) >= 1
        for number, image in got:
            np.testing.assert_array_equal(image, expected[number])
