"""Bench of the camera's unit: planes stream in with gaps, the host's port sets what is taken, every
image is the golden model's.

```
    CameraPort -- packets --> link_i -+
    planes --> camera_valid, _plane --+--> CameraUnit --> link_o --> CameraPort: images, raw planes
```
"""

import random
from types import SimpleNamespace
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from spikeplane.formats.camera import Stream
from spikeplane.formats.packet import Control, Kind, packet_format
from spikeplane.host.camera import CameraPort
from spikeplane_sim.bench.designs import design
from spikeplane_sim.bench.streams import Ends, Stall
from spikeplane_sim.golden.camera import Reconstruction

CONFIG = design("camera").config
FORM = packet_format(CONFIG)


class Bench:
    """The unit between host and bridge; `port` is the host's."""

    def __init__(self, dut: Any, stalling: bool) -> None:
        assert CONFIG.camera is not None
        self.dut, self.camera, self.ends = dut, CONFIG.camera, Ends(dut)
        stall = lambda: Stall(never=not stalling)  # noqa: E731
        self.from_host, self.from_bridge = (
            self.ends.source("link_i", stall()),
            self.ends.source("bridge_i", stall()),
        )
        self.to_host = self.ends.sink("link_o", stall(), self._take)
        self.to_bridge = self.ends.sink("bridge_o", stall())
        dut.camera_valid.value, dut.camera_plane.value, dut.image_open.value = 0, 0, 0
        self.others: list[int] = []
        channel: Any = SimpleNamespace(
            config=CONFIG, form=FORM, bridge=self._bridge, query=lambda _: 0, on_images=None
        )
        self.channel, self.port = channel, CameraPort(channel)

    def _bridge(self, op: Control, arg: int = 0) -> None:
        self.from_host.queue.append(FORM.pack(Kind.CONTROL, host=1, op=op, arg=arg))

    def _take(self, word: int) -> None:
        if FORM.unpack(word)[0] == Kind.IMAGE:
            packet = np.frombuffer(word.to_bytes(FORM.size, "little"), dtype=np.uint8)
            self.channel.on_images(packet.reshape(1, FORM.size))
        else:
            self.others.append(word)

    async def show(self, planes: np.ndarray, gap: float) -> None:
        """The planes (n, H, W), a word of P pixels at a time; `gap`: how often a cycle has none."""
        for row in planes.reshape(-1, self.camera.pixels):
            while random.random() < gap:
                await self._cycle(0, 0)
            await self._cycle(1, sum(int(bit) << k for k, bit in enumerate(row)))
        await self._cycle(0, 0)

    async def _cycle(self, valid: int, word: int) -> None:
        await FallingEdge(self.dut.clk)
        self.dut.camera_valid.value, self.dut.camera_plane.value = valid, word
        await self.ends.turn()


@cocotb.test()
@cocotb.parametrize(stalling=[False, True])
async def images_and_planes_are_those_of_the_golden_model(dut: Any, stalling: bool) -> None:
    """Both streams at once. A slow host makes the chip drop whole images: those that come are right."""
    bench = Bench(dut, stalling)
    camera = bench.camera
    planes = (
        np.random.default_rng(random.randrange(1 << 30)).random((12, camera.height, camera.width)) < 0.4
    ).astype(np.uint8)
    await bench.ends.start()
    bench.port.configure(Stream.IMAGES, every=1)
    bench.port.configure(Stream.PLANES, every=2)
    await bench.ends.until(lambda: not bench.from_host.queue, 2000, "the settings taken")
    await bench.ends.run(20)
    await bench.show(planes, 0.3)
    await bench.ends.run(1500)
    golden = [np.asarray(image) for image in Reconstruction(camera).images(planes)]
    images, raw = (bench.port._receivers[which].done for which in (Stream.IMAGES, Stream.PLANES))
    assert len(images) > 3, f"{len(images)} images came"
    assert len(raw) > 3, f"{len(raw)} planes came"
    for number, image in images:
        assert np.array_equal(image, golden[number]), f"image {number}"
    for number, plane in raw:
        assert np.array_equal(plane, planes[number]), f"plane {number}"


@cocotb.test()
async def other_packets_pass(dut: Any) -> None:
    """What is not the camera's goes through the unit unchanged."""
    bench = Bench(dut, True)
    await bench.ends.start()
    down = [FORM.pack(Kind.WRITE, (0, 0, 0, 1), data=n) for n in range(60)]
    up = [FORM.pack(Kind.REPLY, host=1, counter=3, value=n) for n in range(60)]
    bench.from_host.queue.extend(down)
    bench.from_bridge.queue.extend(up)
    await bench.ends.until(
        lambda: len(bench.to_bridge.got) >= 60 and len(bench.others) >= 60, 20_000, "all packets"
    )
    assert (bench.to_bridge.got, bench.others) == (down, up)
