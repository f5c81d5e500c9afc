"""What AMD's parts hold: the product tables of DS180 (Artix-7, Kintex-7) and DS891 (Zynq
UltraScale+), as data."""

import math
from dataclasses import dataclass

URAM_DEPTH, URAM_WIDTH = 4096, 72


@dataclass(frozen=True)
class Part:
    """LUTs, flip-flops, block RAMs of 36 kbit, UltraRAMs of 288 kbit, DSP slices."""

    name: str
    luts: int
    flipflops: int
    rams: int
    urams: int
    dsps: int


@dataclass(frozen=True)
class Needs:
    """What a design takes: `rams` in halves, for its state memory of `words` words of `width` bits
    alone where there are UltraRAMs."""

    luts: int
    flipflops: int
    rams: float
    dsps: int
    words: int
    width: int


def _parts(*rows: tuple[str, int, int, int, int]) -> tuple[Part, ...]:
    """In all of these families a part has two flip-flops for each LUT."""
    return tuple(Part(name, luts, 2 * luts, rams, urams, dsps) for name, luts, rams, urams, dsps in rows)


#: family: its parts, the smallest first.
FAMILIES = {
    "Artix-7": _parts(
        ("XC7A12T", 8_000, 20, 0, 40), ("XC7A15T", 10_400, 25, 0, 45), ("XC7A25T", 14_600, 45, 0, 80),
        ("XC7A35T", 20_800, 50, 0, 90), ("XC7A50T", 32_600, 75, 0, 120), ("XC7A75T", 47_200, 105, 0, 180),
        ("XC7A100T", 63_400, 135, 0, 240), ("XC7A200T", 134_600, 365, 0, 740),
    ),
    "Kintex-7": _parts(
        ("XC7K70T", 41_000, 135, 0, 240), ("XC7K160T", 101_400, 325, 0, 600), ("XC7K325T", 203_800, 445, 0, 840),
        ("XC7K355T", 222_600, 715, 0, 1_440), ("XC7K410T", 254_200, 795, 0, 1_540), ("XC7K420T", 260_600, 835, 0, 1_680),
        ("XC7K480T", 298_600, 955, 0, 1_920),
    ),
    "Zynq UltraScale+": _parts(
        ("ZU1", 37_440, 108, 0, 216), ("ZU2", 47_232, 150, 0, 240), ("ZU3", 70_560, 216, 0, 360), ("ZU4", 87_840, 128, 48, 728),
        ("ZU5", 117_120, 144, 64, 1_248), ("ZU6", 214_604, 714, 0, 1_973), ("ZU7", 230_400, 312, 96, 1_728),
        ("ZU9", 274_080, 912, 0, 2_520), ("ZU11", 298_560, 600, 80, 2_928), ("ZU15", 341_280, 744, 112, 3_528),
        ("ZU17", 423_403, 796, 102, 1_590), ("ZU19", 522_720, 984, 128, 1_968),
    ),
}  # fmt: skip


def holds(part: Part, needs: Needs) -> bool:
    """Whether the part has all of it. State that does not fit its block RAMs goes into UltraRAMs,
    72 bits of every word at a time."""
    logic = (needs.luts, needs.flipflops, needs.dsps)
    if any(need > there for need, there in zip(logic, (part.luts, part.flipflops, part.dsps), strict=True)):
        return False
    columns = part.urams // math.ceil(needs.words / URAM_DEPTH)  # of 72 bits, as deep as the memory
    left = max(0, needs.width - columns * URAM_WIDTH) / needs.width
    return math.ceil(2 * needs.rams * left) / 2 <= part.rams


def smallest(family: str, needs: Needs) -> str:
    """The name of the family's first part that holds it, or "none"."""
    return next((part.name for part in FAMILIES[family] if holds(part, needs)), "none")
