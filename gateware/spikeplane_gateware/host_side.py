"""The host's side of a chip: everything that is not a tile.

```
    rx bytes -> Link -> Bridge -> mesh_o -> west of tile (0, 0)
    tx bytes <- Link <- Bridge <- mesh_i <- west of tile (0, 0)
```

A chip with a camera has `camera.unit.CameraUnit` between Link and Bridge, and that unit's pins
beside rx and tx.
"""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.link.bridge import Bridge
from spikeplane_gateware.link.link import Link
from spikeplane_gateware.structs import packet_struct


class HostSide(wiring.Component):
    """Ports: rx, tx (bytes from and to the host), mesh_o, mesh_i (packets to and from the mesh), with
    a camera its pins. Throughput: one byte a cycle each way."""

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        packets = stream.Signature(packet_struct(config))
        super().__init__({**pins(config), "mesh_o": Out(packets), "mesh_i": In(packets)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
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
        wiring.connect(m, bridge.mesh_o, wiring.flipped(self.mesh_o))
        wiring.connect(m, wiring.flipped(self.mesh_i), bridge.mesh_i)
        return m

    def _camera(self, m: Module, link: Link, bridge: Bridge) -> None:
        """The camera between link and bridge, its pins at the edge."""
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


def pins(config: ChipConfig) -> dict[str, object]:
    """The members of a chip's own signature: rx, tx, the pins of its camera."""
    members: dict[str, object] = {"rx": In(stream.Signature(8)), "tx": Out(stream.Signature(8))}
    if config.camera is not None:
        from spikeplane_gateware.camera.unit import camera_signature

        members |= camera_signature(config)
    return members
