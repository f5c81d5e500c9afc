"""The camera of a chip driven without Python: images, raw planes and a fed population, as the golden models have them."""

import queue
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from exported import FLAGS, SANITIZED, built, compiled, example, outputs, port_of
from test_camera_chip import CAMERA, CHIP, CROP, cut, edges, generated, images_of

from spikeplane.host.device import Device
from spikeplane_sim.board import SimulatedBoard
from spikeplane_sim.board.faults import Faults, FaultyDevice
from spikeplane_sim.golden.board import GoldenBoard

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pseudo-terminals of Linux"),
    pytest.mark.skipif(shutil.which("make") is None or shutil.which("cc") is None, reason="no C compiler"),
]
SOURCE = Path(__file__).parent / "c" / "camera.c"
STEPS, SAMPLES, PLANES = 4, 3, 12
EVERY = 20  #: cycles between words of the sensor
DEFINES = (
    f"-DCROP={CROP.x0},{CROP.y0},{CROP.x1},{CROP.y1}",
    f"-DPLANES={PLANES}",
    f"-DIMAGES={len(range(0, PLANES - CAMERA.lookahead, 2))}",
    f"-DSAMPLES={SAMPLES}",
)


class Scene(Device):
    """A board whose camera sees what is put into `shown`."""

    def __init__(self, board: SimulatedBoard, line: Device) -> None:
        self.board, self.line = board, line
        self.shown = queue.SimpleQueue[np.ndarray]()

    def exchange(self, data: bytes) -> bytes:
        """See Device; planes go in here, in the thread that runs the clock."""
        while not self.shown.empty():
            self.board.show(self.shown.get(), every=EVERY)
        return self.line.exchange(data)

    def close(self) -> None:
        """Nothing to give back."""


def told(binary: Path, folder: Path, planes: np.ndarray, rate: float = 0) -> list[str]:
    """The lines of camera.c, which sees the planes each time that it is ready for them."""
    with SimulatedBoard(CHIP) as board:
        scene = Scene(board, FaultyDevice(board, Faults(5, rate), Faults(6, rate)))
        with port_of(scene) as port:
            process = subprocess.Popen(
                [binary, port, folder / "load.bin"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            lines = list(conversation(process, scene, planes))
            assert (process.wait(60), process.stderr.read() if process.stderr else "") == (0, ""), lines[-1]
    assert lines[-1] == "done"
    return lines


def conversation(process: subprocess.Popen[str], scene: Scene, planes: np.ndarray) -> Iterator[str]:
    """Its lines. A host that is slow loses no plane: the next is shown when the one before has come, but for the
    second time, when only one image comes, with the last of these planes."""
    assert process.stdin
    assert process.stdout
    times, waiting = 0, list[np.ndarray]()
    for line in process.stdout:
        if line == "ready\n":
            times += 1
            waiting = [planes[: CAMERA.lookahead + 1]] if times == 2 else [plane[None] for plane in planes]
            process.stdin.write("\n")
            process.stdin.flush()
        if waiting and (line == "ready\n" or line.startswith("picture 1 ")):
            scene.shown.put(waiting.pop(0))
        yield line.removesuffix("\n")


def pictures(told: str, stream: int) -> list[tuple[int, list[int]]]:
    """(number of the plane, values) of each that came of a stream."""
    found = [[int(n) for n in line.split()[1:]] for line in told.splitlines() if line.startswith("picture ")]
    return [(number, values) for which, number, *values in found if which == stream]


def check(lines: list[str], planes: np.ndarray) -> None:
    """Images and planes of the first scene, the image of the second, the spikes of two feeds."""
    program, expected = edges(STEPS), images_of(planes)
    first, second, *feeds = "\n".join(lines).replace("feed", "ready").split("ready")[1:]
    raw = [(number, plane.ravel().tolist()) for number, plane in enumerate(planes)]
    assert pictures(first, 0) == [
        (number, cut(expected[number], CROP).ravel().tolist()) for number in range(0, len(expected), 2)
    ]
    assert pictures(first, 1) == raw
    assert f"seen {PLANES} dropped 0 0" in first
    assert pictures(second, 0) == [(0, expected[0].ravel().tolist())]
    assert pictures(second, 1) == []
    crops = cut(planes, CROP).reshape(SAMPLES, STEPS, 1, *CROP.shape)
    golden = GoldenBoard(program).run({program.input.name: crops})
    assert len(feeds) == 4
    for asked, ran in (feeds[:2], feeds[2:]):
        assert asked.splitlines()[-1] == f"left {SAMPLES}"
        assert "left 0 dropped 0" in ran
        assert pictures(ran, 1) == raw
        found = outputs(program, ran, SAMPLES)
        assert all(np.array_equal(found[name], values) for name, values in golden.items())
    assert 0.02 < golden[program.network.output].mean() < 0.9
    assert len({image.tobytes() for image in expected}) == len(expected)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    crops = cut(generated(PLANES), CROP).reshape(SAMPLES, STEPS, 1, *CROP.shape)
    return built(edges(STEPS), tmp_path_factory.mktemp("camera"), crops)


def test_it_compiles_as_the_driver_does(folder):
    compiled(SOURCE, folder, *FLAGS, *DEFINES)
    assert "| `spikeplane_camera.h`, `.c` |" in (folder / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0, 2e-4])
def test_images_planes_and_a_fed_population(folder, rate):
    planes = generated(PLANES)
    binary = compiled(SOURCE, folder, *SANITIZED, *DEFINES)
    check(told(binary, folder, planes, rate), planes)


@pytest.mark.slow
def test_the_host_sends_the_planes(folder):
    """The same program without its camera: the example sends the samples."""
    program, planes = edges(STEPS), generated(PLANES)
    with SimulatedBoard(CHIP) as board, port_of(board) as port:
        done = example(folder, port, "-v", "-c")
    assert (done.returncode, done.stderr) == (0, "")
    crops = cut(planes, CROP).reshape(SAMPLES, STEPS, 1, *CROP.shape)
    golden = GoldenBoard(program).run({program.input.name: crops})
    found = outputs(program, done.stdout, SAMPLES)
    assert all(np.array_equal(found[name], values) for name, values in golden.items())
