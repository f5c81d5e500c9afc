"""How a chip with `fused` and `narrow_tables` keeps its tables in two memories: ROW and COLUMN in one, GROUP, PROJECTION and POPULATION
in the other, the last two in parts of a chunk.
"""

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.tables import AnyMemory, Memory, core_tables


def shares_tables(config: ChipConfig) -> bool:
    """Whether they do."""
    return config.fused and config.narrow_tables


def entries_size(config: ChipConfig) -> tuple[int, int]:
    """Words and bits of the memory of ROW and, from a power of two on, COLUMN."""
    return column_place(config) + config.column_depth, core_tables(config).coordinate.width


def column_place(config: ChipConfig) -> int:
    """Where COLUMN begins: behind ROW, and no nearer than it is long."""
    return 1 << max(bits_for(config.row_depth), bits_for(config.column_depth))


def part_bits(config: ChipConfig, memory: AnyMemory) -> int:
    """Of the number of a part of a word, which stands below the word's address."""
    return bits_for(core_tables(config).chunks(memory))


def parts_place(config: ChipConfig, memory: Memory) -> int:
    """Where the parts of PROJECTION, or of POPULATION behind them, begin: at a multiple of their number, a power of two."""
    behind = 1 << bits_for(config.group_depth)
    if memory == Memory.POPULATION:
        behind = parts_place(config, Memory.PROJECTION) + _span(config, Memory.PROJECTION)
    span = _span(config, memory)
    return -(-behind // span) * span


def groups_size(config: ChipConfig) -> tuple[int, int]:
    """Words and bits of the memory of GROUP, PROJECTION and POPULATION."""
    words = parts_place(config, Memory.POPULATION) + (
        config.populations << part_bits(config, Memory.POPULATION)
    )
    return words, max(core_tables(config).coordinate.width, CHUNK_BITS)


def _span(config: ChipConfig, memory: AnyMemory) -> int:
    """Addresses of its parts."""
    return 1 << part_bits(config, memory) + bits_for(core_tables(config).depth(memory))
