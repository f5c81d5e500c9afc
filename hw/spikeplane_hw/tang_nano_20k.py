"""The Sipeed Tang Nano 20K's pins, which amaranth-boards does not have, in its own form.

Checked against litex-boards (`sipeed_tang_nano_20k.py`) and Apicula's examples (`tangnano20k.cst`): the serial
link goes to the USB chip (BL616), the buttons S1 and S2 are 1 when pressed, the LEDs are lit by 0.
"""

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import GowinPlatform
from amaranth_boards.resources import ButtonResources, LEDResources, UARTResource

_IO = Attrs(IO_TYPE="LVCMOS33")


class TangNano20kPlatform(GowinPlatform):
    """Clock, buttons, LEDs and serial link."""

    part = "GW2AR-LV18QN88C8/I7"
    family = "GW2AR-18C"
    default_clk = "clk27"
    resources = (
        Resource("clk27", 0, Pins("4", dir="i"), Clock(27e6), _IO),
        *ButtonResources(pins="88 87", attrs=_IO),
        *LEDResources(pins="15 16 17 18 19 20", invert=True, attrs=_IO),
        UARTResource(0, rx="70", tx="69", attrs=Attrs(PULL_MODE="UP", IO_TYPE="LVCMOS33")),
    )
    connectors = ()
