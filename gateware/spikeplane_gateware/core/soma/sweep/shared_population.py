"""The word of the population whose job is under way, out of parts in a memory of the synapse stage (chips with `fused` and
`narrow_tables`).

```
    slot, number of the part --> slots --> part --> [part 0] -> [part 1] ... --> population
    asks --> stands                ready: it is read
```
Latency: a cycle for each part, those in which the lookup reads the memory, and one.
"""

from typing import Any

from amaranth.hdl import Module, Value
from amaranth.lib.wiring import Out

from spikeplane_gateware.core.interfaces import part_port
from spikeplane_gateware.core.soma.sweep.narrow_population import NarrowPopulation


class SharedPopulation(NarrowPopulation):
    """The populations of a core with `fused` and `narrow_tables`.

    Parameters: config: the chip.

    Attributes: as `NarrowPopulation`; slots: see PartPort. write is not looked at.
    """

    def _ports(self) -> dict[str, Any]:
        return {**super()._ports(), **part_port(self.config, Out)}

    def _granted(self, asks: Value) -> Value:
        return asks & self.slots.ready

    def _table(self, m: Module, place: Value, asks: Value) -> Value:
        m.d.comb += [self.slots.valid.eq(asks | self.read.access), self.slots.address.eq(place)]
        return self.slots.data
