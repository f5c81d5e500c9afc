"""Two words that are written and read apart, in flip-flops: in LUT RAM two words of a packet would take half as
many cells again as their multiplexer here.

```
    write_address, write_data -> [word 0], [word 1]        read_address -> word -> read_data
```
Throughput: a write and a read every cycle. Latency: a word can be read in the cycle after its write, and `read_data`
answers the `read_address` of the same cycle.
"""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Slots(wiring.Component):
    """The two words.

    Parameters: shape: of a word.

    Attributes: write_en, write_address, write_data: write a word; read_address, read_data: the word read.
    """

    def __init__(self, shape: object) -> None:
        self.shape = shape
        ports = {
            "write_en": In(1),
            "write_address": In(1),
            "write_data": In(shape),
            "read_address": In(1),
            "read_data": Out(shape),
        }
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        first, second = (Signal(self.shape, name=f"slot_{k}", reset_less=True) for k in range(2))
        for number, slot in enumerate((first, second)):
            with m.If(self.write_en & (self.write_address == number)):
                m.d.sync += slot.eq(self.write_data)
        m.d.comb += self.read_data.eq(Mux(self.read_address, second, first))
        return m
