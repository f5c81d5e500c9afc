"""The block memories of a chip by its sizes, and how many block RAMs of each family they take.
Exact: a test holds it against builds.

The list is that of the gateware's `spikeplane_ram` and `spikeplane_dual_ram` instances: core/synapses: lookup.py,
narrow_lookup.py, shared_lookup.py, weights.py, accumulate.py; core/soma/sweep: population_word.py, narrow_population.py,
parameters.py, membranes.py; core/dynamic/memory.py; link/receiver.py and sender.py. Small tables that are read in the same cycle
(egress, schedule, counters) lie in LUTs.
"""

from spikeplane.config import ChipConfig, bits_for
from spikeplane.estimate.families import DUAL_BITS, FAMILIES
from spikeplane.formats.frame import SLOT_BYTES, SLOTS
from spikeplane.formats.narrow_tables import SHARED, population_size, shared_size
from spikeplane.formats.packet import SHIFT_BITS
from spikeplane.formats.shared_tables import entries_size, groups_size, shares_tables
from spikeplane.formats.structure import SHARED_LANES, SHORT_MEMORY, SWEEP_ITEMS
from spikeplane.formats.tables import Memory, core_tables
from spikeplane.formats.value_tables import option_widths


def core_memories(config: ChipConfig) -> list[tuple[str, int, int, int]]:
    """(name, number of them, words, bits) in one core."""
    tables, c = core_tables(config), config
    whole = tables.depth(Memory.POPULATION), tables.width(Memory.POPULATION)
    population = population_size(c) if c.narrow_tables else whole
    return [
        *_lookup(c),
        *([] if shares_tables(c) else [("population", 1, *population)]),
        ("parameter", 1, tables.depth(Memory.PARAMETER), tables.width(Memory.PARAMETER)),
        ("weight", c.lanes // SHARED_LANES, c.weight_depth, SHARED_LANES * c.weight_bits),
        _lanes("accumulator", c.lanes, c.acc_depth if c.fused else 2 << bits_for(c.acc_depth), c.acc_bits),
        *([] if c.fused else [_membranes(c)]),
        *([("dynamic", 2, c.dynamic_depth, c.lanes * c.dynamic_bits)] if c.dynamic_depth else []),
        *[
            (memory.name.lower(), 1, tables.depth(memory), tables.width(memory))
            for memory in option_widths(c)
        ],
    ]


def _lookup(config: ChipConfig) -> list[tuple[str, int, int, int]]:
    """Those of a spike's tables."""
    tables = core_tables(config)
    if shares_tables(config):
        return [("entries", 1, *entries_size(config)), ("parts", 1, *groups_size(config))]
    if config.narrow_tables:
        return [(memory.name.lower(), 1, *shared_size(config, memory)) for memory in SHARED]
    return [
        (memory.name.lower(), 1, tables.depth(memory), tables.width(memory))
        for memory in (Memory.PROJECTION, *SHARED)
    ]


def _queue(config: ChipConfig) -> int:
    """Bits of a word of the queue between sweep and egress (core/soma/egress.py): in LUTs, but on an
    iCE40, which has no LUT memory."""
    return config.lanes + config.group_bits + 2 * config.coord_bits + SHIFT_BITS + 1


def _lanes(name: str, lanes: int, words: int, bits: int) -> tuple[str, int, int, int]:
    """A memory that every lane has; two lanes share a short one (core/lanes.py)."""
    share = 2 if words <= SHORT_MEMORY else 1
    return name, lanes // share, words, share * bits


def _membranes(config: ChipConfig) -> tuple[str, int, int, int]:
    """Those of a sweep of a few lanes at a time lie in one memory that is as wide (core/soma/sweep/narrow_membranes.py)."""
    c = config
    if c.sweep_turns == 1:
        return _lanes("membrane", c.lanes, c.membrane_depth, c.membrane_bits)
    return "membrane", 1, c.membrane_depth * c.sweep_turns, c.swept_lanes * c.membrane_bits


def block_rams(config: ChipConfig, family: str) -> int:
    """Block RAMs of the whole chip with its link, without a camera. AMD's are of 36 kbit, or two of
    18 kbit."""
    dual = ("weight",) if config.spikes_per_cycle == 2 else ()
    core = sum(
        number * blocks(words, bits, family, dual=name in dual)
        for name, number, words, bits in core_memories(config)
    )
    if not FAMILIES[family].lut_memory:
        core += blocks(SWEEP_ITEMS, _queue(config), family)
    total = config.cores * core + 2 * blocks(SLOTS * SLOT_BYTES, 8, family)
    return -(-total // 2) if FAMILIES[family].halves else total


def blocks(words: int, bits: int, family: str, *, dual: bool = False) -> int:
    """Block RAMs of one memory: the shape that needs the fewest; none where it lies in LUTs. dual: with two ports that read, each of
    half the widest word."""
    facts = FAMILIES[family]
    if dual:
        return min(-(-words // deep) * -(-bits // wide) for deep, wide in facts.shapes if wide <= DUAL_BITS)
    if facts.small is not None and words <= facts.small[0] and bits <= facts.small[1]:
        return 0
    return min(-(-words // deep) * -(-bits // wide) for deep, wide in facts.shapes)
