"""The block memories of a chip by its sizes, and how many block RAMs of each family they take. Exact: a test holds it against synthesis.

The list is that of the gateware's `spikeplane_ram` instances (core/lookup.py, accumulate.py, sweep.py; link/receiver.py, sender.py).
Small tables that are read in the same cycle (egress, schedule, counters) lie in LUTs.
"""

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.frame import SLOT_BYTES, SLOTS
from spikeplane.formats.tables import Memory, core_tables

LANES = 4  #: lanes that share a slice of the weight memory (core/spread.py)

#: Per family: words and bits that one block RAM can be, with one read and one write port.
SHAPES: dict[str, tuple[tuple[int, int], ...]] = {
    "ecp5": ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36)),
    "ice40": ((256, 16), (512, 8), (1024, 4), (2048, 2)),
    "gowin": ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36)),
    "xilinx": ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36)),
}


def core_memories(config: ChipConfig) -> list[tuple[str, int, int, int]]:
    """(name, number of them, words, bits) in one core."""
    tables, c = core_tables(config), config
    plain = (Memory.PROJECTION, Memory.ROW, Memory.COLUMN, Memory.GROUP, Memory.POPULATION, Memory.PARAMETER)
    return [
        *[(memory.name.lower(), 1, tables.depth(memory), tables.width(memory)) for memory in plain],
        ("weight", c.lanes // LANES, c.weight_depth, LANES * c.weight_bits),
        ("accumulator", c.lanes, 2 << bits_for(c.acc_depth), c.acc_bits),
        ("membrane", c.lanes, c.membrane_depth, c.membrane_bits),
    ]


def block_rams(config: ChipConfig, family: str) -> int:
    """Block RAMs of the whole chip with its link, without a camera."""
    core = sum(number * blocks(words, bits, family) for _, number, words, bits in core_memories(config))
    link = 2 * blocks(SLOTS * SLOT_BYTES, 8, family)
    return config.cores * core + link


def blocks(words: int, bits: int, family: str) -> int:
    """Block RAMs of one memory: the shape that needs the fewest."""
    return min(-(-words // deep) * -(-bits // wide) for deep, wide in SHAPES[family])
