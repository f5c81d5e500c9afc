"""Which of AMD's parts hold a design."""

import math
from dataclasses import dataclass

from spikeplane.estimate.devices import Device, series

URAM_DEPTH, URAM_WIDTH = 4096, 72


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


FAMILIES = ("Artix-7", "Kintex-7", "Zynq UltraScale+")


def holds(part: Device, needs: Needs) -> bool:
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
    return next((part.name for part in series(family) if holds(part, needs)), "none")
