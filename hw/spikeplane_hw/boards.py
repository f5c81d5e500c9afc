"""The boards by name: device, clock, pins, link, the chip that suits each, and the tools that build
and flash it.

Pins and oscillators are those of amaranth-boards (the Tang Nano 20K's, which it does not have, of
`tang_nano_20k`); where it names no UART for a board, `link` says which pins are used instead. Checked against
the makers' files, rx being the FPGA's input: Digilent's master XDC (Arty A7-100: uart_txd_in A9, uart_rxd_out
D10; Genesys 2: uart_tx_in Y20, uart_rx_out Y23), AMD's board files 1.7 of the KCU105 (USB_UART_RX G25,
USB_UART_TX K26, CPU_RESET AN8, the 125 MHz pair with its termination inside) and litex-boards (KCU105: the
same, the button 1 when pressed; OrangeCrab r0.2: serial rx on the header's pin 0, N17, tx on pin 1, M18).
"""

import difflib
import importlib
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spikeplane.camera.config import camera_preset
from spikeplane.config import ChipConfig, preset
from spikeplane.errors import SpikeplaneError
from spikeplane.training import TrainingConfig
from spikeplane_hw.board import Board, Pin

if TYPE_CHECKING:
    from spikeplane_gateware.units.unit import Unit

#: A core of 16 lanes, by itself: what one ECP5 holds with room to spare.
ONE_CORE = replace(preset("small"), rows=1, cols=1)

#: Four cores of 16 lanes with memories so short that an ECP5 85F's block RAMs suffice: 65,536
#: weights, 16,384 neurons.
FOUR_CORES = replace(preset("small"), weight_depth=1024, acc_depth=256, membrane_depth=512)

#: A core of 8 lanes that leaves nextpnr room on a GW1NR-9C: 4,096 weights of 4 bits, 128 neurons,
#: as 64 inputs -> 32 -> 10 need.
NANO = ChipConfig(
    rows=1, cols=1, lanes=8, weight_bits=4, acc_bits=12, membrane_bits=8, weight_depth=512, acc_depth=16, membrane_depth=16,
    parameter_depth=32, populations=2, projections=4, row_depth=4, column_depth=4, group_depth=16, egress_depth=4, coord_bits=1,
    group_bits=3, max_shift=0, leak_multiplier=False,
)  # fmt: skip

#: A 400x250 spike camera's pipeline and a core of 8 lanes beside it: what is left of an ECP5 85F's block RAM.
VIDAR = ChipConfig(
    rows=1, cols=1, lanes=8, weight_depth=1024, acc_depth=256, membrane_depth=512, parameter_depth=64, populations=4, projections=8,
    row_depth=64, column_depth=64, group_depth=64, egress_depth=16, grabber_depth=512, camera=camera_preset("vidar"),
)  # fmt: skip

#: A core that learns 784-64-10 with its biases, in sums of 36 bits: 53,248 weights and a gradient each, most of an ECP5
#: 85F's block RAM.
LEARNING = ChipConfig(
    rows=1, cols=1, lanes=8, weight_bits=16, weight_depth=6656, acc_depth=64, parameter_depth=64, populations=4, projections=8,
    row_depth=16, column_depth=16, group_depth=256, egress_depth=16, coord_bits=4, group_bits=7,
    training=TrainingConfig(exact_bits=36, tape_depth=256, partial_depth=128),
)  # fmt: skip

