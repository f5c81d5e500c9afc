"""The neurons of one word on a chip with fused words: compare and reset, then the leak and the bias of the next step.

```
   word --> saturate -+-> v ------> v >= theta ---+--> u' --> leak (u' * a) --> >> 16, round --> + bias --> word
                      +-> v or 0 -> - amount -----+
  stage        0              1                   2         3                4              5
```
Throughput a word a cycle. Latency 2 cycles to what fires, WRITE_LATENCY more to the word that the next step's spikes are added to.
"""

# Amaranth types arrays of ports as slices of pins:
# pyright: reportAttributeAccessIssue=false

from itertools import pairwise
from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.core.copies import copies
from spikeplane_gateware.core.soma.leak import product, shifted
from spikeplane_gateware.core.soma.neuron import NeuronArray

WRITE_LATENCY = 4


class FusedNeurons(NeuronArray):
    """The neurons of one word, whose current is the word itself: what is left of the membrane, the bias and the sum of a step.

    Parameters: config: a chip with fused words.

    Attributes: as NeuronArray, but u; valid: a current comes; bias: of each lane, a level; leaks: level, u' is kept, else words are
    the bias alone; word: for the next step, WRITE_LATENCY cycles after out_valid.
    """

    latency = 2

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(config)
        self.kept = [
            Signal(name=f"kept_{i}") for i in range(WRITE_LATENCY - 1)
        ]  # u', product, leak stand there

    def _ports(self) -> dict[str, Any]:
        ports, words = super()._ports(), self.config.acc_bits
        del ports["u"]
        return {
            **ports,
            "leaks": In(1),
            "bias": In(words).array(self.config.lanes),
            "word": Out(words).array(self.config.lanes),
        }

    def _lanes(self, m: Module, valids: list, keeps: Signal) -> None:
        m.d.sync += [after.eq(before) for before, after in pairwise((self.out_valid, *self.kept))]
        forgets = copies(m, ~self.leaks, self.config.lanes, "forgets")
        for lane, factor in enumerate(self._factors(m)):
            self._fire(m, lane, valids, keeps, self.current[lane].as_signed())
            self._next(m, lane, factor, forgets[lane])

    def _next(self, m: Module, lane: int, factor: Signal, forgets: Signal) -> None:
        """The lane's word for the next step. A leak that is to be none is a synchronous reset of its register."""
        c = self.config
        u, leaked = (self._register(c.membrane_bits, name, lane) for name in ("u", "leaked"))
        carry = Signal(name=f"carry_{lane}", reset_less=True)
        word = self._register(c.acc_bits, "word", lane)
        form = product if c.leak_multiplier else shifted
        with m.If(self.out_valid):
            m.d.sync += u.eq(self.after[lane])
        form(m, c, self.settings, u, lane, self.kept, factor, leaked, carry, None)
        with m.If(forgets):
            m.d.sync += [leaked.eq(0), carry.eq(0)]
        with m.If(self.kept[-1] | forgets):
            m.d.sync += word.eq(leaked + self.bias[lane].as_signed() + carry)
        m.d.comb += self.word[lane].eq(word)
