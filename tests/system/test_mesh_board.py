"""A simulated board of routers and cores, each of one class, against the same chip in one model: equal bytes and
cycles after every call, whatever the mesh, with packets that wait for each other on every wire."""

import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_camera_chip import CAMERA, generated

from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.camera import Stream
from spikeplane.formats.packet import SEEK, Control, Counter, Kind, packet_format
from spikeplane.formats.tables import Memory
from spikeplane.host.camera import CameraPort
from spikeplane.host.channel import Channel, rect_fields
from spikeplane.host.device import Device
from spikeplane.host.packets import pack_many
from spikeplane_sim.board import SimulatedBoard, build
from spikeplane_sim.board.build import build_whole

pytestmark = pytest.mark.cosim
SMALLEST = ChipConfig.from_toml(Path(__file__).parents[2] / "examples/smallest.toml")
#: by rows and columns; every one needs a model of the whole chip beside the tiles
MESHES = [(1, 1), *(pytest.param(*mesh, marks=pytest.mark.slow) for mesh in ((2, 2), (1, 3), (3, 2)))]


class Both(Device):
    """Both boards of a chip as one device, which gives them the same bytes in pieces drawn at random."""

    def __init__(self, config: ChipConfig, seed: int = 1) -> None:
        self.rng, self.bytes = random.Random(seed), 0
        self.boards = [SimulatedBoard(config), SimulatedBoard(config, library=build_whole(config))]

    def exchange(self, data: bytes) -> bytes:
        """See Device."""
        answers = [self._both(data[:0])] if not data else []
        while data:
            size = self.rng.choice([1, 7, 100, len(data)])
            answers.append(self._both(data[:size]))
            data = data[size:]
        self.bytes += sum(map(len, answers))
        return b"".join(answers)

    def _both(self, data: bytes) -> bytes:
        tiles, whole = (board.exchange(data) for board in self.boards)
        assert tiles == whole
        assert self.boards[0].cycles == self.boards[1].cycles
        return tiles

    def close(self) -> None:
        """Close both."""
        for board in self.boards:
            board.close()


def traffic(config: ChipConfig, rng: random.Random, count: int) -> np.ndarray:
    """Packets to rectangles drawn at random: words written, words and counters asked for."""
    form, packets = packet_format(config), []
    for _ in range(count):
        x0, y0 = rng.randrange(config.cols), rng.randrange(config.rows)
        rect = rect_fields((x0, y0, rng.randrange(x0, config.cols), rng.randrange(y0, config.rows)))
        memory = rng.choice(list(Memory))
        seek = {"seek": 1, "data": SEEK.pack(memory=memory, address=rng.randrange(8))}
        kind, fields = rng.choice(
            [
                (Kind.WRITE, seek),
                (Kind.WRITE, {"data": rng.getrandbits(32)}),
                (Kind.READ, seek),
                (Kind.READ, {"data": rng.randrange(6)}),
                (Kind.CONTROL, {"op": Control.QUERY, "arg": rng.choice([Counter.FLAGS, Counter.PACKETS])}),
            ]
        )
        packets.append(pack_many(form, kind, 1, {**fields, **rect}))
    return np.concatenate(packets)


@pytest.mark.parametrize(("rows", "cols"), MESHES)
def test_random_packets(rows: int, cols: int) -> None:
    """More answers than the link can take: routers wait for it, and for each other."""
    config, rng = replace(SMALLEST, rows=rows, cols=cols), random.Random(rows * 10 + cols)
    with Both(config) as device:
        channel = Channel(device, config)
        assert channel.identify() == config.digest
        channel.control(Control.STOP)
        for _ in range(60):
            channel.exchange(traffic(config, rng, 60))
        for _ in range(8):  # cores that work for long while nothing moves around them
            channel.control(Control.START)
            channel.exchange()
            channel.control(Control.STOP)
            channel.control(Control.QUERY, Counter.SWEEPS)
            channel.exchange(traffic(config, rng, 20))
        while channel.exchange():
            pass
        assert device.bytes > 15_000


@pytest.mark.slow
def test_a_camera_stands_at_the_hosts_side() -> None:
    config = replace(preset("tiny"), camera=CAMERA)
    planes = generated(16)
    with Both(config) as device:
        port = CameraPort(Channel(device, config))
        port.restart()
        port.configure(Stream.IMAGES, every=1)
        for board in device.boards:
            board.show(planes, every=30)
        images = port.images(8)
        for board in device.boards:
            board.alone()
        assert [number for number, _ in images] == list(range(8))
        assert port.channel.query(Counter.LINK_ERRORS) == 0


@pytest.mark.slow
def test_a_chip_without_tiles() -> None:
    config = ChipConfig(rows=0, cols=0, lanes=8, camera=CAMERA)
    with SimulatedBoard(config) as board:
        assert Channel(board, config).identify() == config.digest


_TAKE = "      *from.ready = *to.ready;\n"
_LATE = """      static uint8_t late[64];
      uint8_t &before = late[&wires.back() - reinterpret_cast<const Wire *>(&source)];
      *from.ready = before;
      before = *to.ready;
"""
_EARLY = f"{_TAKE}      if (sink) sink->calls->clock(sink, cycles, rst);\n"
#: What is wrong: the file, what stands there, what stands there instead.
FAULTS = {
    "a node is clocked before all have what enters": ("mesh.h", _TAKE, _EARLY),
    "ready comes a cycle late": ("mesh.h", _TAKE, _LATE),
    "the wrong neighbour": ("mesh.h", "SOUTH, routers[i + cols], NORTH", "SOUTH, routers[i + cols - i % cols], NORTH"),
    "a node that rested is a cycle behind": ("node.cpp", "since = cycles + 1;", "since = cycles + 2;"),
    "a node that rested stands where it stood": ("node.cpp", "(cycles - node->since) % PERIOD; i;", "0; i;"),
    "a node rests whatever it does": ("rest.h", "good = same(seen", "good = true || same(seen"),
    "a node rests though something comes": ("mesh.h", "    if (node->rests) node->calls->wake(node, cycles);", ""),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_seen(name: str, monkeypatch) -> None:
    file, before, after = FAULTS[name]
    files = build.harness

    def broken(names: Iterable[str], *given: Any) -> dict[str, bytes]:
        found = files(names, *given)
        if file in found:
            assert found[file].count(before.encode()) == 1
            found[file] = found[file].replace(before.encode(), after.encode())
        return found

    monkeypatch.setattr(build, "harness", broken)
    with pytest.raises((AssertionError, SpikeplaneError)):
        test_random_packets(2, 2)
