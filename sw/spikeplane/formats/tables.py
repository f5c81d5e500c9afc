"""The memories of a core: their words, and how the host addresses them (`Memory` ids of WRITE packets).

How a spike finds its weights: the packet's row, column and group each select one entry of a coordinate table,
`{count, acc, weight}`. The three `acc` offsets add up to the first accumulator word, the three
`weight` offsets (plus the bit's position in the mask) to the first weight word; the counts say how
many rows, columns and output groups to visit, the projection's steps how far each visit is from the
last. All offsets are premultiplied and wrap modulo the address width, so no address is ever
multiplied, and stride, padding, dilation and pooling of the source are just table contents.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from spikeplane.config import ChipConfig, bits_for
from spikeplane.formats.dynamic_tables import dynamic_egress, dynamic_population, dynamic_projection
from spikeplane.formats.layout import Layout
from spikeplane.formats.packet import CHUNK_BITS, SLOT_BITS, tag_bits
from spikeplane.formats.training_tables import (
    ENTRIES_BITS,
    TrainingMemory,
    training_depths,
    training_egress,
    training_population,
    training_projection,
    training_widths,
)
from spikeplane.formats.value_tables import OptionMemory, option_depths, option_population, option_widths

COUNT_BITS = 8
SCHEDULE_BITS = 6
PLANE_BITS = 5
LEAK_SHIFT_BITS = 4
LEVEL_BITS = 7  #: of an integer spike at most


class Memory(IntEnum):
    """Memory ids of a WRITE packet's seek word."""

    WEIGHT = 0  #: lanes x weight_bits per word
    PARAMETER = (
        1  #: lanes x lane_bits per word, in `parameter_parts`; per group: -theta, -amount, bias; leaks
    )
    PROJECTION = 2  #: by tag
    ROW = 3  #: coordinate table of source rows
    COLUMN = 4  #: ... of source columns
    GROUP = 5  #: ... of source groups
    POPULATION = 6  #: by slot
    EGRESS = 7  #: destinations and credits of the populations
    SCHEDULE = 8  #: slot * 4 + is_credit * 2 + parity


class Reset(IntEnum):
    """What a spike does to the membrane."""

    NONE = 0  #: u' = v
    HARD = 1  #: u' = 0 - amount where it fired: the amount is -v_reset
    SOFT = 2  #: u' = v - amount where it fired


class LeakRound(IntEnum):
    """How the leak's product becomes an integer."""

    DOWN = 0  #: floor
    UP = 1  #: ceiling
    ODD = 2  #: floor, with the lowest bit set if anything was cut


NO_MEMORY = (1 << LEAK_SHIFT_BITS) - 1  #: `leak_shift` of a population that keeps nothing


