"""A chip with a camera, end to end on the simulated board: images and planes through the byte link,
a population fed by the camera.

One small chip for all of it: the cores of `tiny`, a camera of 32x24 pixels, 8 a cycle.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

import spikeplane
from spikeplane.camera.config import CameraConfig
from spikeplane.camera.light import moving
from spikeplane.camera.recording import open_recording
from spikeplane.camera.region import Region, whole
from spikeplane.camera.sensor import SensorModel, record
from spikeplane.config import preset
from spikeplane.encoding import Encoding
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.camera import Stream
from spikeplane.host.camera import CameraPort
from spikeplane.host.channel import Channel
from spikeplane.host.driver import Driver
from spikeplane.program import Program
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.golden.board import GoldenBoard
from spikeplane_sim.golden.camera import Reconstruction

pytestmark = pytest.mark.cosim
CLIP = Path(__file__).parents[2] / "../shared/data/spike_camera/reds_200_part1.dat"
CAMERA = CameraConfig(width=32, height=24, pixels=8, lookahead=3, output_bits=12)
CHIP = replace(preset("tiny"), camera=CAMERA)
CROP = Region(9, 5, 24, 16)


@pytest.fixture
def board() -> Iterator[SimulatedBoard]:
    with SimulatedBoard(CHIP) as device:
        yield device


def generated(count: int) -> np.ndarray:
    """A picture of blobs passing by, as the sensor sees it: (count, 24, 32) of 0 and 1."""
    y, x = np.mgrid[:60, :200]
    picture = (127 + 120 * np.sin(x / 3.1) * np.cos(y / 2.3)).astype(np.uint8)
    light = moving(picture, lambda plane: (plane * 0.4, plane * 0.1), (32, 24), count)
    return np.stack(list(record(light, SensorModel(seed=3)))).astype(np.uint8)


def recorded(count: int) -> np.ndarray:
    """A piece of a real scene's clip, of the camera's size."""
    if not CLIP.exists():
        pytest.skip("needs ../shared/data/spike_camera")
    with open_recording(CLIP, (400, 250)) as recording:
        return recording.read(100, 100 + count)[:, 120:144, 200:232].astype(np.uint8)


CLIPS = {"generated": generated, "recorded": recorded}


def images_of(planes: np.ndarray) -> list[np.ndarray]:
    return [image.cpu().numpy() for image in Reconstruction(CAMERA).images(planes)]


def cut(image: np.ndarray, region: Region) -> np.ndarray:
    return image[..., region.y0 : region.y1 + 1, region.x0 : region.x1 + 1]


@pytest.mark.parametrize("clip", CLIPS)
def test_images_are_the_golden_models(board: SimulatedBoard, clip: str) -> None:
    """Every image, whole; then, after a restart, every second one of a region."""
    planes = CLIPS[clip](24)
    expected = images_of(planes)
    port = CameraPort(Channel(board, CHIP))
    assert port.channel.identify() == CHIP.digest
    for every, region in ((1, whole(CAMERA)), (2, CROP)):
        port.restart()
        port.configure(Stream.IMAGES, every=every, region=region)
        board.show(planes, every=30)
        got = port.images(len(expected))
        assert [number for number, _ in got] == list(range(0, len(expected), every))
        for number, image in got:
            np.testing.assert_array_equal(image, cut(expected[number], region))
        assert port.overruns() == 0
        assert port.planes_seen() == len(planes)


def test_planes_and_triggered_images(board: SimulatedBoard) -> None:
    """Raw planes are the clip; an image comes for each trigger only."""
    planes = generated(16)
    expected = images_of(planes)
    port = CameraPort(Channel(board, CHIP))
    port.configure(Stream.PLANES, every=1)
    board.show(planes[:10], every=10)
    got = port.planes(10)
    assert [number for number, _ in got] == list(range(10))
    np.testing.assert_array_equal(np.stack([plane for _, plane in got]), planes[:10])
    port.configure(Stream.PLANES)
    port.configure(Stream.IMAGES, region=CROP)
    port.trigger()
    board.show(planes[10:], every=2)
    (number, image), *more = port.images(2)
    assert (number, more) == (7, [])  # plane 10's image is that of plane 7, three before it
    np.testing.assert_array_equal(image, cut(expected[7], CROP))


def test_a_host_that_does_not_read_loses_whole_images_and_is_told(board: SimulatedBoard) -> None:
    """At full rate, nobody reading: what was held comes whole and right, and what did not fit is counted."""
    planes = generated(40)
    expected = images_of(planes)
    port = CameraPort(Channel(board, CHIP))
    port.configure(Stream.IMAGES, every=1)
    port.configure(Stream.PLANES, every=1)
    board.show(planes)
    board.alone()
    board.alone(1000)
    images, raw = port.images(40), port.planes(40)
    assert 1 <= len(images) < 37
    assert 1 <= len(raw) < 40
    for number, image in images:
        np.testing.assert_array_equal(image, expected[number])
    for number, plane in raw:
        np.testing.assert_array_equal(plane, planes[number])
    assert port.overruns(Stream.IMAGES) == 37 - len(images)
    assert port.overruns(Stream.PLANES) == 40 - len(raw)
    assert port.overruns(Stream.CHIP) == 37
    port.clear()
    assert [port.overruns(stream) for stream in Stream] == [0, 0, 0, 0]


def edges(steps: int) -> Program:
    """Four 3x3 filters and leaky neurons, for crops of CROP's size."""
    kernels = torch.tensor(
        [[[-1, 0, 1]] * 3, [[-1] * 3, [0] * 3, [1] * 3], [[1] * 3] * 3, [[0, 1, 0], [1, -3, 1], [0, 1, 0]]]
    )
    layer = nn.Conv2d(1, 4, 3, padding=1, bias=False)
    layer.weight.data = kernels.reshape(4, 1, 3, 3) / 4
    model = nn.Sequential(layer, neuron.LIFNode(tau=2.0, decay_input=False))
    encoding = Encoding(kind="planes", steps=steps)
    return spikeplane.compile(model, chip=CHIP, input_shape=(1, *CROP.shape), encoding=encoding, name="edges")


