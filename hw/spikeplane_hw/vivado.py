"""The Vivado project of a board: its outermost Verilog, its constraints (XDC), the batch script.
Nothing is run here.

```
    clk (or the pair clk_p, clk_n) -> IBUF (IBUFDS) -> BUFG, or MMCM -> BUFG -> spikeplane_top (UART, chip)
    rst (by the button's polarity), the MMCM's lock ------------------------> its reset
```
Sources: primitives of UG953 (7 series) and UG974 (UltraScale); an MMCM's oscillator of 600 to 1,200
MHz lies within every speed grade of DS181, DS182 and DS892; configuration voltages as in
amaranth-boards (Arty, Genesys 2) and UG570 with UG917 (KCU105).
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from spikeplane.errors import SpikeplaneError
from spikeplane_hw.names import BOARD_MODULE, TOP_MODULE

if TYPE_CHECKING:
    from spikeplane_hw.board import Board, Pin

COMMAND = ("vivado", "-mode", "batch", "-source", "build.tcl")
SCRIPT = "build.tcl"
#: Written beside the bitstream: the `build.json` that it was made from.
MADE_FROM = "board.bit.json"

#: The flip-flops that rx goes through first, kept close together: the UART's FFSynchronizer.
SYNCHRONISER = "*uart/synchroniser/stage*_reg*"

#: Voltage of the configuration bank, and what CFGBVS is tied to.
_CONFIGURATION = {"xc7": ("VCCO", "3.3"), "xcu": ("GND", "1.8")}
_VCO_MHZ = (600.0, 1200.0)


def run_line(folder: Path) -> str:
    """What a user types to have Vivado make the bitstream."""
    return f"cd {shlex.quote(str(folder))} && {' '.join(COMMAND)}"


def part(board: "Board") -> str:
    """The device as Vivado names it: xc7a100ticsg324-1L, xcku040-ffva1156-2-e."""
    dash = "-" if architecture(board) == "xcu" else ""
    return f"{board.device}{dash}{board.package}-{board.speed}"


def architecture(board: "Board") -> str:
    """yosys's name of the family: xc7 (7 series) or xcu (UltraScale)."""
    return "xcu" if board.device.startswith("xcku") else "xc7"


def dividers(oscillator: float, clock: float) -> tuple[int, float, float]:
    """An MMCM's (input divider D, multiplier M, output divider O): clock = oscillator / D * M / O,
    both in MHz.

    M and O go in steps of 1/8; the oscillator inside is as fast as it may be. Raises
    SpikeplaneError if nothing gives the clock.
    """
    found = []
    for divider in range(1, 11):
        for eighths in range(16, 513):
            vco = oscillator / divider * eighths / 8
            output = vco / clock
            within = _VCO_MHZ[0] <= vco <= _VCO_MHZ[1] and oscillator / divider >= 10 and 2 <= output <= 128
            if within and (output * 8).is_integer():
                found.append((divider, -vco, eighths / 8, output))
    if not found:
        raise SpikeplaneError(
            f"no MMCM makes {clock:g} MHz of {oscillator:g} MHz: choose a clock that divides 600 to 1,200 MHz"
        )
    divider, _, multiplier, output = min(found)
    return divider, multiplier, output


def board_verilog(board: "Board", pins: Mapping[str, "Pin"]) -> str:
    """The module whose ports are the board's pins: clk (or clk_p and clk_n), rx, tx and, with a
    button, rst."""
    button, pair = pins.get("rst"), bool(pins["clk"].partner)
    pressed = "1'b0" if button is None else "~rst" if button.inverted else "rst"
    ports = [*(["input clk_p", "input clk_n"] if pair else ["input clk"]), "input rx", "output tx"]
    lines = [
        f"module {BOARD_MODULE}({', '.join([*ports, *(['input rst'] if button else [])])});",
        "  wire pin_clk, design_clk;",
    ]
    lines.append(
        "  IBUFDS clk_pins (.I(clk_p), .IB(clk_n), .O(pin_clk));"
        if pair
        else "  IBUF clk_pin (.I(clk), .O(pin_clk));"
    )
    if board.clock == board.oscillator:
        lines.append("  BUFG clk_tree (.I(pin_clk), .O(design_clk));")
        reset = pressed
    else:
        lines += _mmcm(board)
        reset = f"{pressed} | ~locked"
    lines.append(f"  {TOP_MODULE} top (.clk(design_clk), .rst({reset}), .rx(rx), .tx(tx));")
    return "\n".join([*lines, "endmodule", ""])


