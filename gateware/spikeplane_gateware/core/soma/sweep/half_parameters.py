"""The parameters of all lanes, from a memory of half words: a short memory of wide words takes a block RAM for every 36 bits.

```
    fetches --> [NarrowPointer] --> PARAMETER, half a word --> register --> theta, amount, bias, leak of half of the lanes
```
Latency: ready in the cycle behind the last half's, so that the last is there when the first element comes.
"""

from amaranth.hdl import Module, Mux, Signal

from spikeplane.formats.tables import parameter_parts
from spikeplane_gateware.core.soma.sweep.narrow_pointer import NarrowPointer
from spikeplane_gateware.core.soma.sweep.parameters import Parameters, parameter_memory


class HalfParameters(Parameters):
    """The parameters of all lanes of a chip with `narrow_tables`.

    Parameters: config: the chip.

    Attributes: as `Parameters`.
    """

    def _read(self, m: Module, kinds: int) -> tuple[Signal, Signal]:
        """As in `Parameters`; of leaks, which come last, the pointer has the group's."""
        parts = parameter_parts(self.config)
        last, words = parts * kinds + 1, parts * 3
        count = Signal(range(last + 1))
        ends = Signal()
        m.submodules.pointer = pointer = NarrowPointer(self.config)
        word = parameter_memory(m, self, pointer, self.fetches, self.fetches)
        with m.If(self.fetches):
            m.d.sync += count.eq(Mux(count == last, 0, count + 1))
        m.d.comb += [
            ends.eq(self.fetches & (count == last)),
            pointer.asks.eq(self.fetches & (count < words)),
            pointer.sweeps.eq(count >= words),
            pointer.turn.eq(count),
            pointer.onward.eq(ends),
            self.begins.eq(self.fetches & (count == 3)),
            self.ready.eq(ends),
        ]
        return word, count
