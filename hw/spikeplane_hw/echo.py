"""A board's UART alone, sending back what comes: the smallest design that shows that clock, pins
and cable are right.

```
    rx -> Uart -> up to 15 bytes -> Uart -> tx
```
It answers from the first flag (0x7E) after a pause, at whatever rate that came.
"""

from amaranth.hdl import Array, ClockDomain, ClockSignal, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane_gateware.link.uart import Uart


class EchoTop(wiring.Component):
    """The top level of a board that is nothing but a UART. Up to 15 bytes wait: the two ends' clocks
    differ a little.

    Parameters: clock_hz: frequency of clk.

    Attributes: clk: the clock; rst: high resets; rx, tx: pins of the UART, idle high.
    """

    def __init__(self, clock_hz: float) -> None:
        self.clock_hz = clock_hz
        super().__init__({"clk": In(1), "rst": In(1), "rx": In(1, init=1), "tx": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.domains.sync = ClockDomain("sync")
        m.submodules.uart = uart = Uart(self.clock_hz)
        m.d.comb += [
            ClockSignal().eq(self.clk),
            ResetSignal().eq(self.rst),
            uart.rx.eq(self.rx),
            self.tx.eq(uart.tx),
        ]
        waiting = Array(Signal(8, name=f"waiting_{i}") for i in range(16))
        first = Signal(4)
        last = Signal(4)
        m.d.comb += [uart.o.ready.eq(1), uart.i.valid.eq(first != last), uart.i.payload.eq(waiting[first])]
        with m.If(uart.o.valid):
            m.d.sync += [waiting[last].eq(uart.o.payload), last.eq(last + 1)]
        with m.If(uart.i.valid & uart.i.ready):
            m.d.sync += first.eq(first + 1)
        return m
