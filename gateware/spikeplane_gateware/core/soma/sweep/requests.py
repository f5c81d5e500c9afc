"""What a sweep asks the accumulators for: the elements of its walk, or the words of a pass that clears them.

```
    begin, start --> WindowWalker --address--+--> [port] --> accumulators
    clearing, start -------------------------+
```
Throughput: a word a cycle. Latency: 1 cycle from an element to the port.
"""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import core_tables
from spikeplane_gateware.core.soma.schedule import JOB
from spikeplane_gateware.core.soma.sweep.elements import ELEMENT
from spikeplane_gateware.core.soma.window_walker import WindowWalker
from spikeplane_gateware.structs import struct


class Requests(wiring.Component):
    """The requests of a sweep.

    Parameters: config: the chip.

    Attributes: active, population: job and POPULATION word under way; clears, single: see JobFlags; begin: pulse, a group
    begins, whose first accumulator word is at start; step: an element is asked for; clearing: the word at start is;
    element: what is asked for; final: it is the group's last; valid, bank, address, clear: of `SweepPort`.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.config = config
        super().__init__(self._ports())

    def _ports(self) -> dict[str, Any]:
        acc = bits_for(self.config.acc_depth)
        return {
            "active": In(JOB),
            "population": In(struct(core_tables(self.config).population)),
            "start": In(acc),
            **dict.fromkeys(("clears", "single", "begin", "step", "clearing"), In(1)),
            "element": Out(ELEMENT),
            "address": Out(acc),
            **dict.fromkeys(("final", "valid", "bank", "clear"), Out(1)),
        }

    def elaborate(self, platform: object) -> Module:
        m, p = Module(), self.population
        m.submodules.walker = walker = WindowWalker(self.config)
        m.d.comb += [
            walker.population.eq(p),
            walker.begin.eq(self.begin),
            walker.start.eq(self.start),
            walker.step.eq(self.step),
            self.element.valid.eq(self.step),
            *[self.element[name].eq(getattr(walker, name)) for name in ("inside", "first", "last")],
            self.final.eq(walker.final),
        ]
        m.d.sync += [
            self.valid.eq((self.step & walker.inside) | self.clearing),
            self.bank.eq(self._bank()),
            self.address.eq(Mux(self.clearing, self.start, walker.address)),
            self.clear.eq(self.clears & (self.clearing | self.single)),
        ]
        return m

    def _bank(self) -> Value:
        if self.config.fused:
            return Const(0)
        held = self.population.hold & ~self.active.initial
        return Mux(held, self.active.sample, self.active.parity)
