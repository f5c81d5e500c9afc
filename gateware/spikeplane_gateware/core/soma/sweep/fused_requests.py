"""What a sweep asks the accumulators for on a chip with fused words: elements of its walk, and places for the words that its
neurons return.

```
    step ------> WindowWalker --address---------> [port] --> accumulators
    clearing, or returns without a window --> [write_next] --write_address--^
```
Throughput: a word a cycle, one read and one written in the same request. Latency: 1 cycle to the port.
"""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In

from spikeplane_gateware.core.soma.sweep.requests import Requests


class FusedRequests(Requests):
    """The requests of a sweep.

    Parameters: config: a chip with fused words.

    Attributes: as Requests; opening: pulse, a population begins; returns: pulse, the neurons return a word, which is written unless
    there is a window; write_address: of `SweepPort`: of the words in order.
    """

    def _ports(self) -> dict[str, Any]:
        ports = super()._ports()
        return {**ports, "returns": In(1), "opening": In(1), "write_address": ports["address"]}

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        following, writes = Signal.like(self.write_address, name="write_next"), Signal(name="writes")
        m.d.comb += writes.eq(self.clearing | (self.returns & self.single))
        m.d.sync += [self.write_address.eq(following), self.clear.eq(writes)]
        with m.If(writes):
            m.d.sync += self.valid.eq(1)
            m.d.sync += following.eq(following + 1)
        with m.If(self.opening):
            m.d.sync += following.eq(self.population.acc_base)
        return m
