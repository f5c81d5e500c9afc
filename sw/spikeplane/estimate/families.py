"""What an estimate has to know of each family of FPGAs; how a family is built for is
`spikeplane_hw.families`."""

from dataclasses import dataclass

#: Words and bits that a block RAM of 18 kbit can be, with one read and one write port.
_OF_18_KBIT = ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family.

    shapes        (words, bits) that one block RAM can be
    multiplier    bits of a multiplier's inputs, the wider first
    small         (words, bits) of the largest memory that lies in LUTs although it asks for a block
                  RAM (`spikeplane_hw.families.gowin`); None: there is none
    lut_memory    LUTs can be memory: small tables take no block RAM
    halves        two of the block RAMs in `shapes` are one of those that are counted
    whole_mesh    routers at the edge of the mesh are counted like the others (the hierarchy is kept)
    """

    shapes: tuple[tuple[int, int], ...] = _OF_18_KBIT
    multiplier: tuple[int, int] = (18, 18)
    small: tuple[int, int] | None = None
    lut_memory: bool = True
    halves: bool = False
    whole_mesh: bool = False


FAMILIES: dict[str, Family] = {
    "ecp5": Family(),
    "ice40": Family(
        shapes=((256, 16), (512, 8), (1024, 4), (2048, 2)), multiplier=(16, 16), lut_memory=False
    ),
    "gowin": Family(small=(16, 10)),
    "xilinx": Family(multiplier=(25, 18), halves=True, whole_mesh=True),
}
