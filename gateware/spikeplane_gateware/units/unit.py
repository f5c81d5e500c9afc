"""What chip, generator and boards ask of a unit, whichever it is.

```
    rx -> Link -+-> link_i  unit  bridge_o -+-> ...next unit... -> Bridge -> mesh
    tx <- Link -+-- link_o  unit  bridge_i -+-- ...next unit... <- Bridge <- mesh
                              |
                            its pins
```
A unit takes the packets that are its own out of `link_i` and passes the others on in order; what comes in by
`bridge_i` goes to `link_o`, its own packets between them. The host writes to it by CONTROL packets of an
operation of its own, and reads by QUERY of a counter of its own, both numbers of
`spikeplane.formats.packet`. Both ways take a packet a cycle unless the unit or the reader stalls.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.structs import packet_struct


@dataclass(frozen=True)
class Pin:
    """One pin of a unit at the chip's edge, of `width` bits; `way`: "in" or "out". `edge`: boards
    have pins for it; other inputs are 0 there, other outputs lead nowhere."""

    way: str
    width: int = 1
    edge: bool = False

    @property
    def member(self) -> Any:
        """The same as a member of a component's signature."""
        return In(self.width) if self.way == "in" else Out(self.width)


class Unit(ABC):
    """One kind of unit. `name`: of its field in `ChipConfig`, of its table in the manifest, of its submodule."""

    name: str

    @abstractmethod
    def component(self, config: ChipConfig) -> wiring.Component:
        """The unit of that chip, with the ports of `packet_ports` and its pins."""

    def pins(self, config: ChipConfig) -> dict[str, Pin]:
        """Its pins by name, in the order of the manifest."""
        return {}

    def words(self, config: ChipConfig) -> tuple[str, str] | None:
        """The pins (valid, word of up to 64 bits) of words that come in by the clock and cannot be
        stalled: a simulated board has a queue of them. None: no such pins."""
        return None

    def modules(self, config: ChipConfig) -> list[str]:
        """Verilog of the modules that the component instantiates by name, each once."""
        return []

    def manifest(self, config: ChipConfig) -> dict[str, Any]:
        """What a testbench or a driver needs to know: numbers of registers, layouts, sizes."""
        return {}

    def macros(self, config: ChipConfig) -> dict[str, int]:
        """The same as C macros, by the name behind SPIKEPLANE_NAME_."""
        return {}

    def readme(self, config: ChipConfig) -> str:
        """A sentence or two for the chip's README."""
        return ""

    def too_few(self, config: ChipConfig, count: int) -> str:
        """Why a board has too few pins for the `count` that the unit needs, and what to do."""
        return f"it takes {count}"


def packet_ports(config: ChipConfig) -> dict[str, Any]:
    """The four packet streams of every unit, as members of its signature."""
    packets = stream.Signature(packet_struct(config))
    return {"link_i": In(packets), "link_o": Out(packets), "bridge_i": In(packets), "bridge_o": Out(packets)}
