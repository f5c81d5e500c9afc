"""The top level of a board: the chip and the UART of its host link, with nothing but a clock, a
reset and two pins.

```
    rst -> power-up and button reset ----------+
    rx  -> Uart -> rx bytes -> spikeplane_chip |
    tx  <- Uart <- tx bytes <- spikeplane_chip +  (the same Verilog as `spikeplane generate` writes)
```
"""

from typing import Any

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Const, Instance, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from spikeplane.config import ChipConfig
from spikeplane_gateware.generate import verilog_text
from spikeplane_gateware.link.uart import SLOWEST, Uart
from spikeplane_gateware.manifest import CHIP_MODULE
from spikeplane_gateware.units.known import pins_of
from spikeplane_gateware.verilog.convert import convert
from spikeplane_hw.names import TOP_MODULE

_RESET_CYCLES = 8


class BoardTop(wiring.Component):
    """The top level of a board, which resets itself at power-up.

    Parameters: config: the chip; clock_hz: frequency of clk; slowest: the lowest rate that the line may
    have, in baud (a higher one saves logic), see Uart.

    Attributes: clk: the clock; rst: high resets, for any length and at any time; rx, tx: pins of the
    UART, idle high; the pins of the chip's units that boards have pins for, synchronous to clk.
    """

    def __init__(self, config: ChipConfig, clock_hz: float, *, slowest: float = SLOWEST) -> None:
        self.config, self.clock_hz, self.slowest = config, clock_hz, slowest
        units = {name: pin.member for name, pin in pins_of(config).items() if pin.edge}
        super().__init__({"clk": In(1), "rst": In(1), "rx": In(1, init=1), "tx": Out(1, init=1), **units})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._reset(m)
        m.submodules.uart = uart = Uart(self.clock_hz, slowest=self.slowest)
        m.d.comb += [uart.rx.eq(self.rx), self.tx.eq(uart.tx)]
        ports: dict[str, Any] = {
            "i_clk": ClockSignal(),
            "i_rst": ResetSignal(),
            "i_rx__payload": uart.o.payload,
            "i_rx__valid": uart.o.valid,
            "o_rx__ready": uart.o.ready,
            "o_tx__payload": uart.i.payload,
            "o_tx__valid": uart.i.valid,
            "i_tx__ready": uart.i.ready,
        }
        m.submodules.chip = Instance(CHIP_MODULE, **ports, **self._units(m))
        return m

    def _reset(self, m: Module) -> None:
        """A shift register that starts full: reset at power-up and as long as `rst`, and a few
        cycles more."""
        m.domains.sync = ClockDomain("sync")
        m.domains.power = ClockDomain("power", reset_less=True)
        hold = Signal(_RESET_CYCLES, init=-1)
        reset = Signal(init=1)
        m.d.comb += [
            ClockSignal("sync").eq(self.clk),
            ClockSignal("power").eq(self.clk),
            ResetSignal("sync").eq(reset),
        ]
        m.d.power += [hold.eq(Cat(self.rst, hold[:-1])), reset.eq(hold[1:].any())]

    def _units(self, m: Module) -> dict[str, Any]:
        """The chip's ports of its units. What has a pin goes through two registers: one near the pin,
        one on the way. What has none is 0 on its way in, and leads nowhere on its way out."""
        pins = pins_of(self.config)
        edge = {name: pin for name, pin in pins.items() if pin.edge}
        outward = {name: Signal(pin.width, name=name) for name, pin in pins.items() if pin.way == "out"}
        late: dict[str, Any] = {name: outward.get(name, getattr(self, name)) for name in edge}
        for _ in range(2):
            # a word is wide: what says that it is there has the reset
            stage = {name: Signal(pin.width, reset_less=pin.width > 1) for name, pin in edge.items()}
            m.d.sync += [stage[name].eq(before) for name, before in late.items()]
            late = stage
        m.d.comb += [getattr(self, name).eq(value) for name, value in late.items() if name in outward]
        inward = {name: late.get(name, Const(0, pin.width)) for name, pin in pins.items() if pin.way == "in"}
        return {
            **{f"i_{name}": value for name, value in inward.items()},
            **{f"o_{name}": value for name, value in outward.items()},
        }


def top_verilog(config: ChipConfig, clock_hz: float, chip: str | None = None) -> str:
    """The board as one Verilog file, top `spikeplane_top`. `chip`: the chip's Verilog, if it is at
    hand (a cache)."""
    return f"{chip or verilog_text(config)}\n{convert(BoardTop(config, clock_hz), TOP_MODULE)}"
