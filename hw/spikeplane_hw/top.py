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
from spikeplane_gateware.camera.unit import camera_ports
from spikeplane_gateware.generate import CHIP_MODULE, verilog_text
from spikeplane_gateware.link.uart import SLOWEST, Uart
from spikeplane_gateware.verilog.convert import convert
from spikeplane_hw.names import TOP_MODULE

_RESET_CYCLES = 8


class BoardTop(wiring.Component):
    """Ports: clk, rst (high resets; any length, need not be synchronous), rx and tx (UART pins, idle high).

    The chip resets itself at power-up. `clock_hz` is the clock's frequency, `slowest` the
    lowest rate that the line may have (a higher one saves logic); see Uart. With a camera also
    camera_valid and camera_plane (P pixels): a word in every cycle in which valid is 1, synchronous
    to clk.
    """

    def __init__(self, config: ChipConfig, clock_hz: float, *, slowest: float = SLOWEST) -> None:
        self.config, self.clock_hz, self.slowest = config, clock_hz, slowest
        camera = {"camera_valid": In(1), "camera_plane": In(config.camera.pixels)} if config.camera else {}
        super().__init__({"clk": In(1), "rst": In(1), "rx": In(1, init=1), "tx": Out(1, init=1), **camera})

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
        m.submodules.chip = Instance(CHIP_MODULE, **ports, **self._camera(m))
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

    def _camera(self, m: Module) -> dict[str, Any]:
        """The camera's word goes through two registers: one near the pins, one on the way. Its
        images go to the host alone."""
        if self.config.camera is None:
            return {}
        first, second = ((Signal(), Signal(self.config.camera.pixels, reset_less=True)) for _ in range(2))
        (valid, plane), (valid_2, plane_2) = first, second
        m.d.sync += [
            valid.eq(self.camera_valid),
            plane.eq(self.camera_plane),
            valid_2.eq(valid),
            plane_2.eq(plane),
        ]
        images = {
            f"o_{name}": Signal(width, name=name)
            for name, (way, width) in camera_ports(self.config).items()
            if way == "out"
        }
        return {"i_camera_valid": valid_2, "i_camera_plane": plane_2, "i_image_open": Const(0), **images}


def top_verilog(config: ChipConfig, clock_hz: float, chip: str | None = None) -> str:
    """The board as one Verilog file, top `spikeplane_top`. `chip`: the chip's Verilog, if it is at
    hand (a cache)."""
    return f"{chip or verilog_text(config)}\n{convert(BoardTop(config, clock_hz), TOP_MODULE)}"
