"""How the words of a chip with `narrow_tables` lie in its memories. A projection's lies behind the entries of the coordinate
tables: three parts, one in each memory, at the same address, each a chunk and a third of what is behind the three chunks. A
population's lies in a memory that is a chunk wide: part after part.
"""

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.packet import CHUNK_BITS
from spikeplane.formats.structure import FUSED_WORDS, PARAMETERS, WORD
from spikeplane.formats.tables import Memory, core_tables, parameter_parts

#: The tables that a projection's parts lie behind, that of the lowest chunk first.
SHARED = (Memory.ROW, Memory.COLUMN, Memory.GROUP)


def part_bits(config: ChipConfig) -> int:
    """Bits of a projection in each of the memories."""
    behind = core_tables(config).projection.width - len(SHARED) * CHUNK_BITS
    return CHUNK_BITS + max(0, -(-behind // len(SHARED)))


def shared_size(config: ChipConfig, memory: Memory) -> tuple[int, int]:
    """Words and bits of the memory that holds one of SHARED: projections from the next power of two on."""
    tables = core_tables(config)
    words = (1 << bits_for(tables.depth(memory))) + config.projections
    return words, max(tables.width(memory), part_bits(config))


def population_parts(config: ChipConfig) -> int:
    """Parts of a population's word, the chunks that it is written in."""
    return core_tables(config).chunks(Memory.POPULATION)


def population_size(config: ChipConfig) -> tuple[int, int]:
    """Words and bits of the memory of populations: part k of slot s at s times a power of two, and k."""
    return config.populations << bits_for(population_parts(config)), CHUNK_BITS


def population_cycles(config: ChipConfig) -> int:
    """Cycles from a job to its population's word."""
    return population_parts(config) + 1 if config.narrow_tables else WORD


def parameter_cycles(config: ChipConfig) -> int:
    """Cycles of a group's parameter words in a sweep of all lanes; of halves one each, and two until the last is there; with fused
    words one each, of words or halves, because a walk meets them late."""
    if config.fused:
        return FUSED_WORDS * parameter_parts(config)
    if config.sweep_turns > 1 or parameter_parts(config) == 1:
        return PARAMETERS
    return parameter_parts(config) * (3 + config.leak_multiplier) + 2
