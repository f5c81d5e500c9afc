"""The host's side of a chip: everything that is not a tile.

```
    rx bytes -> Link -> units -> Bridge -> mesh_o -> west of tile (0, 0)
    tx bytes <- Link <- units <- Bridge <- mesh_i <- west of tile (0, 0)
```

The units of a chip (`units.unit`), such as a camera, stand one behind the other, their pins beside rx
and tx. Throughput: a byte a cycle each way.
"""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.link.bridge import Bridge
from spikeplane_gateware.link.link import Link
from spikeplane_gateware.structs import packet_struct
from spikeplane_gateware.units.known import pins_of, units_of


class HostSide(wiring.Component):
    """The host's side of a chip: it connects link, units and bridge.

    Parameters: config: the chip; told: its digest comes by a port, so that chips whose packets and units are
    equal have one host's side (a simulator's).

    Attributes: rx, tx: bytes from and to the host; mesh_o, mesh_i: packets to and from tile (0, 0); the
    digest, where it is told; the pins of the units, see `pins`.
    """

    def __init__(self, config: ChipConfig, *, told: bool = False) -> None:
        self.config, self.told = config, told
        packets = stream.Signature(packet_struct(config))
        digest: dict[str, Any] = {"digest": In(64)} if told else {}
        super().__init__({**pins(config), "mesh_o": Out(packets), "mesh_i": In(packets), **digest})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.link = link = Link(self.config)
        m.submodules.bridge = bridge = Bridge(self.config, self.digest if self.told else None)
        wiring.connect(m, wiring.flipped(self.rx), link.rx)
        wiring.connect(m, wiring.flipped(self.tx), link.tx)
        self._units(m, link, bridge)
        m.d.comb += bridge.link_errors.eq(link.errors)
        wiring.connect(m, bridge.mesh_o, wiring.flipped(self.mesh_o))
        wiring.connect(m, wiring.flipped(self.mesh_i), bridge.mesh_i)
        return m

    def _units(self, m: Module, link: Link, bridge: Bridge) -> None:
        """The units in a chain between link and bridge, their pins at the edge."""
        kinds = units_of(self.config)
        units: list[Any] = [kind.component(self.config) for kind in kinds]
        down, up = link.o, bridge.host_o
        for kind, unit in zip(kinds, units, strict=True):
            m.submodules[kind.name] = unit
            wiring.connect(m, down, unit.link_i)
            down = unit.bridge_o
        wiring.connect(m, down, bridge.host_i)
        for unit in reversed(units):
            wiring.connect(m, up, unit.bridge_i)
            up = unit.link_o
        wiring.connect(m, up, link.i)
        for kind, unit in zip(kinds, units, strict=True):
            for name, pin in kind.pins(self.config).items():
                inner, outer = getattr(unit, name), getattr(self, name)
                m.d.comb += inner.eq(outer) if pin.way == "in" else outer.eq(inner)


def pins(config: ChipConfig) -> dict[str, object]:
    """The members of a chip's own signature: rx, tx, the pins of its units."""
    units = {name: pin.member for name, pin in pins_of(config).items()}
    return {"rx": In(stream.Signature(8)), "tx": Out(stream.Signature(8)), **units}
