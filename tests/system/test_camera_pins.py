"""A spike camera at the pins of a board: its words in parallel, the images out of the UART, bit by bit."""

from dataclasses import replace

import numpy as np
import pytest

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.region import whole
from spikeplane.cli.boards import pin_board
from spikeplane.config import preset
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.camera import Stream
from spikeplane.host.camera import CameraPort
from spikeplane.host.channel import Channel
from spikeplane_sim.golden.camera import Reconstruction

pytestmark = pytest.mark.cosim
CAMERA = CameraConfig(width=32, height=24, pixels=8, lookahead=3, output_bits=12)
CHIP = replace(preset("tiny"), camera=CAMERA)


def test_images_of_planes_at_the_pins_are_the_golden_models() -> None:
    """Every fourth image. At 20,000 planes a second there are more than the line carries: those
    that come are whole and the rest is counted; slower, all come."""
    rng = np.random.default_rng(5)
    light = np.linspace(0, 0.7, 24 * 32).reshape(24, 32)
    planes = (rng.random((24, 24, 32)) < light).astype(np.uint8)
    expected = [image.cpu().numpy() for image in Reconstruction(CAMERA).images(planes)]
    with pin_board(CHIP) as board:
        port = CameraPort(Channel(board, CHIP))
        assert port.channel.identify() == CHIP.digest
        fast = int(board.clock_hz / 20_000 / CAMERA.words)
        for every, numbers in ((fast, [0, 4]), (600, [0, 4, 8, 12, 16, 20])):
            port.restart()
            port.configure(Stream.IMAGES, every=4, region=whole(CAMERA))
            board.show(planes, every=every)
            got = port.images(6)
            assert [number for number, _ in got] == numbers
            for number, image in got:
                np.testing.assert_array_equal(image, expected[number])
            assert (port.overruns(), port.planes_seen()) == (6 - len(got), 24)
            port.clear()
        with pytest.raises(
            SpikeplaneError, match=r"^the camera takes planes \(n, 24, 32\), not \(1, 5, 5\)$"
        ):
            board.show(np.zeros((1, 5, 5), dtype=np.uint8))