def leak_layout(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    """The fields of a POPULATION word that say how the membrane leaks."""
    if config.leak_multiplier:
        return (("leak_up", 1),)  # ceiling, else floor, of the lanes that do not round to odd
    # leak_keep: u / 2^k, else u - u / 2^k; k = NO_MEMORY: 0; leak_round: a LeakRound
    return (("leak_shift", LEAK_SHIFT_BITS), ("leak_keep", 1), ("leak_round", 2))


def lane_leak_layout(config: ChipConfig) -> Layout:
    """How a lane of a word of leaks keeps u * factor / 2^leak_bits, with multipliers."""
    return Layout("leak", (("factor", config.leak_bits + 1), ("odd", 1)))


def settings_layout(config: ChipConfig) -> Layout:
    """The fields of a POPULATION word that its neurons take: the leak, a Reset, and whether membranes
    below 0 become 0."""
    return Layout("settings", (*leak_layout(config), ("reset", 2), ("floor", 1), *_levels(config)))


def _levels(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    """Bits of the integer spikes that are sent, 0: none are; and whether the top level has the highest one alone."""
    return (("levels", LEVEL_BITS.bit_length()), ("capped", 1)) if config.levels else ()


def _leak_place(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    """Where a population's words of leaks are: one for all groups, or one after the other for each."""
    if not config.leak_multiplier:
        return ()
    return (("leak_base", bits_for(config.parameter_depth)), ("leak_each", 1))


def _low_place(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    """The lowest plane that is sent."""
    return (("plane_low", bits_for(config.membrane_bits)),) if config.low_planes else ()


def _step_index(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    """What a PROJECTION word says where weights may differ from step to step: whether its do, entry (group, step) of GROUP in
    the place of (group); and whether it is delayed, so that the `last` of its tokens is not its target's."""
    return (("stepped", 1), ("delayed", 1)) if config.step_bits else ()


def _parameter_step(config: ChipConfig) -> tuple[tuple[str, int], ...]:
    """From the parameter words of a step, leaks included, to those of the next; 0: they are alike in all."""
    return (("parameter_step", bits_for(config.parameter_depth)),) if config.step_bits else ()


def parameter_parts(config: ChipConfig) -> int:
    """Parts that a PARAMETER word lies in, one after the other: those of a narrow sweep; halves with `narrow_tables`, but on a chip
    with a dynamic memory, whose walks begin before all words have come."""
    halves = config.narrow_tables and not config.dynamic_depth
    return config.sweep_turns if config.sweep_turns > 1 else 1 + halves


AnyMemory = Memory | OptionMemory | TrainingMemory


@dataclass(frozen=True)
class CoreTables:
    """The word layouts of one chip's core memories."""

    config: ChipConfig
    coordinate: Layout
    projection: Layout
    population: Layout
    egress: Layout
    schedule: Layout

    @property
    def memories(self) -> tuple[AnyMemory, ...]:
        """All that a core of this chip has."""
        return (*Memory, *option_widths(self.config), *training_widths(self.config, SLOT_BITS))

    def width(self, memory: AnyMemory) -> int:
        """Bits of one word of `memory`."""
        lanes = self.config.lanes
        plain: dict[AnyMemory, int] = {
            Memory.WEIGHT: lanes * self.config.weight_bits,
            Memory.PARAMETER: (lanes // parameter_parts(self.config))
            * (self.config.weight_bits if self.config.training else self.config.lane_bits),
            Memory.ROW: self.coordinate.width,
            Memory.COLUMN: self.coordinate.width,
            Memory.GROUP: self.coordinate.width,
            Memory.PROJECTION: self.projection.width,
            Memory.POPULATION: self.population.width,
            Memory.EGRESS: self.egress.width,
            Memory.SCHEDULE: self.schedule.width,
            **option_widths(self.config),
            **training_widths(self.config, SLOT_BITS),
        }
        return plain[memory]

    def chunks(self, memory: AnyMemory) -> int:
        """Packets that a word of `memory` takes, CHUNK_BITS each."""
        return -(-self.width(memory) // CHUNK_BITS)

    @property
    def most_chunks(self) -> int:
        """Packets of the widest word."""
        return max(map(self.chunks, self.memories))

    def depth(self, memory: AnyMemory) -> int:
        """Words of `memory`."""
        c = self.config
        plain: dict[AnyMemory, int] = {
            Memory.WEIGHT: c.weight_depth,
            Memory.PARAMETER: c.parameter_depth * parameter_parts(c),
            Memory.PROJECTION: c.projections,
            Memory.ROW: c.row_depth,
            Memory.COLUMN: c.column_depth,
            Memory.GROUP: c.group_depth,
            Memory.POPULATION: c.populations,
            Memory.EGRESS: c.egress_depth,
            Memory.SCHEDULE: 4 * c.populations,
            **option_depths(c),
            **training_depths(c),
        }
        return plain[memory]


@cache
def core_tables(config: ChipConfig) -> CoreTables:
    """The word layouts of a chip's core memories."""
    acc, weight = bits_for(config.acc_depth), bits_for(config.weight_depth)
    membrane, coord = bits_for(config.membrane_depth), config.coord_bits
    x, y = bits_for(config.cols), bits_for(config.rows)
    coordinate = Layout("coordinate", (("count", COUNT_BITS), ("acc", acc), ("weight", weight)))
    projection = Layout(
        "projection",
        (
            ("valid", 1),
            # lane i of the source drives lane i of the target only: depthwise, pool, identity
            ("aligned", 1),
            ("slot", SLOT_BITS),  # the target population here
            ("pre", bits_for(config.max_shift + 1)),  # added to the shift of every packet
            ("row_base", bits_for(config.row_depth)),
            ("column_base", bits_for(config.column_depth)),
            ("group_base", bits_for(config.group_depth)),
            ("acc_row", acc),
            ("acc_column", acc),
            ("acc_group", acc),  # steps from one visit to the next
            ("weight_row", weight),
            ("weight_column", weight),
            ("weight_group", weight),
            *_step_index(config),
            *training_projection(config),
            *dynamic_projection(config),
        ),
    )
    population = Layout(
        "population",
        (
            ("valid", 1),
            ("group_last", config.group_bits),  # channel groups held here, less one
            ("group_base", config.group_bits),  # the first one's number in the whole population
            ("y_last", coord),
            ("x_last", coord),  # of the output
            # maximum over window x window accumulators; 0, 1, 0: none
            ("window_last", 4),
            ("stride", 4),
            ("padding", 4),
            ("input_height", coord + 1),
            ("input_width", coord + 1),  # of the accumulators, per group
            ("input_words", acc + 1),
            *((("words", membrane + 1),) if not config.fused else ()),  # membranes of a group
            # from the first accumulator back to the first element, which padding puts outside
            ("corner", acc),
            # From the last element of a window's row, of a window, of the windows of a row to the
            # next element:
            ("acc_down", acc),
            ("acc_right", acc),
            ("acc_across", acc),
            ("acc_base", acc),
            *((("membrane_base", membrane),) if not config.fused else ()),
            ("parameter_base", bits_for(config.parameter_depth)),  # per group: -theta, -amount, bias words
            ("stateless", 1),  # no membrane words: leak must be 0, nothing is written back
            *_parameter_step(config),
            *_leak_place(config),
            *settings_layout(config).fields,
            ("membrane_out", 1),  # send v as bit planes instead of the spikes
            (
                "plane_last",
                PLANE_BITS,
            ),  # the highest of these planes; v is limited to what they hold
            ("relu", 1),  # 0 and more, no plane counts negative; else two's complement
            *_low_place(config),
            # keep the accumulators until `last`, one bank a sample
            *((("hold", 1),) if not config.fused else ()),
            ("egress_first", bits_for(config.egress_depth)),
            ("egress_count", ENTRIES_BITS),
            ("credit_count", ENTRIES_BITS),  # behind them
            *dynamic_population(config),
            *option_population(config),
        ),
    )
    egress = Layout(
        "egress",
        (
            ("x0", x),
            ("y0", y),
            ("x1", x),
            ("y1", y),
            ("host", 1),
            ("tag", tag_bits(config)),  # a credit's tag is the slot at the source
            ("delay", 1),  # recurrent: parity inverted, nothing but a plain token after `last`
            *dynamic_egress(config),
        ),
    )
    schedule = Layout("schedule", (("left", SCHEDULE_BITS), ("expected", SCHEDULE_BITS), ("ready", 1)))
    if config.training:
        population, egress = training_population(config, SLOT_BITS), training_egress(config, tag_bits(config))
    return CoreTables(config, coordinate, projection, population, egress, schedule)
