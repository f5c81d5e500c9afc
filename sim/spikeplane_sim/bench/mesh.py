"""A mesh of routers alone, wired as the chip wires its tiles: what the mesh bench drives."""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.network.router import Router
from spikeplane_gateware.structs import packet_struct

STEP = {"north": (0, -1), "south": (0, 1), "east": (1, 0), "west": (-1, 0)}
BACK = {"north": "south", "south": "north", "east": "west", "west": "east"}


class Mesh(wiring.Component):
    """Ports: i_X_Y, o_X_Y (the local port of each tile), i_host, o_host (the west of tile (0, 0));
    packet streams."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        self.places = [(x, y) for y in range(config.rows) for x in range(config.cols)]
        packet_shape: Any = packet_struct(config)
        packets = stream.Signature(packet_shape)
        names = [f"{x}_{y}" for x, y in self.places] + ["host"]
        super().__init__(
            {f"i_{name}": In(packets) for name in names} | {f"o_{name}": Out(packets) for name in names}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        routers: dict[tuple[int, int], Any] = {place: Router(self.config) for place in self.places}
        for (x, y), router in routers.items():
            m.submodules[f"router_{x}_{y}"] = router
            m.d.comb += [router.x.eq(x), router.y.eq(y)]
            self._outside(m, router.i_local, router.o_local, f"{x}_{y}")
        for (x, y), router in routers.items():
            for side, (dx, dy) in STEP.items():
                if (x + dx, y + dy) in routers:
                    wiring.connect(
                        m, getattr(router, f"o_{side}"), getattr(routers[x + dx, y + dy], f"i_{BACK[side]}")
                    )
        self._outside(m, routers[0, 0].i_west, routers[0, 0].o_west, "host")
        return m

    def _outside(self, m: Module, into: Any, out: Any, name: str) -> None:
        wiring.connect(m, wiring.flipped(getattr(self, f"i_{name}")), into)
        wiring.connect(m, out, wiring.flipped(getattr(self, f"o_{name}")))
