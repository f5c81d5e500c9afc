"""Boards that are simulated at their pins."""

from typing import TYPE_CHECKING

from spikeplane.config import ChipConfig

if TYPE_CHECKING:
    from spikeplane_sim.board.pins import PinBoard


def pin_board(config: ChipConfig, clock_hz: float | None = None) -> "PinBoard":
    """The board's top level of that chip, simulated at its pins; built if it is not in the cache."""
    from spikeplane_hw.top import top_verilog
    from spikeplane_sim.board.build import build_pins, cached_verilog
    from spikeplane_sim.board.pins import CLOCK_HZ, PinBoard

    clock_hz = clock_hz or CLOCK_HZ
    library = build_pins(top_verilog(config, clock_hz, cached_verilog(config).read_text()), config)
    return PinBoard(library, clock_hz=clock_hz, baud=min(3e6, clock_hz / 8), config=config)


def echo_board(clock_hz: float) -> "PinBoard":
    """The UART echo, which is the design of boards that hold no chip, simulated at its pins; built
    if it is not in the cache."""
    from spikeplane_gateware.verilog.convert import convert
    from spikeplane_hw.echo import EchoTop
    from spikeplane_hw.names import TOP_MODULE
    from spikeplane_sim.board.build import build_pins
    from spikeplane_sim.board.pins import PinBoard

    return PinBoard(
        build_pins(convert(EchoTop(clock_hz), TOP_MODULE)), clock_hz=clock_hz, baud=min(3e6, clock_hz / 8)
    )