_ALL = (
    Board(
        name="ulx3s-85f", title="Radiona ULX3S 85F", family="ecp5", device="LFE5U-85F", package="CABGA381", speed="6",
        platform=("amaranth_boards.ulx3s", "ULX3S_85F_Platform"), button="button_fire",
        oscillator=25, clock=80, chip=ONE_CORE, loader="ulx3s", larger=("four-cores", FOUR_CORES, 60),
        usb=(0x0403, 0x6015, None),
        note="one core of 16 lanes, four with shorter memories, one that learns, or a 400x250 spike camera on its headers",
        learning=(LEARNING, 60), units=(("camera", VIDAR, 50),), unit_pins=("gpio", (("IO_TYPE", "LVCMOS33"),)),
    ),
    Board(
        name="orangecrab-85f", title="OrangeCrab r0.2 85F", family="ecp5", device="LFE5U-85F", package="CSFBGA285", speed="8",
        platform=("amaranth_boards.orangecrab_r0_2", "OrangeCrabR0_2_85FPlatform"),
        oscillator=48, clock=48, link=("N17", "M18", (("IO_TYPE", "LVCMOS33"),)), chip=ONE_CORE, loader="dfu",
        note="one core of 16 lanes; the link is on the header's pins 0 (rx) and 1 (tx): its own USB socket is no serial port",
    ),
    Board(
        name="icebreaker", title="1BitSquared iCEBreaker", family="ice40", device="up5k", package="sg48",
        platform=("amaranth_boards.icebreaker", "ICEBreakerPlatform"), button="button",
        oscillator=12, clock=12, baud=1_000_000, chip=None, loader="ice40_generic",
        usb=(0x0403, 0x6010, 1),
        note="the UART echo only: the smallest core takes 8,401 of 5,280 logic cells and 52 of 30 block RAMs",
    ),
    Board(
        name="tang-nano-9k", title="Sipeed Tang Nano 9K", family="gowin", device="GW1NR-LV9QN88PC6/I5", package="GW1N-9C",
        platform=("amaranth_boards.tang_nano_9k", "TangNano9kPlatform"), button="button",
        oscillator=27, clock=27, chip=NANO, loader="tangnano9k",
        usb=(0x0403, 0x6010, 1),
        note="one core of 8 lanes with 4-bit weights, 128 neurons, leaks by shift",
    ),
    Board(
        name="tang-nano-20k", title="Sipeed Tang Nano 20K", family="gowin", device="GW2AR-LV18QN88C8/I7", package="GW2A-18C",
        platform=("spikeplane_hw.tang_nano_20k", "TangNano20kPlatform"), button="button",
        oscillator=27, clock=27, chip=preset("tiny"), loader="tangnano20k",
        usb=(0x0403, 0x6010, 1),
        note="one core of 8 lanes, the preset tiny",
    ),
    Board(
        name="arty-a7-100", title="Digilent Arty A7-100", family="xilinx", device="xc7a100ti", package="csg324", speed="1L",
        platform=("amaranth_boards.arty_a7", "ArtyA7_100Platform"), button="rst",
        oscillator=100, clock=100, chip=replace(preset("small"), rows=1), loader="arty_a7_100t",
        usb=(0x0403, 0x6010, 1),
        note="needs Vivado; two cores of 16 lanes",
    ),
    Board(
        name="genesys2", title="Digilent Genesys 2", family="xilinx", device="xc7k325t", package="ffg900", speed="2",
        platform=("amaranth_boards.genesys2", "Genesys2Platform"), button="rst",
        oscillator=200, clock=100, chip=replace(preset("medium"), rows=2, cols=3), loader="genesys2",
        usb=(0x0403, 0x6001, None),
        note="needs Vivado; six cores of 16 lanes",
    ),
    Board(
        name="kcu105", title="AMD KCU105", family="xilinx", device="xcku040", package="ffva1156", speed="2-e",
        platform=("amaranth_boards.kcu105", "KCU105Platform"),
        oscillator=125, clock=125, link=("G25", "K26", (("IOSTANDARD", "LVCMOS18"),)), loader="kcu105",
        reset=("AN8", (("IOSTANDARD", "LVCMOS18"),)), clock_attributes=(("DIFF_TERM_ADV", "TERM_100"),),
        chip=replace(preset("medium"), rows=2),
        usb=(0x10C4, 0xEA70, None),
        note="needs Vivado; eight cores of 16 lanes",
    ),
)  # fmt: skip

BOARDS: dict[str, Board] = {board.name: board for board in _ALL}


def board(name: str) -> Board:
    """The board of that name. Raises SpikeplaneError that suggests the nearest, and for what is no name."""
    if not isinstance(name, str):
        raise SpikeplaneError(
            f"a board is given by its name, {', '.join(BOARDS)}, not as {type(name).__name__}"
        )
    if name in BOARDS:
        return BOARDS[name]
    close = difflib.get_close_matches(name.lower(), BOARDS, n=1, cutoff=0.4)
    advice = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(BOARDS)}"
    raise SpikeplaneError(f"unknown board '{name}'; {advice}")


