"""The chip: a mesh of identical tiles, the bridge at the west edge of tile (0, 0), and the byte
link of the host.

```
    rx bytes -> Link -> Bridge -> west of tile (0,0)  ...  mesh
    tx bytes <- Link <- Bridge <- west of tile (0,0)
```

A chip with a camera has `camera.unit.CameraUnit` between Link and Bridge, and that unit's pins
beside rx and tx. The tile is elaborated once, as the Verilog module `spikeplane_tile`, and
instantiated rows x cols times here.
"""

from amaranth.hdl import ClockSignal, Const, Instance, Module, ResetSignal, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane_gateware.link.bridge import Bridge
from spikeplane_gateware.link.link import Link
from spikeplane_gateware.structs import packet_struct

TILE_MODULE = "spikeplane_tile"
_OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
_STEP = {"north": (0, -1), "south": (0, 1), "east": (1, 0), "west": (-1, 0)}


class Wire:
    """One packet stream between two modules, as plain signals that an `Instance` can take."""

    def __init__(self, width: int, name: str) -> None:
        self.payload = Signal(width, name=f"{name}_payload")
        self.valid = Signal(name=f"{name}_valid")
        self.ready = Signal(name=f"{name}_ready")


class Chip(wiring.Component):
    """Ports: rx (bytes from the host), tx (bytes to the host). Throughput: one byte a cycle each way."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(
            {"rx": In(stream.Signature(8)), "tx": Out(stream.Signature(8)), **_camera_signature(config)}
        )

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        width = packet_struct(c).as_shape().width
        places = [(x, y) for y in range(c.rows) for x in range(c.cols)]
        wires = {(x, y, side): Wire(width, f"{side}_of_{x}_{y}") for x, y in places for side in _STEP}
        for x, y in places:
            self._tile(m, x, y, wires)
        self._edges(m, wires)
        self._host(m, wires[0, 0, "west"])
        return m

    def _tile(self, m: Module, x: int, y: int, wires: dict[tuple[int, int, str], Wire]) -> None:
        """One instance. `wires[x, y, side]` leaves the tile by that side."""
        c = self.config
        ports: dict[str, object] = {
            "i_clk": ClockSignal(),
            "i_rst": ResetSignal(),
            "i_x": Const(x, bits_for(c.cols)),
            "i_y": Const(y, bits_for(c.rows)),
        }
        for side, (dx, dy) in _STEP.items():
            out = wires[x, y, side]
            ports |= {
                f"o_o_{side}__payload": out.payload,
                f"o_o_{side}__valid": out.valid,
                f"i_o_{side}__ready": out.ready,
            }
            into = wires.get((x + dx, y + dy, _OPPOSITE[side]))
            if into is None:
                into = self._outside(m, x, y, side)
            ports |= {
                f"i_i_{side}__payload": into.payload,
                f"i_i_{side}__valid": into.valid,
                f"o_i_{side}__ready": into.ready,
            }
        m.submodules[f"tile_{x}_{y}"] = Instance(TILE_MODULE, **ports)

    def _outside(self, m: Module, x: int, y: int, side: str) -> Wire:
        """What enters from beyond the mesh: nothing, but at the west of tile (0, 0) the bridge."""
        wire = Wire(packet_struct(self.config).as_shape().width, f"into_{side}_of_{x}_{y}")
        if (x, y, side) == (0, 0, "west"):
            self._from_host = wire
        return wire

    def _edges(self, m: Module, wires: dict[tuple[int, int, str], Wire]) -> None:
        for (x, y, side), wire in wires.items():
            dx, dy = _STEP[side]
            if (x + dx, y + dy, side) not in wires and (x, y, side) != (0, 0, "west"):
                m.d.comb += wire.ready.eq(1)

    def _host(self, m: Module, to_host: Wire) -> None:
        m.submodules.link = link = Link(self.config)
        m.submodules.bridge = bridge = Bridge(self.config)
        wiring.connect(m, wiring.flipped(self.rx), link.rx)
        wiring.connect(m, wiring.flipped(self.tx), link.tx)
        if self.config.camera is None:
            wiring.connect(m, link.o, bridge.host_i)
            wiring.connect(m, bridge.host_o, link.i)
        else:
            self._camera(m, link, bridge)
        m.d.comb += bridge.link_errors.eq(link.errors)
        m.d.comb += [
            self._from_host.payload.eq(bridge.mesh_o.payload.as_value()),
            self._from_host.valid.eq(bridge.mesh_o.valid),
            bridge.mesh_o.ready.eq(self._from_host.ready),
            bridge.mesh_i.payload.eq(to_host.payload),
            bridge.mesh_i.valid.eq(to_host.valid),
            to_host.ready.eq(bridge.mesh_i.ready),
        ]

    def _camera(self, m: Module, link: Link, bridge: Bridge) -> None:
        """The camera between link and bridge, its pins at the chip's edge."""
        # it needs this module's generator
        from spikeplane_gateware.camera.unit import CameraUnit, camera_ports

        m.submodules.camera = unit = CameraUnit(self.config)
        wiring.connect(m, link.o, unit.link_i)
        wiring.connect(m, unit.bridge_o, bridge.host_i)
        wiring.connect(m, bridge.host_o, unit.bridge_i)
        wiring.connect(m, unit.link_o, link.i)
        for name, (way, _) in camera_ports(self.config).items():
            inner, pin = getattr(unit, name), getattr(self, name)
            m.d.comb += inner.eq(pin) if way == "in" else pin.eq(inner)


def _camera_signature(config: ChipConfig) -> dict[str, object]:
    if config.camera is None:
        return {}
    from spikeplane_gateware.camera.unit import camera_signature

    return camera_signature(config)
