"""How the projections of a chip with `narrow_tables` lie behind the entries of its coordinate tables: a word in three
parts, one in each memory, at the same address.
"""

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.tables import Memory, core_tables

#: The tables that a projection's parts lie behind, the lowest part first.
SHARED = (Memory.ROW, Memory.COLUMN, Memory.GROUP)


def part_bits(config: ChipConfig) -> int:
    """Bits of a projection in each of the memories."""
    return -(-core_tables(config).projection.width // len(SHARED))


def shared_size(config: ChipConfig, memory: Memory) -> tuple[int, int]:
    """Words and bits of the memory that holds one of SHARED: projections from the next power of two on."""
    tables = core_tables(config)
    words = (1 << bits_for(tables.depth(memory))) + config.projections
    return words, max(tables.width(memory), part_bits(config))
