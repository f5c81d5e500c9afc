"""The chip: a mesh of identical tiles, and the host's side at the west edge of tile (0, 0).

```
    rx bytes -> HostSide -> west of tile (0,0)  ...  mesh
    tx bytes <- HostSide <- west of tile (0,0)
```

The tile is elaborated once, as the Verilog module `spikeplane_tile`, and instantiated rows x cols
times here. On a chip without cores there is none: what goes to the mesh is taken and dropped, as at
the edges of every mesh. Throughput: a byte a cycle each way.
"""

from amaranth.hdl import ClockSignal, Const, Instance, Module, ResetSignal, Signal
from amaranth.lib import wiring

from spikeplane.config import ChipConfig, bits_for
from spikeplane_gateware.host_side import HostSide, pins
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
    """The top level of a chip: it connects its tiles with one another and with the host's side.

    Parameters: config: the chip.

    Attributes: rx, tx: bytes from and to the host; the pins of the units, see `pins`.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(pins(config))

    def elaborate(self, platform: object) -> Module:
        m, c = Module(), self.config
        width = packet_struct(c).as_shape().width
        places = [(x, y) for y in range(c.rows) for x in range(c.cols)]
        wires = {(x, y, side): Wire(width, f"{side}_of_{x}_{y}") for x, y in places for side in _STEP}
        from_host = Wire(width, "into_west_of_0_0")
        for x, y in places:
            self._tile(m, x, y, wires, from_host)
        self._edges(m, wires)
        host = self._host(m)
        if c.cores:
            self._mesh(m, host, wires[0, 0, "west"], from_host)
        else:
            m.d.comb += host.mesh_o.ready.eq(1)
        return m

    def _tile(
        self, m: Module, x: int, y: int, wires: dict[tuple[int, int, str], Wire], from_host: Wire
    ) -> None:
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
                into = from_host if (x, y, side) == (0, 0, "west") else self._nothing(x, y, side)
            ports |= {
                f"i_i_{side}__payload": into.payload,
                f"i_i_{side}__valid": into.valid,
                f"o_i_{side}__ready": into.ready,
            }
        m.submodules[f"tile_{x}_{y}"] = Instance(TILE_MODULE, **ports)

    def _nothing(self, x: int, y: int, side: str) -> Wire:
        """What enters from beyond the mesh."""
        return Wire(packet_struct(self.config).as_shape().width, f"into_{side}_of_{x}_{y}")

    def _edges(self, m: Module, wires: dict[tuple[int, int, str], Wire]) -> None:
        for (x, y, side), wire in wires.items():
            dx, dy = _STEP[side]
            if (x + dx, y + dy, side) not in wires and (x, y, side) != (0, 0, "west"):
                m.d.comb += wire.ready.eq(1)

    def _host(self, m: Module) -> HostSide:
        """The host's side, its pins at the edge."""
        m.submodules.host = host = HostSide(self.config)
        for name, pin in host.signature.members.items():
            if name in self.signature.members:
                port, edge = getattr(host, name), getattr(self, name)
                if pin.is_signature:
                    wiring.connect(m, wiring.flipped(edge), port)
                else:
                    m.d.comb += port.eq(edge) if pin.flow is wiring.In else edge.eq(port)
        return host

    def _mesh(self, m: Module, host: HostSide, to_host: Wire, from_host: Wire) -> None:
        """The host's side at the west of tile (0, 0)."""
        m.d.comb += [
            from_host.payload.eq(host.mesh_o.payload.as_value()),
            from_host.valid.eq(host.mesh_o.valid),
            host.mesh_o.ready.eq(from_host.ready),
            host.mesh_i.payload.eq(to_host.payload),
            host.mesh_i.valid.eq(to_host.valid),
            to_host.ready.eq(host.mesh_i.ready),
        ]
