"""The camera's unit from link to bridge in Amaranth's simulator, as the tests of it and of the feed
drive it."""

import random
from dataclasses import replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from camera_streams import gaps, read, simulate, words_of

from spikeplane.camera.config import CameraConfig
from spikeplane.camera.region import Region
from spikeplane.compiler import build_image, place
from spikeplane.config import ChipConfig
from spikeplane.formats.packet import Control, Counter, Kind, packet_format
from spikeplane.formats.training import TrainingKind
from spikeplane.host.camera import CameraPort
from spikeplane.host.driver import Driver
from spikeplane.network import Network, Neuron, Population, Projection
from spikeplane_gateware.units.camera.unit import CameraUnit

CHIP = ChipConfig(rows=1, cols=2, lanes=8, weight_depth=64, acc_depth=1024, membrane_depth=1024)


class StandIn(wiring.Component):
    """Gives the plane itself, 255 for a set bit, `latency` cycles later."""

    latency = 21

    def __init__(self, config: CameraConfig) -> None:
        self.config = config
        inputs = {"valid": In(1), "plane": In(config.pixels), "restart": In(1), "image_valid": Out(1)}
        outputs = {
            "image": Out(8 * config.pixels),
            "image_first": Out(1),
            "image_last": Out(1),
            "image_number": Out(32),
        }
        super().__init__({**inputs, **outputs})

    def elaborate(self, platform: object) -> Module:
        m: Any = Module()
        port: Any = self
        at, number = Signal(range(self.config.words)), Signal(32)
        ends = at == self.config.words - 1
        now: Any = Cat(port.valid & ~port.restart, port.plane, at == 0, ends, number)
        for _ in range(self.latency):
            late = Signal(len(now))
            m.d.sync += late.eq(now)
            now = late
        with m.If(port.valid):
            m.d.sync += at.eq(at + 1)
            with m.If(ends):
                m.d.sync += [at.eq(0), number.eq(number + 1)]
        with m.If(port.restart):
            m.d.sync += [at.eq(0), number.eq(0)]
        pixels = self.config.pixels
        m.d.comb += [
            port.image_valid.eq(now[0]),
            port.image_first.eq(now[pixels + 1]),
            port.image_last.eq(now[pixels + 2]),
            port.image.eq(Cat(*[now[1 + k].replicate(8) for k in range(pixels)])),
            port.image_number.eq(now[pixels + 3 :]),
        ]
        return m


class Unit:
    """A CameraUnit, the host's port writing to it, and what comes out. `stall`: how often each
    reader pauses."""

    def __init__(
        self, camera: CameraConfig, *, stall: float = 0.0, seed: int = 0, chip: ChipConfig = CHIP
    ) -> None:
        self.chip, self.camera, self.form = (
            replace(chip, camera=camera),
            camera,
            packet_format(replace(chip, camera=camera)),
        )
        self.rng, self.stall = random.Random(seed), stall
        self.sent: list[int] = []  # by the port, not yet in
        self.to_host: list[Any] = []
        self.to_bridge: list[Any] = []
        channel: Any = SimpleNamespace(
            config=self.chip, form=self.form, bridge=self._bridge, query=self._query, on_images=None
        )
        self.port = CameraPort(channel)
        self.channel = channel

    @cached_property
    def dut(self) -> Any:
        return CameraUnit(self.chip, StandIn(self.camera))

    def _bridge(self, op: Control, arg: int = 0) -> None:
        self.sent.append(self.form.pack(Kind.CONTROL, host=1, op=op, arg=arg))

    def _query(self, counter: Counter) -> int:
        self._bridge(Control.QUERY, counter)
        return 0

    async def write(self, ctx: Any) -> None:
        """What the port has written goes in."""
        for packet in self.sent:
            ctx.set(self.dut.link_i.payload.as_value(), packet)
            ctx.set(self.dut.link_i.valid, 1)
            await ctx.tick().until(self.dut.link_i.ready)
        ctx.set(self.dut.link_i.valid, 0)
        self.sent.clear()
        await ctx.tick().repeat(3)

    async def show(self, ctx: Any, planes: np.ndarray, gap: float, words: int | None = None) -> None:
        pause = gaps(len(planes), gap)
        for plane in planes:
            for word in words_of(self.camera, plane, 1)[:words]:
                ctx.set(self.dut.camera_valid, 0)
                for _ in range(pause()):
                    await ctx.tick()
                ctx.set(self.dut.camera_valid, 1)
                ctx.set(self.dut.camera_plane, word)
                await ctx.tick()
        ctx.set(self.dut.camera_valid, 0)

    def unpacked(self, packets: list[Any]) -> list[tuple[Kind | TrainingKind, dict[str, int]]]:
        return [
            self.form.unpack(packet.as_bits() if hasattr(packet, "as_bits") else int(packet))
            for packet in packets
        ]

    def deliver(self) -> list[tuple[Kind | TrainingKind, dict[str, int]]]:
        """Image packets to the port's receivers; the others are returned."""
        rows = [packet.as_bits().to_bytes(self.form.size, "little") for packet in self.to_host]
        kinds = self.unpacked(self.to_host)
        images = [row for row, (kind, _) in zip(rows, kinds, strict=True) if kind == Kind.IMAGE]
        if images:
            self.channel.on_images(
                np.frombuffer(b"".join(images), dtype=np.uint8).reshape(-1, self.form.size)
            )
        return [(kind, fields) for kind, fields in kinds if kind != Kind.IMAGE]


def random_planes(camera: CameraConfig, count: int, seed: int, density: float = 0.4) -> np.ndarray:
    return (np.random.default_rng(seed).random((count, camera.height, camera.width)) < density).astype(
        np.uint8
    )


def cut(plane: np.ndarray, region: Region) -> np.ndarray:
    return plane[region.y0 : region.y1 + 1, region.x0 : region.x1 + 1]


def simulate_with(unit: Unit, bench: Any, *background: Any) -> None:
    async def host(ctx: Any) -> None:
        await read(ctx, unit.dut.link_o, unit.to_host, lambda: unit.rng.random() >= unit.stall)

    async def bridge(ctx: Any) -> None:
        await read(ctx, unit.dut.bridge_o, unit.to_bridge, lambda: unit.rng.random() >= unit.stall)

    simulate(unit.dut, bench, background=(host, bridge, *background))


def network(height: int, width: int, targets: int, *, hold: bool = False) -> Network:
    """An input plane into `targets` populations."""
    populations = [Population(name="in", shape=(1, height, width))]
    projections = []
    for k in range(targets):
        populations.append(
            Population(
                name=f"p{k}", shape=(10, height, width), neuron=Neuron(), theta=np.full(10, 3), hold=hold
            )
        )
        weight = np.random.default_rng(k).integers(-3, 4, (10, 1, 3, 3))
        projections.append(Projection(source="in", target=f"p{k}", weight=weight, padding=(1, 1)))
    return Network(populations=tuple(populations), projections=tuple(projections), output="p0")


def driver_of(unit: Unit, net: Network) -> Driver:
    placement = place(net, unit.chip)
    image = build_image(net, placement, unit.chip, [p.name for p in net.populations if p.neuron is not None])
    driver: Any = Driver(None, unit.chip, net, placement, image)  # type: ignore[arg-type]
    driver.start = lambda: None
    return driver
