"""The parameters of a group of neurons on a chip with fused words, whose groups follow each other.

```
    fetches, the first cycle --> [others] --> [FusedPointer] --> PARAMETER --> [theta], [amount], [leak], [bias]
```
Throughput: a group in 4 cycles, in 8 where words lie in halves. Latency: theta stands 3 cycles behind the first cycle of `fetches`.
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import Out

from spikeplane.formats.tables import parameter_parts
from spikeplane_gateware.core.soma.sweep.fused_pointer import WORDS, FusedPointer
from spikeplane_gateware.core.soma.sweep.parameters import Parameters, parameter_memory


class FusedParameters(Parameters):
    """The parameters of all lanes.

    Parameters: config: a chip with fused words.

    Attributes: as `Parameters`; fetches: level until ready, or a pulse for a group that is walked meanwhile; free: such a pulse may
    come when the next walk begins.
    """

    def _ports(self) -> dict[str, Any]:
        return {**super()._ports(), "free": Out(1)}

    def _read(self, m: Module, kinds: int) -> tuple[Signal, Signal]:  # noqa: ARG002 - leaks have their cycles on each chip
        """The register of the memory, and where in a group what stands there in the next cycle is, with a bit above: it is there."""
        m.submodules.pointer = pointer = FusedPointer(self.config)
        count = Signal.like(pointer.count, name="count")
        loading, others, loads, ends = (Signal(name=name) for name in ("loading", "others", "loads", "ends"))
        comes = Signal(len(count) + 1)
        word = parameter_memory(m, self, pointer, loading, loads)
        last = len(WORDS) * pointer.parts - 1
        with m.If(loading):
            m.d.sync += [count.eq(Mux(ends, 0, count + 1)), others.eq(~ends)]
        m.d.sync += [loads.eq(loading), comes.eq(Cat(count, loading))]
        m.d.comb += [
            ends.eq(count == last),
            loading.eq(self.fetches | others),
            pointer.loading.eq(loading),
            pointer.count.eq(count),
            self.begins.eq(self.fetches & ends),
            self.ready.eq(self.fetches & ends),
            self.free.eq(~others if pointer.parts > 1 else 1),  # whole words are through before the next walk
        ]
        return word, comes

    def _comes(self, name: str, number: int, part: int, count: Signal) -> Value:  # noqa: ARG002 - the order is another
        place = WORDS.index(name) * parameter_parts(self.config) + part
        return count == (1 << len(count) - 1) + place
