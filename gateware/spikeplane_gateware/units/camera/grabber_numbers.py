"""The numbers of the images that wait in the FIFO.

```
    push, number -> numbers (memory) -> [StreamFifo] -> first (the number of the image that is read)
                       [level]                ^ pop
    push, pop -> [waiting] -> full
```
"""

from typing import Any

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.formats.camera import NUMBER_BITS
from spikeplane_gateware.network.fifo import StreamFifo
from spikeplane_gateware.ram import Ram

WAITING = 16  #: images that the FIFO holds at most


class ImageNumbers(wiring.Component):
    """A FIFO of WAITING numbers, the first of them in registers.

    Throughput: a number a cycle. Latency: 3 cycles from `push` to `first`; `full` counts a number a
    cycle longer than it is there.

    Attributes
    ----------
    push, number : In(1), In(NUMBER_BITS)
        An image begins to wait. Whoever pushes has seen that `full` is 0.
    pop : In(1)
        The first image's number is no longer needed.
    flush : In(1)
        Forget all numbers; `push` is 0 then.
    first : Out(NUMBER_BITS)
        The first image's number.
    full : Out(1)
        WAITING images wait.
    """

    def __init__(self) -> None:
        pulses = {name: In(1) for name in ("push", "pop", "flush")}
        super().__init__({**pulses, "number": In(NUMBER_BITS), "first": Out(NUMBER_BITS), "full": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.numbers = numbers = Ram(width=NUMBER_BITS, depth=WAITING)
        head: Any = ResetInserter(self.flush)(StreamFifo(NUMBER_BITS))
        m.submodules.head = head
        level, waiting = (Signal(range(WAITING + 1), name=name) for name in ("level", "waiting"))
        gone = Signal()
        free = Signal()
        m.d.comb += [
            free.eq(~head.i.valid | head.i.ready),
            numbers.write_en.eq(self.push),
            numbers.write_data.eq(self.number),
            numbers.read_en.eq(free & (level != 0)),
            head.i.payload.eq(numbers.read_data),
            head.o.ready.eq(self.pop),
            self.first.eq(head.o.payload),
            self.full.eq(waiting == WAITING),
        ]
        m.d.sync += [
            level.eq(level + self.push - numbers.read_en),
            waiting.eq(waiting + self.push - gone),
            gone.eq(self.pop),
            numbers.write_address.eq(numbers.write_address + self.push),
            numbers.read_address.eq(numbers.read_address + numbers.read_en),
        ]
        with m.If(free):
            m.d.sync += head.i.valid.eq(numbers.read_en)
        with m.If(self.flush):
            places = (numbers.write_address, numbers.read_address)
            m.d.sync += [signal.eq(0) for signal in (level, waiting, gone, head.i.valid, *places)]
        return m