def pins(board: Board, config: ChipConfig | None = None) -> dict[str, Pin]:
    """The pins of the design: clk, rx, tx and, where the board has a button for it, rst; with
    units those of `unit_places`.

    A clock on a pair of pins has a partner. Raises SpikeplaneError if amaranth-boards is not
    installed, or the board has no pins for the chip's units.
    """
    try:
        module, name = board.platform
        platform: Any = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        raise SpikeplaneError(
            "boards need amaranth-boards, not found: pip install 'spikeplane[boards]'"
        ) from None
    found = {"clk": _pin(_resource(platform, platform.default_clk).ios)}
    if board.link is not None:
        rx, tx, attributes = board.link
        found |= {"rx": Pin(rx, attributes=attributes), "tx": Pin(tx, attributes=attributes)}
    else:
        resource = _resource(platform, "uart")
        common = resource.ios[0].attrs if not resource.attrs else resource.attrs
        found |= {part.name: _pin(part.ios, common) for part in resource.ios if part.name in ("rx", "tx")}
    if board.reset is not None:
        found["rst"] = Pin(board.reset[0], attributes=board.reset[1])
    elif board.button is not None:
        found["rst"] = _pin(_resource(platform, board.button).ios, _resource(platform, board.button).attrs)
    common = _attributes(_resource(platform, platform.default_clk).attrs)
    found["clk"] = replace(found["clk"], attributes=(*common, *board.clock_attributes))
    if config is not None and config.units:
        found |= unit_places(board, platform, config)
    return found


def unit_places(board: Board, platform: Any, config: ChipConfig) -> dict[str, Pin]:
    """The pins of the chip's units, one unit behind the other along the board's connector: for a unit
    with inputs NAME_clk (the design's clock, to whatever drives them at its rising edge), then each
    pin, bit by bit: camera_clk, camera_valid, camera_plane[0] and so on. Raises SpikeplaneError if
    there are too few."""
    from spikeplane_gateware.units.known import units_of  # not for a list of boards: Amaranth takes its time

    found: dict[str, Pin] = {}
    for unit in units_of(config):
        wanted = _unit_pins(unit, config)
        if wanted and board.unit_pins is None:
            able = ", ".join(one.name for one in BOARDS.values() if one.unit_pins)
            raise SpikeplaneError(f"{board.title} has no pins for a {unit.name}; boards that have: {able}")
        if wanted and board.unit_pins is not None:
            connector, attributes = board.unit_pins
            places = next(one.mapping for one in platform.connectors if one.name == connector)
            left = list(places.values())[len(found) :]
            if len(wanted) > len(left):
                raise SpikeplaneError(
                    f"{board.title} has {len(left)} pins for a {unit.name}, "
                    f"{unit.too_few(config, len(wanted))}"
                )
            for (name, way), place in zip(wanted.items(), left, strict=False):
                found[name] = Pin(place, attributes=attributes, unit=way)
    return found


def _unit_pins(unit: "Unit", config: ChipConfig) -> dict[str, str]:
    """By name what each pin is: "in", "out" or "clock"."""
    edge = {name: pin for name, pin in unit.pins(config).items() if pin.edge}
    clock = {f"{unit.name}_clk": "clock"} if any(pin.way == "in" for pin in edge.values()) else {}
    bits = {
        bit: pin.way
        for name, pin in edge.items()
        for bit in ([name] if pin.width == 1 else [f"{name}[{i}]" for i in range(pin.width)])
    }
    return clock | bits


def _resource(platform: Any, name: str) -> Any:
    return next(one for one in platform.resources if one.name == name and one.number == 0)


def _pin(ios: Iterable[Any], attributes: Any = None) -> Pin:
    first = next(iter(ios))
    pair = hasattr(first, "p")
    names = first.p if pair else first
    partner = first.n.names[0] if pair else ""
    return Pin(names.names[0], bool(getattr(names, "invert", False)), _attributes(attributes or {}), partner)


def _attributes(attributes: Any) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in attributes.items() if isinstance(value, str))
