"""When a sweep asks for its next word: if what becomes of it has room, and it holds up no op that reads a row.

```
    room ---------------------------------+-> go
    soon, left, population --> [waited] --+      (chips with a dynamic memory)
    element --> [apart] ------------------+      (chips with `sweep_lanes`)
```
Latency: 0 cycles.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.dynamic_tables import Sink
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.structs import struct

URGENT = 104  #: last words of a group that becomes rows, which do not wait for ops: meanwhile the host's fill the way to the walker
PATIENCE = 3  #: cycles that a word of a sweep waits for ops that read rows


def left_range(config: ChipConfig) -> range:
    """Of the words left of a pass: of accumulators, or of membranes in the parts that are swept in a cycle."""
    return range(max(config.acc_depth, config.membrane_depth * config.sweep_turns) + 1)


class Pace(wiring.Component):
    """The pace of a sweep.

    Parameters: config: the chip.

    Attributes: room: level, what becomes of a word has room; element: pulse, one is asked for; go: the next one may be. On a chip
    with a dynamic memory also soon: a request of the next cycle would hold up an op that reads a row; left: words of the group;
    population: POPULATION word.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        words = {"left": In(left_range(config)), "population": In(struct(core_tables(config).population))}
        super().__init__(
            {
                "room": In(1),
                "element": In(1),
                "go": Out(1),
                **({"soon": In(1), **words} if config.dynamic_depth else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        go = self._beside_ops(m) if self.config.dynamic_depth else self.room
        if self.config.sweep_turns > 1:
            go = go & self._apart(m)
        m.d.comb += self.go.eq(go)
        return m

    def _beside_ops(self, m: Module) -> Value:
        """One waits a few cycles for ops that it would hold up, and the one behind it, which would hold up the same as that
        one, a cycle. One that becomes rows does not: ops of their readers wait for all of them."""
        waited = Signal(PATIENCE)  # cycles in a row so far
        paused, yields, urgent = (Signal(name=name) for name in ("paused", "yields", "urgent"))
        waits, last = self.room & self.soon & ~self.element, max(1, URGENT // self.config.sweep_turns)
        m.d.sync += [
            yields.eq((self.population.sink == Sink.EGRESS) | (self.left > last)),
            waited.eq(Mux(waits, Cat(1, waited), 0)),
            urgent.eq((waits & waited[-2]) | ~yields),
            paused.eq(self.element & self.soon & yields),
        ]
        return self.room & (~self.soon | urgent) & ~paused

    def _apart(self, m: Module) -> Value:
        """An element comes when the parts of the one before are under way."""
        apart = Signal(bits_for(self.config.sweep_turns))  # cycles until the next element
        with m.If(self.element):
            m.d.sync += apart.eq(self.config.sweep_turns - 1)
        with m.Elif(apart != 0):
            m.d.sync += apart.eq(apart - 1)
        return apart == 0
