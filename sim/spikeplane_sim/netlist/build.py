"""Builds the simulated board around a netlist instead of the RTL: the harness, the pins and the
driver are the same.

Thousands of one-bit cells compile slowly; the simulation is short. So the compiler optimises little here.
"""

from collections.abc import Callable
from pathlib import Path

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError
from spikeplane_sim.board.build import APART, BOARD, VERILATOR, build_library, command, harness
from spikeplane_sim.netlist.mapping import Say, cached_netlist

CELLS = Path(__file__).with_name("cells.v")
_COMPILER = (
    "--output-split", "100000", "-CFLAGS", "-fPIC",
    "-MAKEFLAGS", "OPT_FAST=-O1", "-MAKEFLAGS", "OPT_SLOW=-O0", "-MAKEFLAGS", "OPT_GLOBAL=-O1",
)  # fmt: skip
#: The netlist is yosys's text, bit by bit; what it was made from is linted. A cell's parameters are
#: texts of any length, and its memory is written by two ports.
_WAIVERS = """`verilator_config
lint_off -file "*netlist.v"
lint_off -rule WIDTHEXPAND -file "*cells.v" -match "Operator EQ expects*"
lint_off -rule WIDTHEXPAND -file "*cells.v" -match "Operator NEQ expects*"
lint_off -rule MULTIDRIVEN -file "*cells.v" -match "*'DP16KD.words'*"
"""


def build_netlist(
    config: ChipConfig, *, change: Callable[[str], str] = lambda text: text, say: Say = lambda _: None
) -> Path:
    """The shared library of the simulated board whose chip is the synthesised netlist; for
    `SimulatedBoard(config, library=...)`.

    `change` is given the netlist's text and returns what is simulated (a fault, for instance).
    `say` is told of what takes long. Cached by contents; two who want the same one wait for each
    other. Raises SpikeplaneError for a chip with a unit (its pins are not the board's) and where
    the tools are missing or fail.
    """
    for unit in config.units:
        raise SpikeplaneError(
            f"a netlist is simulated without a {unit}; take the table [{unit}] out of the chip's configuration"
        )
    netlist = change(cached_netlist(config, say).read_text())
    sources = {
        "netlist.vlt": _WAIVERS.encode(),
        "netlist.v": netlist.encode(),
        "cells.v": CELLS.read_bytes(),
        **harness(BOARD, {}),
    }
    say("building the simulator (Verilator)")
    called = command(VERILATOR + _COMPILER, "spikeplane_board", sources, {})
    return build_library("netlist", sources, called, APART)