def driver_of(board: SimulatedBoard, program: Program) -> Driver:
    driver = Driver(board, CHIP, program.network, program.placement, program.image)
    driver.identify()
    driver.load()
    return driver


@pytest.mark.parametrize("clip", CLIPS)
def test_a_population_fed_by_the_camera(board: SimulatedBoard, clip: str) -> None:
    """A crop filtered on the cores while images of all of it go to the host: spike for spike the
    golden model's, twice."""
    samples, steps = 3, 8
    program, planes = edges(steps), CLIPS[clip](samples * steps)
    crops = cut(planes, CROP).reshape(samples, steps, 1, *CROP.shape)
    golden = GoldenBoard(program).run({program.input.name: crops})
    driver = driver_of(board, program)
    port = CameraPort(driver)
    for _ in range(2):
        port.restart()
        port.configure(Stream.IMAGES, every=6)
        collector = port.feed(driver, samples=samples, steps=steps, region=CROP)
        board.show(planes, every=60)
        outputs = driver.collect(collector, samples, steps)
        for name, values in golden.items():
            np.testing.assert_array_equal(outputs[name], values, err_msg=name)
        assert port.overruns(Stream.FEED) == 0
        assert port.samples_left() == 0
        expected = images_of(planes)
        for number, image in port.images(4):
            np.testing.assert_array_equal(image, expected[number])
    spikes = golden[program.network.output]
    assert 0.02 < spikes.mean() < 0.9
    # The same chip takes the same planes from the host as well.
    np.testing.assert_array_equal(driver.run({program.input.name: crops})[program.network.output], spikes)


def test_a_camera_too_fast_for_the_cores_drops_planes(board: SimulatedBoard) -> None:
    """At full rate the feed leaves planes out and counts them; what it feeds are whole planes, in order."""
    program, planes = edges(4), generated(80)
    driver = driver_of(board, program)
    port = CameraPort(driver)
    collector = port.feed(driver, samples=2, steps=4, region=CROP)
    board.show(planes)
    outputs = driver.collect(collector, 2, 4)[program.network.output]
    dropped = port.overruns(Stream.FEED)
    assert dropped > 0
    crops = cut(planes, CROP)[:, None]
    chosen = follow(program, outputs[0], crops, [])
    assert chosen is not None
    assert max(chosen) - min(chosen) > 3  # not the first four in a row


def follow(program: Program, outputs: np.ndarray, crops: np.ndarray, chosen: list[int]) -> list[int] | None:
    """Increasing numbers of planes that give these outputs of a sample, (T, C, H, W); None if there
    are none."""
    done = len(chosen)
    if done == len(outputs):
        return chosen
    for at in range(chosen[-1] + 1 if chosen else 0, len(crops)):
        tried = [*chosen, at]
        steps = np.stack([*(crops[k] for k in tried), *[np.zeros_like(crops[0])] * (len(outputs) - done - 1)])
        golden = GoldenBoard(program).run({program.input.name: steps[None]})[program.network.output]
        if np.array_equal(golden[0, done], outputs[done]):
            found = follow(program, outputs, crops, tried)
            if found:
                return found
    return None


def test_planes_that_do_not_fit_are_refused(board: SimulatedBoard) -> None:
    with pytest.raises(SpikeplaneError) as error:
        board.show(np.zeros((2, 24, 31), dtype=np.uint8))
    assert str(error.value) == "the camera takes planes (n, 24, 32), not (2, 24, 31)"
