"""The pins of a chip's units on simulated boards: what Verilog and harness are told of them, and the
calls that move them.

Pins that boards have (`Pin.edge`) are there: words that go in by the clock, in queues; levels in and
out of up to 64 bits. Other inputs are 0, other outputs lead nowhere. units.h is the same in C++.
"""

from dataclasses import dataclass, field

import numpy as np

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane_gateware.units.known import pins_of, units_of
from spikeplane_gateware.units.unit import Pin
from spikeplane_sim.board.binding import Simulator


@dataclass(frozen=True)
class UnitPins:
    """`pins`: of all units, by name; `feeds`: by unit, the pins (valid, word) of its words."""

    pins: dict[str, Pin] = field(default_factory=dict)
    feeds: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, config: ChipConfig | None) -> "UnitPins":
        """Those of a chip; None: of no chip."""
        if config is None:
            return cls()
        words = {unit.name: unit.words(config) for unit in units_of(config)}
        return cls(pins_of(config), {name: pair for name, pair in words.items() if pair is not None})

    def levels(self, way: str) -> list[str]:
        """The pins at the edge, in or out, that are no words, in the order of their numbers."""
        words = {pin for pair in self.feeds.values() for pin in pair}
        edge = {name: pin for name, pin in self.pins.items() if pin.edge and pin.width <= 64}
        return [name for name, pin in edge.items() if pin.way == way and name not in words]

    @property
    def header(self) -> str:
        """The macros of units.h."""
        lists = {
            "UNIT_WORDS": [f"X({valid}, {word})" for valid, word in self.feeds.values()],
            "UNIT_INPUTS": [f"X({name})" for name in self.levels("in")],
            "UNIT_OUTPUTS": [f"X({name})" for name in self.levels("out")],
        }
        lines = [f"#define {name}(X) {' '.join(parts)}\n" for name, parts in lists.items()]
        return "".join([*lines, f"#define UNIT_FEEDS {len(self.feeds)}\n"])

    @property
    def verilog(self) -> str:
        """The macros of board.v: its ports for them, and what it connects the chip to."""
        edge = {name: pin for name, pin in self.pins.items() if pin.edge}
        ports = [f", {pin.way}put [{pin.width - 1}:0] {name}" for name, pin in edge.items()]
        rest = {name: "0" if pin.way == "in" else "" for name, pin in self.pins.items()}
        inner = [f".{name}({name if name in edge else rest[name]})," for name in self.pins]
        return f"`define UNIT_PORTS {' '.join(ports)}\n`define UNIT_PINS {' '.join(inner)}\n"


class UnitCalls:
    """The pins of the chip in a simulator."""

    def __init__(self, simulator: Simulator, config: ChipConfig | None) -> None:
        self._simulator, self._pins = simulator, UnitPins.of(config)

    def give(self, unit: str, words: np.ndarray, every: int) -> None:
        """Words uint64 (n,) for a unit, behind those that wait: one goes in every `every` cycles while
        the clock runs. Raises SpikeplaneError for a unit that takes none."""
        words = np.ascontiguousarray(words, dtype=np.uint64)
        which = _place(unit, list(self._pins.feeds), "unit of words")
        self._simulator.call("give", which, words.ctypes.data, len(words), every)

    def set(self, pin: str, value: int) -> None:
        """Put a level at an input, from the next cycle on. Raises SpikeplaneError for no such pin."""
        self._simulator.call("set", _place(pin, self._pins.levels("in"), "input"), value)

    def level(self, pin: str) -> int:
        """What stands at an output. Raises SpikeplaneError for no such pin."""
        return self._simulator.call("level", _place(pin, self._pins.levels("out"), "output"))


def _place(name: str, known: list[str], what: str) -> int:
    if name not in known:
        raise SpikeplaneError(f"this chip has no {what} '{name}'; there are: {', '.join(known) or 'none'}")
    return known.index(name)
