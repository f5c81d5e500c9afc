"""What a board is: its device, pins, clocks, link, and the chips that suit it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError, number
from spikeplane.estimate.devices import device
from spikeplane_hw.families import FAMILIES, Family


@dataclass(frozen=True)
class Pin:
    """One pin: its place on the package, whether it is low when active, its attributes (I/O
    standard, pull). `partner`: the place of the negative one of a differential pair. `unit`: what a pin
    of a unit is to the design: "in", "out", or "clock": the design's clock, out."""

    place: str
    inverted: bool = False
    attributes: tuple[tuple[str, str], ...] = ()
    partner: str = ""
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Board:
    """One board.

    name, title        on the command line; in full
    family             a name of `families.FAMILIES`: which tools build for it
    device, package    as the tools name them, the device in `spikeplane.estimate.devices`; `speed`
                       the grade, where the family has them
    platform           module and class of amaranth-boards that hold its pins, or in its form of this package
    button             the resource of its reset button; None: no button of amaranth-boards is used
    reset              (place, I/O attributes) of a reset button that is 1 when pressed, where
                       amaranth-boards names none
    clock_attributes   I/O attributes of the clock pin that amaranth-boards does not name
    oscillator, clock  MHz: of the clock pin; of the design (by a PLL, or the same)
    link               (rx, tx, I/O attributes) where amaranth-boards names no UART; None: its resource `uart`
    baud               the fastest line that link and clock allow
    chip               the chip that suits the board; None: it holds none, and its design is the UART echo
    larger             a larger chip that fits but takes the tools long: its preset's name, the
                       chip, its clock in MHz
    learning           a chip that learns that suits the board, and its clock in MHz
    units              chips with units that suit the board: each preset's name, the chip, its clock in
                       MHz; `unit_pins` the connector of amaranth-boards and the I/O attributes of the
                       pins that units are connected to: see `unit_places`
    note               what fits, and what limits the board
    loader             the board's name for openFPGALoader; "dfu" for dfu-util
    usb                vendor, product and interface of the USB chip that makes its serial port (interface
                       None: any of it); None where the link is on a cable of its own
    """

    name: str
    title: str
    family: str
    device: str
    package: str
    speed: str = ""
    platform: tuple[str, str]
    button: str | None = None
    reset: tuple[str, tuple[tuple[str, str], ...]] | None = None
    clock_attributes: tuple[tuple[str, str], ...] = ()
    oscillator: float
    clock: float
    link: tuple[str, str, tuple[tuple[str, str], ...]] | None = None
    baud: int = 3_000_000
    chip: ChipConfig | None
    larger: tuple[str, ChipConfig, float] | None = None
    learning: tuple[ChipConfig, float] | None = None
    units: tuple[tuple[str, ChipConfig, float], ...] = ()
    unit_pins: tuple[str, tuple[tuple[str, str], ...]] | None = None
    note: str
    loader: str
    usb: tuple[int, int, int | None] | None = None

    @property
    def presets(self) -> dict[str, tuple[ChipConfig | None, float]]:
        """What the board can be built as by name: chip and clock. The first is what it is built as
        unless something else is asked for."""
        network = {} if self.chip is None else {"network": (self.chip, self.clock)}
        larger = {} if self.larger is None else {self.larger[0]: self.larger[1:]}
        learning = {} if self.learning is None else {"learning": self.learning}
        units = {name: (chip, clock) for name, chip, clock in self.units}
        return {**network, **larger, **learning, **units, "echo": (None, self.clock)}

    def clock_of(self, chip: ChipConfig) -> float:
        """MHz of any chip's design here: that of the board's own chip that learns, if this one does, or with
        the same units, if it has one."""
        if chip.training is not None and self.learning is not None:
            return self.learning[1]
        same = (clock for _, own, clock in self.units if own.units.keys() == chip.units.keys())
        return next(same, self.clock)

    @property
    def flow(self) -> Family:
        """How its family is built for."""
        return FAMILIES[self.family]

    def at(self, clock: float) -> "Board":
        """The same board with its design at another clock, MHz. Raises SpikeplaneError if it has no
        PLL that gives it."""
        if not 1 <= clock <= 1000:
            raise SpikeplaneError(f"--clock must be from 1 to 1000 MHz, not {number(clock)}")
        changed = replace(self, clock=clock)
        self.flow.check_clock(changed)
        return changed

    @property
    def tools(self) -> tuple[str, ...]:
        """The commands that build for it and flash it, in the order of use."""
        return (*self.flow.tools, "dfu-util" if self.loader == "dfu" else "openfpgaloader-cli")

    @property
    def resources(self) -> Mapping[str, int]:
        """What the device has, by the titles of a build's report: LUT, FF, block RAM (of the
        family's size), DSP."""
        return device(self.device).resources

    @property
    def memory(self) -> str:
        """The device's block memory, in words."""
        return device(self.device).memory
