"""A unit that no file of the packages knows: lights that the host sets, and a sum of words that come in by pins.

CONTROL of operation LIGHT: `arg` goes to the pin `light_level`. QUERY of counter SUM: the words at `light_word` in the
cycles in which `light_valid` is 1, added up. A LightChip has it, or not, as every chip a camera.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import connect, flipped

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane.formats.packet import COUNTER_BITS, Control, Kind, packet_format
from spikeplane.units import size_of, unit
from spikeplane_gateware.network.merge import Merge
from spikeplane_gateware.structs import struct
from spikeplane_gateware.units.unit import Pin, Unit, packet_ports

LIGHT, SUM = 6, 40  #: the operation and the counter, free in `spikeplane.formats.packet`


@dataclass(frozen=True, kw_only=True)
class LightConfig:
    lights: int = 3

    @property
    def title(self) -> str:
        return f"{self.lights} lights"

    @property
    def summary(self) -> str:
        return f"{self.lights} in a row"

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        if set(values) - {"lights"}:
            raise SpikeplaneError(f"light configuration: unknown keys {sorted(values)}")
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class LightChip(ChipConfig):
    light: LightConfig | None = unit(LightConfig)
    light_pause: int = size_of("light", 2, 9)


def lights_of(config: ChipConfig) -> int:
    return asdict(config)["light"]["lights"]


class LightUnit(wiring.Component):
    def __init__(self, config: ChipConfig, pins: dict[str, Pin]) -> None:
        self.config = config
        super().__init__({**{name: pin.member for name, pin in pins.items()}, **packet_ports(config)})

    def elaborate(self, platform: object) -> Module:
        m: Any = Module()
        port: Any = self
        form = packet_format(self.config)
        to_host: Any = Merge(self.config, 2)
        m.submodules.to_host = to_host
        reply: Any = Signal(struct(form.payloads[Kind.REPLY]))
        control: Any = Signal(struct(form.payloads[Kind.CONTROL]))
        packet, answer = port.link_i.payload, to_host.i_1
        own, asks, sets, total, waits = Signal(), Signal(), Signal(), Signal(32), Signal()
        m.d.comb += [
            control.eq(packet.payload),
            own.eq(packet.host & (packet.kind == Kind.CONTROL)),
            sets.eq(own & (control.op == LIGHT)),
            asks.eq(own & (control.op == Control.QUERY) & (control.arg[:COUNTER_BITS] == SUM)),
            port.link_i.ready.eq(Mux(sets, 1, Mux(asks, ~waits, port.bridge_o.ready))),
            port.bridge_o.valid.eq(port.link_i.valid & ~sets & ~asks),
            port.bridge_o.payload.eq(packet),
            reply.counter.eq(SUM),
            reply.value.eq(total),
            answer.payload.payload.eq(reply.as_value()),
            answer.payload.kind.eq(Kind.REPLY),
            answer.payload.host.eq(1),
            answer.valid.eq(waits),
        ]
        with m.If(port.link_i.valid & asks & ~waits):
            m.d.sync += waits.eq(1)
        with m.Elif(answer.ready):
            m.d.sync += waits.eq(0)
        with m.If(port.link_i.valid & sets):
            m.d.sync += port.light_level.eq(control.arg)
        with m.If(port.light_valid):
            m.d.sync += total.eq(total + port.light_word)
        connect(m, flipped(port.bridge_i), to_host.i_0)
        connect(m, to_host.o, flipped(port.link_o))
        return m


class Light(Unit):
    name = "light"

    def component(self, config: ChipConfig) -> wiring.Component:
        return LightUnit(config, self.pins(config))

    def pins(self, config: ChipConfig) -> dict[str, Pin]:
        return {
            "light_valid": Pin("in", edge=True),
            "light_word": Pin("in", 20, edge=True),
            "light_level": Pin("out", lights_of(config), edge=True),
        }

    def words(self, config: ChipConfig) -> tuple[str, str]:
        return "light_valid", "light_word"

    def manifest(self, config: ChipConfig) -> dict[str, Any]:
        return {"lights": lights_of(config), "control": LIGHT, "counter": SUM}

    def macros(self, config: ChipConfig) -> dict[str, int]:
        return {"CONTROL": LIGHT, "COUNTER": SUM}

    def readme(self, config: ChipConfig) -> str:
        return f"Lights: {lights_of(config)}, set by the host."