def _mmcm(board: "Board") -> list[str]:
    divider, multiplier, output = dividers(board.oscillator, board.clock)
    name = "MMCME3_BASE" if architecture(board) == "xcu" else "MMCME2_BASE"
    return [
        "  wire made_clk, fed_back, locked;",
        (
            f"  {name} #(.CLKIN1_PERIOD({1000 / board.oscillator:.3f}), .DIVCLK_DIVIDE({divider}), "
            f".CLKFBOUT_MULT_F({multiplier:.3f}),"
        ),
        f"    .CLKOUT0_DIVIDE_F({output:.3f})) mmcm (",
        "    .CLKIN1(pin_clk), .CLKFBIN(fed_back), .CLKFBOUT(fed_back), .CLKOUT0(made_clk), .LOCKED(locked),",
        "    .PWRDWN(1'b0), .RST(1'b0));",
        "  BUFG clk_tree (.I(made_clk), .O(design_clk));",
    ]


def constraints(board: "Board", pins: Mapping[str, "Pin"]) -> str:
    """The XDC: places, I/O standards, the oscillator, and which pins no clock goes with."""
    lines = [f"# {board.title}, {part(board)}"]
    for name, pin in pins.items():
        ports = [(f"{name}_p", pin.place), (f"{name}_n", pin.partner)] if pin.partner else [(name, pin.place)]
        for port, place in ports:
            lines.append(f"set_property PACKAGE_PIN {place} [get_ports {port}]")
            lines += [f"set_property {key} {value} [get_ports {port}]" for key, value in pin.attributes]
    clock = "clk_p" if pins["clk"].partner else "clk"
    asynchronous = " ".join(name for name in ("rx", "rst") if name in pins)
    tied, volts = _CONFIGURATION[architecture(board)]
    lines += [
        f"create_clock -name oscillator -period {1000 / board.oscillator:.3f} [get_ports {clock}]",
        f"set_false_path -from [get_ports {{{asynchronous}}}]",
        "set_false_path -to [get_ports tx]",
        (
            f"set_property -quiet ASYNC_REG TRUE [get_cells -quiet -hierarchical -filter {{NAME =~ "
            f"{SYNCHRONISER}}}]"
        ),
        f"set_property CFGBVS {tied} [current_design]",
        f"set_property CONFIG_VOLTAGE {volts} [current_design]",
        "set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]",
    ]
    return "\n".join([*lines, ""])


def script(board: "Board", source: str, places: str, record: str, bitstream: str) -> str:
    """The batch script `build.tcl`: from the Verilog `source` and the XDC `places` to `bitstream`,
    in the folder it lies in.

    It makes the project `vivado/spikeplane.xpr`, which Vivado's window opens too, and ends with
    status 1 and a line that begins with ERROR if the clock is not met. `record` (build.json) is
    copied to MADE_FROM once the bitstream is written.
    """
    return f"""\
# {" ".join(COMMAND)}
cd [file dirname [file normalize [info script]]]
file delete -force {bitstream} {MADE_FROM}
set record [open {record}]; set made_from [read $record]; close $record

create_project -force -part {part(board)} spikeplane vivado
add_files -norecurse {source}
add_files -fileset constrs_1 -norecurse {places}
set_property top {BOARD_MODULE} [current_fileset]

synth_design -top {BOARD_MODULE} -part {part(board)}
opt_design
place_design
phys_opt_design
route_design
report_utilization -file utilization.txt
report_utilization -hierarchical -file utilization-hierarchy.txt
report_timing_summary -file timing.txt
report_drc -file drc.txt
write_checkpoint -force routed.dcp

set setup [get_property SLACK [get_timing_paths -setup]]
set hold [get_property SLACK [get_timing_paths -hold]]
if {{$setup eq "" || $hold eq ""}} {{
  puts "ERROR: no timed path was found: see timing.txt"
  exit 1
}}
if {{$setup < 0 || $hold < 0}} {{
  puts "ERROR: timing not met at {board.clock:g} MHz: setup slack $setup ns, hold slack $hold ns; see timing.txt"
  exit 1
}}
write_bitstream -force {bitstream}
set record [open {MADE_FROM} w]; puts -nonewline $record $made_from; close $record
puts "{bitstream} is written: setup slack $setup ns at {board.clock:g} MHz"
"""
