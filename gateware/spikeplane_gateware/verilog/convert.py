"""From one component to the Verilog that this project writes: its memories are `spikeplane_ram`."""

from typing import Any

from spikeplane_gateware.ram import Verilog
from spikeplane_gateware.verilog import write


def convert(component: Any, name: str) -> str:
    """Verilog of one Amaranth component, its memories being `spikeplane_ram` (see `ram_verilog`)."""
    return write.verilog_of(component, name, Verilog())
