"""What an estimate has to know of each family of FPGAs; how a family is built for is
`spikeplane_hw.families`."""

from dataclasses import dataclass

from spikeplane.config import ChipConfig
from spikeplane.errors import SpikeplaneError

#: Words and bits that a block RAM of 18 kbit can be, with one read and one write port.
_OF_18_KBIT = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))

DUAL_BITS = 18  #: of a word where both ports of such a block RAM read


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family.

    shapes        (words, bits) that one block RAM can be
    multiplier    bits of a multiplier's inputs, the wider first
    small         (words, bits) of the largest memory that lies in LUTs although it asks for a block
                  RAM (`spikeplane_hw.families.gowin`); None: there is none
    lut_memory    LUTs can be memory: small tables take no block RAM
    dual          block RAMs read two words in a cycle (of 18 bits at most), as two spikes a cycle need
    halves        two of the block RAMs in `shapes` are one of those that are counted
    whole_mesh    routers at the edge of the mesh are counted like the others (the hierarchy is kept)
    """

    shapes: tuple[tuple[int, int], ...] = _OF_18_KBIT
    multiplier: tuple[int, int] = (18, 18)
    small: tuple[int, int] | None = None
    lut_memory: bool = True
    dual: bool = True
    halves: bool = False
    whole_mesh: bool = False


FAMILIES: dict[str, Family] = {
    "ecp5": Family(),
    "ice40": Family(
        shapes=((256, 16), (512, 8), (1024, 4), (2048, 2)),
        multiplier=(16, 16),
        lut_memory=False,
        dual=False,
    ),
    "gowin": Family(small=(16, 10)),
    "xilinx": Family(multiplier=(25, 18), halves=True, whole_mesh=True),
}


def require_ports(config: ChipConfig, family: str) -> None:
    """Raises SpikeplaneError for a chip of two spikes a cycle on a family whose block RAMs read one word in a cycle."""
    if config.spikes_per_cycle > 1 and not FAMILIES[family].dual:
        raise SpikeplaneError(
            f"block RAMs of the family {family} read one word a cycle, and this chip takes two spikes a cycle; set "
            "spikes_per_cycle = 1, or take a board of another family"
        )
