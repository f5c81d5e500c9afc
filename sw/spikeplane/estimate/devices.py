"""What FPGAs hold, the one table of it: AMD's by their product tables DS180 (Artix-7, Kintex-7),
DS890 (Kintex UltraScale) and DS891 (Zynq UltraScale+), the others as nextpnr counts them."""

from collections.abc import Iterable
from dataclasses import dataclass

#: The resources of a device, as the reports of builds name them.
TITLES = ("LUT", "FF", "block RAM", "DSP")


@dataclass(frozen=True)
class Device:
    """One device.

    name             as the tools name it, or its part number without package and grade
    series           the maker's name of the product line
    luts, flipflops  a logic cell of an iCE40 is one of each
    rams, ram_kbit   block RAMs and the size of one
    dsps             multipliers: MULT18X18, SB_MAC16, DSP48
    urams            UltraRAMs of 288 kbit
    more             further memory, in words
    """

    name: str
    series: str
    luts: int
    flipflops: int
    rams: int
    ram_kbit: int
    dsps: int
    urams: int = 0
    more: str = ""

    @property
    def memory(self) -> str:
        """The block memory in words: `26 x 18 kbit`."""
        return f"{self.rams} x {self.ram_kbit} kbit{self.more}"

    @property
    def resources(self) -> dict[str, int]:
        """By TITLES."""
        return dict(zip(TITLES, (self.luts, self.flipflops, self.rams, self.dsps), strict=True))


def _amd(series: str, *rows: tuple[str, int, int, int, int]) -> Iterable[Device]:
    """From LUTs, block RAMs of 36 kbit, UltraRAMs, DSP slices: all of these lines have two flip-flops
    for each LUT."""
    return (
        Device(name, series, luts, 2 * luts, rams, 36, dsps, urams) for name, luts, rams, urams, dsps in rows
    )


#: Within a series the smallest first.
_ALL = (
    Device("LFE5U-85F", "ECP5", 83_640, 83_640, 208, 18, 156),
    Device("up5k", "iCE40 UltraPlus", 5_280, 5_280, 30, 4, 8, more=", 4 x 256 kbit"),
    Device("GW1NR-LV9QN88PC6/I5", "LittleBee", 8_640, 6_480, 26, 18, 20),
    Device("GW2AR-LV18QN88C8/I7", "Arora", 20_736, 15_552, 46, 18, 48),
    *_amd(
        "Artix-7",
        ("XC7A12T", 8_000, 20, 0, 40), ("XC7A15T", 10_400, 25, 0, 45), ("XC7A25T", 14_600, 45, 0, 80),
        ("XC7A35T", 20_800, 50, 0, 90), ("XC7A50T", 32_600, 75, 0, 120), ("XC7A75T", 47_200, 105, 0, 180),
        ("XC7A100T", 63_400, 135, 0, 240), ("XC7A200T", 134_600, 365, 0, 740),
    ),
    *_amd(
        "Kintex-7",
        ("XC7K70T", 41_000, 135, 0, 240), ("XC7K160T", 101_400, 325, 0, 600),
        ("XC7K325T", 203_800, 445, 0, 840), ("XC7K355T", 222_600, 715, 0, 1_440),
        ("XC7K410T", 254_200, 795, 0, 1_540), ("XC7K420T", 260_600, 835, 0, 1_680),
        ("XC7K480T", 298_600, 955, 0, 1_920),
    ),
    *_amd("Kintex UltraScale", ("XCKU040", 242_400, 600, 0, 1_920)),
    *_amd(
        "Zynq UltraScale+",
        ("ZU1", 37_440, 108, 0, 216), ("ZU2", 47_232, 150, 0, 240), ("ZU3", 70_560, 216, 0, 360),
        ("ZU4", 87_840, 128, 48, 728), ("ZU5", 117_120, 144, 64, 1_248), ("ZU6", 214_604, 714, 0, 1_973),
        ("ZU7", 230_400, 312, 96, 1_728), ("ZU9", 274_080, 912, 0, 2_520), ("ZU11", 298_560, 600, 80, 2_928),
        ("ZU15", 341_280, 744, 112, 3_528), ("ZU17", 423_403, 796, 102, 1_590),
        ("ZU19", 522_720, 984, 128, 1_968),
    ),
)  # fmt: skip

DEVICES: dict[str, Device] = {device.name: device for device in _ALL}


def device(name: str) -> Device:
    """The device of that name; Vivado's names are in small letters and may end in the `i` of a grade:
    xc7a100ti. Raises KeyError for others."""
    return DEVICES[name] if name in DEVICES else DEVICES[name.upper().removesuffix("I")]


def series(name: str) -> tuple[Device, ...]:
    """The devices of a product line, the smallest first."""
    return tuple(device for device in _ALL if device.series == name)
